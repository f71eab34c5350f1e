#include "tegula/app/run_description.h"

#include <fmt/format.h>

#include <algorithm>

#include "tegula/app/given_input.h"
#include "tegula/app/run_files.h"
#include "tegula/app/version.h"
#include "tegula/core/platform.h"

namespace tegula::app {

void DescribeModel(const PredictJob& job, outputs::RunRecord& record) {
  const spec::ModelDescription& model = job.package.description();
  record.tegula_version = Version();
  record.command = {job.request.command_line};
  record.machine = {ProcessorName(), AvailableCores()};
  record.model = {model.name,
                  model.id,
                  model.version,
                  job.package.path().string(),
                  job.package.description_sha256(),
                  std::string(spec::WeightsFormatName(job.proven.weights->format)),
                  job.proven.check.weights_sha256,
                  model.license,
                  {}};
  for (const spec::Citation& cite : model.cite)
    record.model.cite.push_back(cite.text + (cite.doi.empty() ? "" : " https://doi.org/" + cite.doi));
  record.classifier = job.request.classifier;
  record.given = RecordOf(GivenBy(job.request));
  const WeightsCheck& check = job.proven.check;
  const EngineRequest& engine = job.request.engine;
  record.engine = {
      check.engine, check.engine_version, std::string(engines::PrecisionName(check.precision)), engine.threads,
      engine.engine == "auto" ? "the fastest that reproduces the model's test outputs" : "it was asked for"};
  record.notes.insert(record.notes.end(), check.notes.begin(), check.notes.end());
  if (check.outputs.empty() || check.status == CheckStatus::kFailed) record.notes.push_back(ProofOf(check));
  if (check.is_converted)
    record.notes.push_back(fmt::format("the {} weights were converted for {} and hold against the original",
                                       record.model.weights_format, check.engine));
  for (const OutputCheck& output : check.outputs)
    record.tests.push_back({output.output_id, output.comparison.max_abs, output.comparison.tolerance.absolute,
                            output.comparison.tolerance.relative, output.comparison.passed});
}

void DescribeImage(const std::string& name, const Feeds& feeds, outputs::RunRecord& record) {
  const image::ImageInfo& info = feeds.leading().source->info();
  record.image = {.path = name, .format = info.format, .dtype = std::string(DTypeName(info.dtype))};
  for (const image::Level& level : info.levels)
    record.image.levels.push_back({level.height, level.width, level.downsample_y});
  for (const image::Channel& channel : info.channels) record.image.channels.push_back(channel.name);
  if (info.pixel_size)
    record.image.pixel_size_y_um = info.pixel_size->y_um, record.image.pixel_size_x_um = info.pixel_size->x_um;
  record.notes.insert(record.notes.end(), info.notes.begin(), info.notes.end());
  record.binding = feeds.leading().bound.info().decisions;
  const std::int64_t frames = feeds.frame_count();
  if (frames > 1)
    record.binding.push_back(
        fmt::format("{} planes are predicted one by one, each normalised by statistics of its own", frames));
}

void DescribeStatistics(const ops::Statistics& statistics, outputs::RunRecord& record) {
  for (const ops::Statistic& statistic : statistics.all()) {
    std::vector<std::string> axes;
    for (std::size_t a = 0; a < statistic.request.reduced.size(); ++a)
      if (statistic.request.reduced[a]) axes.push_back(statistic.request.axes[a]);
    record.statistics.push_back({statistic.request.tensor_id, std::string(ops::MeasureName(statistic.request.measure)),
                                 statistic.request.percentile, axes, statistic.values});
  }
}

void DescribePlan(const PredictJob& job, const pipeline::Prediction& prediction, std::int64_t frames,
                  std::int64_t asked, outputs::RunRecord& record) {
  const tiling::TilePlan& plan = prediction.plan();
  std::int64_t context = 0;
  for (const GridAxis axis : kGridAxes) {
    if (!prediction.grid().axes[axis]) continue;
    const tiling::AxisPlan& along = plan.axes[axis];
    record.tiles.axes.push_back({std::string(1, GridAxisName(axis)), along.image, along.padded, along.window,
                                 prediction.context(axis), prediction.stride_grid(axis),
                                 static_cast<std::int64_t>(along.windows.size())});
    context = std::max(context, prediction.context(axis));
  }
  record.tiles.border = job.request.tiling.border == tiling::Border::kPad ? "pad" : "network";
  record.tiles.windows = asked * frames;
  record.tiles.skipped = (plan.tiles() - asked) * frames;
  if (plan.is_patches())
    record.exactness =
        fmt::format("Each pixel of the map is what the network gives for its patch of {} x {} pixels alone",
                    plan.network_size()[GridAxis::kX], plan.network_size()[GridAxis::kY]);
  else if (plan.tiles() == 1)
    record.exactness = "The image was predicted whole";
  else
    record.exactness =
        fmt::format("{}; a pixel is the whole-image answer if nothing farther away than {} pixels matters to it ({})",
                    asked == plan.tiles()
                        ? fmt::format("The image was predicted in {} windows", asked)
                        : fmt::format("The image was predicted in those {} of its {} windows that touch the region",
                                      asked, plan.tiles()),
                    context, job.context.source);
  if (plan.tiles() > 1 && !plan.is_patches() && !job.context.warning.empty())
    record.warnings.push_back(job.context.warning);
}

void DescribeRegion(const PredictJob& job, const RunRegion& region, const ops::Statistics& statistics,
                    std::int64_t touching, outputs::RunRecord& record) {
  record.region = region.record();
  if (region.is_all()) return;
  record.notes.emplace_back(
      "what is outside the region was not asked for: it is not a number in outputs of floats and 0 in others");
  if (!statistics.all().empty() && job.request.statistics_from == "image")
    record.notes.emplace_back(
        "the statistics for normalisation are those of the whole image, not of the region: --statistics-from takes "
        "others");
  if (touching > 0)
    record.warnings.push_back(fmt::format("{} object{} the edge of the region and may be cut by it.", touching,
                                          touching == 1 ? " touches" : "s touch"));
  for (std::size_t number = 0; number < job.outputs.size(); ++number)
    if (region.Area(number) == 0)
      record.warnings.push_back(fmt::format("No pixel of output {} lies in the region.",
                                            job.package.description().outputs[job.outputs[number]].id));
}

double MegapixelsOf(const pipeline::Prediction& prediction, std::int64_t frames, const RunRegion& region) {
  double megapixels = 0;
  for (std::size_t number = 0; number < prediction.outputs(); ++number) {
    const PerAxis<std::int64_t>& size = prediction.output(number).size;
    const std::int64_t plane = region.is_all() ? size[GridAxis::kY] * size[GridAxis::kX] : region.Area(number);
    megapixels += static_cast<double>(plane * size[GridAxis::kZ] * size[GridAxis::kT] * frames) * 1e-6;
  }
  return megapixels;
}

void DescribeWorkers(const pipeline::StageSeconds& s, outputs::RunRecord& record) {
  record.notes.push_back(
      fmt::format("seconds of all workers during prediction: reading {:.2f}, preprocessing {:.2f}, network {:.2f}, "
                  "postprocessing {:.2f}, writing {:.2f}; waiting for the network {:.2f}",
                  s.read, s.preprocess, s.infer, s.postprocess, s.write, s.wait_for_network));
}

void DescribePlaces(const PredictJob& job, const image::BoundInfo& info, const pipeline::Prediction& prediction,
                    outputs::RunRecord& record) {
  const auto store = std::ranges::find_if(job.formats, [](const auto& chosen) { return chosen.format->is_store(); });
  if (store == job.formats.end()) return;
  for (std::size_t number = 0; number < prediction.outputs(); ++number) {
    const pipeline::OutputInfo& output = prediction.output(number);
    record.placements.push_back(
        {output.id, FileOf(job, number, *store->format), info.downsample_y / output.scale[GridAxis::kY],
         info.downsample_x / output.scale[GridAxis::kX], output.origin[GridAxis::kY] * info.downsample_y,
         output.origin[GridAxis::kX] * info.downsample_x});
  }
}

}  // namespace tegula::app
