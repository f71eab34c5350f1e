#include "tegula/app/run_files.h"

#include "tegula/app/run_qupath.h"
#include "tegula/app/run_region.h"

namespace tegula::app {

std::string FileOf(const PredictJob& job, std::size_t number, const outputs::OutputFormat& format) {
  const std::string stem =
      job.outputs.size() == 1 ? "prediction" : job.package.description().outputs[job.outputs[number]].id;
  return stem + std::string(format.suffix);
}

std::vector<std::string> FilesOf(const PredictJob& job) {
  outputs::RunRecord record;
  DescribeFiles(job, record);
  std::vector<std::string> names = {outputs::kRunRecordName};
  for (const auto& output : record.outputs) names.push_back(output.path);
  return names;
}

std::vector<std::string> FilesOfAnyRun(const PredictJob& job, const Path& folder) {
  std::vector<std::string> names = {kQuPathFolder, outputs::kRunRecordName, kReportFile, kStatisticsFile};
  for (const ObjectFileRow& row : ObjectFiles()) names.emplace_back(row.name);
  // Somebody may have corrected it, and asks for what it says.
  if (!job.region.Reads(folder / kTissueFile)) names.emplace_back(kTissueFile);
  for (const outputs::OutputFormat& format : outputs::OutputFormats()) {
    names.push_back("prediction" + std::string(format.suffix));
    for (const spec::TensorDescription& output : job.package.description().outputs)
      names.push_back(output.id + std::string(format.suffix));
  }
  return names;
}

void DescribeFiles(const PredictJob& job, outputs::RunRecord& record) {
  for (std::size_t number = 0; number < job.outputs.size(); ++number)
    for (const outputs::ChosenFormat& chosen : job.formats)
      record.outputs.push_back({"prediction", FileOf(job, number, *chosen.format), std::string(chosen.format->name),
                                outputs::NameOf(chosen)});
  if (!job.labels.empty())
    for (const ObjectFile file : FilesOf(job.request.objects))
      record.outputs.push_back({"objects", NameOf(file), FormatOf(file), ""});
  if (job.request.qupath) record.outputs.push_back({"objects for QuPath", kQuPathFolder, "folder", ""});
  if (job.request.save_statistics) record.outputs.push_back({"statistics", kStatisticsFile, "json", ""});
  if (job.region.wants_tissue()) record.outputs.push_back({"tissue", kTissueFile, "geojson", ""});
  record.outputs.push_back({"report", kReportFile, "html", ""});
}

}  // namespace tegula::app
