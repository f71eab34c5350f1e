// app/run_files.h — what the files of a run are called.
#pragma once

#include <string>
#include <vector>

#include "tegula/app/image_run.h"
#include "tegula/outputs/run_record.h"

namespace tegula::app {

inline constexpr const char* kStatisticsFile = "statistics.json";
inline constexpr const char* kReportFile = "report.html";

/// Of an output, by its place among those that are made, in one of the formats. Several are told apart by their ids.
std::string FileOf(const PredictJob& job, std::size_t number, const outputs::OutputFormat& format);
/// Everything that the run leaves in its folder.
std::vector<std::string> FilesOf(const PredictJob& job);
/// What any run of the model could have left in `folder`, but for what this one reads.
std::vector<std::string> FilesOfAnyRun(const PredictJob& job, const Path& folder);
/// The same as FilesOf for the record, with what they are.
void DescribeFiles(const PredictJob& job, outputs::RunRecord& record);

}  // namespace tegula::app
