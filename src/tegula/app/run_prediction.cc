#include "tegula/app/run_prediction.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "tegula/app/run_description.h"
#include "tegula/app/run_files.h"
#include "tegula/app/run_objects.h"
#include "tegula/app/run_stores.h"
#include "tegula/app/run_values.h"
#include "tegula/core/folders.h"
#include "tegula/core/platform.h"
#include "tegula/ops/statistics_file.h"
#include "tegula/pipeline/second_pass.h"

namespace tegula::app {
namespace {

constexpr std::int64_t kLargestStatistics = 64 << 20;

}  // namespace

Status RunPrediction::Make(Staging& staging, const pipeline::PredictionRequest& wanted, bool is_patches,
                           outputs::RunRecord& record, Stopwatch& watch) {
  TEGULA_TRY(MakeValues(staging, wanted, is_patches, record, watch));
  return MakeInstances(staging, record, watch);
}

// What the network gives, postprocessed as far as objects do not come of it.
Status RunPrediction::MakeValues(Staging& staging, const pipeline::PredictionRequest& wanted, bool is_patches,
                                 outputs::RunRecord& record, Stopwatch& watch) {
  const spec::ModelDescription& model = job_.package.description();
  std::unique_ptr<engines::Session> session;
  pipeline::StageSeconds seconds;
  for (std::int64_t number = 0; number < feeds_.frame_count(); ++number) {
    TEGULA_ASSIGN_OR_RETURN(const Feeds::Frame frame, feeds_.FrameAt(number));
    TEGULA_ASSIGN_OR_RETURN(ops::Statistics statistics, StatisticsOf(staging, frame, is_patches));
    if (number == 0 && !statistics.all().empty()) record.stages.push_back(watch.Lap("whole-image statistics"));
    TEGULA_ASSIGN_OR_RETURN(const pipeline::Prediction prediction,
                            pipeline::Prediction::Bind(model, *job_.proven.network, frame.feeds, statistics, wanted));
    if (number == 0) {
      TEGULA_TRY(OpenStores(staging, prediction));
      TEGULA_ASSIGN_OR_RETURN(session, prediction.NewSession());
      std::vector<pipeline::AskedPart> asked;
      for (const RunOutput::Part& part : PartsOf(frame)) asked.push_back(part.asked());
      DescribePlan(job_, prediction, feeds_.frame_count(), pipeline::AskedTiles(prediction.plan(), asked), record);
      DescribePlaces(job_, feeds_.leading().bound.info(), prediction, record);
      megapixels_ = MegapixelsOf(prediction, feeds_.frame_count(), region_);
    }
    TEGULA_ASSIGN_OR_RETURN(const pipeline::StageSeconds of_frame, PredictFrame(frame, prediction, *session));
    seconds += of_frame;
    TEGULA_TRY(FinishOutputs(frame, prediction, statistics));
    statistics_.push_back(std::move(statistics));
  }
  record.stages.push_back(watch.Lap("prediction"));
  DescribeWorkers(seconds, record);
  return Ok();
}

Status RunPrediction::MakeInstances(const Staging& staging, outputs::RunRecord& record, Stopwatch& watch) const {
  if (std::none_of(outputs_.begin(), outputs_.end(), [](const RunOutput& output) { return output.has_instances(); }))
    return Ok();
  for (std::int64_t number = 0; number < feeds_.frame_count(); ++number) {
    TEGULA_ASSIGN_OR_RETURN(const Feeds::Frame frame, feeds_.FrameAt(number));
    for (std::size_t output = 0; output < outputs_.size(); ++output) {
      if (!outputs_[output].has_instances()) continue;
      ReleaseFreeMemory();
      const std::int64_t left = std::max<std::int64_t>(1, job_.memory.bytes - ResidentMemoryBytes());
      TEGULA_TRY(PartOf(output, frame)
                     .MakeInstances(context_, region_.On(output), InstancesScratch(staging.scratch(), output, number),
                                    job_.memory.bytes > 0 ? left : 0));
    }
  }
  record.stages.push_back(watch.Lap("objects of the whole output"));
  return Ok();
}

Status RunPrediction::OpenStores(Staging& staging, const pipeline::Prediction& prediction) {
  const spec::ModelDescription& model = job_.package.description();
  info_ = NamedBy(job_.classes, prediction.output());
  for (std::size_t number = 0; number < prediction.outputs(); ++number) {
    const spec::TensorDescription& description = model.outputs[job_.outputs[number]];
    const pipeline::OutputInfo& info = number == 0 ? info_ : prediction.output(number);
    outputs::StoreOptions own = StoreOptionsOf(description, info, feeds_);
    if (!region_.is_all()) own.fill = pipeline::FillFor(own.dtype), own.reduction = outputs::Reduction::kNanMean;
    std::optional<InstancesRequest> instances;
    if (const pipeline::InstancePass* pass = prediction.instances(number)) {
      own.reduction = outputs::Reduction::kMode;
      own.is_label = true;
      instances = {*pass, StoreOptionsOf(description, prediction.values(number), feeds_)};
    }
    TEGULA_ASSIGN_OR_RETURN(outputs::ValueForm form, FormOf(job_.request.values, description, own));
    if (instances && !form.is_own())
      return UnsupportedError(fmt::format(
          "output {} holds numbers of objects, which are stored as they are; leave out --values and --range for it",
          description.id));
    outputs::StoreOptions stored = form.stored();
    for (const outputs::ChosenFormat& chosen : job_.formats)
      TEGULA_TRY(chosen.format->check(stored, chosen.compression));
    const auto [work, is_kept] = outputs::SetWorkingStore(job_.formats, job_.request.format.shard_pixels, stored);
    RunOutputRequest request{std::move(own), std::move(form), std::move(stored), {}, false, std::move(instances)};
    if (prediction.needs_second_pass(number)) request.raw = prediction.raw_dtype(number);
    request.needs_values = (number == 0 && !job_.labels.empty()) || job_.request.verify.has_value();
    TEGULA_ASSIGN_OR_RETURN(
        RunOutput output,
        RunOutput::Open(std::move(request), staging.folder() / ((is_kept ? "" : ".") + FileOf(job_, number, *work)),
                        staging.scratch(), std::to_string(number), context_.limits));
    outputs_.push_back(std::move(output));
  }
  staging.Keep();
  return Ok();
}

// Of a frame, as they were when the run was cut off.
Result<ops::Statistics> RunPrediction::StatisticsOf(const Staging& staging, const Feeds::Frame& frame,
                                                    bool is_patches) const {
  if (is_patches) return job_.normalisation.Of(context_, frame.feeds, true);
  const Path file = staging.folder() / fmt::format(".statistics-{}-{}.json", frame.t, frame.z);
  TEGULA_ASSIGN_OR_RETURN(const bool is_known, Exists(file));
  if (is_known) {
    TEGULA_ASSIGN_OR_RETURN(const std::string text, ReadFile(file, kLargestStatistics));
    TEGULA_ASSIGN_OR_RETURN(ops::Statistics known, job_.normalisation.FromJson(text).Context(file.string()));
    return known;
  }
  TEGULA_ASSIGN_OR_RETURN(ops::Statistics statistics, job_.normalisation.Of(context_, frame.feeds));
  if (!statistics.all().empty()) TEGULA_TRY(WriteFileWhole(file, ops::StatisticsToJson(statistics)));
  return statistics;
}

Result<pipeline::StageSeconds> RunPrediction::PredictFrame(const Feeds::Frame& frame,
                                                           const pipeline::Prediction& prediction,
                                                           engines::Session& session) const {
  const std::vector<RunOutput::Part> parts = PartsOf(frame);
  const auto state_of = [&](const tiling::Tile& tile) {
    auto state = pipeline::TileState::kNotAsked;
    for (std::size_t output = 0; output < parts.size(); ++output) {
      const tiling::TilePiece& piece = tile.pieces[output];
      if (piece.empty() || !parts[output].IsAsked(piece.write)) continue;
      if (!parts[output].HasTile(piece.write)) return pipeline::TileState::kMissing;
      state = pipeline::TileState::kDone;
    }
    return state;
  };
  const auto write = [&](std::size_t output, const Block& block, const ConstView& pixels) {
    return parts[output].WriteTile(block, pixels);
  };
  return prediction.Run(context_, session, state_of, write);
}

// Postprocessing that waits for statistics of the whole output.
Status RunPrediction::FinishOutputs(const Feeds::Frame& frame, const pipeline::Prediction& prediction,
                                    ops::Statistics& statistics) const {
  for (std::size_t number = 0; number < outputs_.size(); ++number) {
    if (!outputs_[number].has_second_pass()) continue;
    const RunOutput::Part part = PartOf(number, frame);
    const auto has = [&](const Block& block) { return part.Has(block); };
    const auto write = [&](const Block& block, const ConstView& values) { return part.Write(block, values); };
    TEGULA_TRY(pipeline::FinishOutput(context_, prediction, number, part.raw(), {has, write}, statistics));
  }
  return Ok();
}

RunOutput::Part RunPrediction::PartOf(std::size_t output, const Feeds::Frame& frame) const {
  const PerAxis<std::int64_t> all = outputs::StorePart(outputs_[output].stored()).size();
  const auto planes = [&](GridAxis axis, std::int64_t at) {
    return feeds_.frames()[axis] > 1 ? Interval{at, at + 1} : Interval{0, all[axis]};
  };
  // Which pixels are an object's is decided by what lies around it: everything is predicted first.
  const pipeline::RegionOfInterest* const asked = outputs_[output].has_instances() ? nullptr : region_.On(output);
  return {outputs_[output], planes(GridAxis::kT, frame.t), planes(GridAxis::kZ, frame.z), asked};
}

std::vector<RunOutput::Part> RunPrediction::PartsOf(const Feeds::Frame& frame) const {
  std::vector<RunOutput::Part> parts;
  for (std::size_t output = 0; output < outputs_.size(); ++output) parts.push_back(PartOf(output, frame));
  return parts;
}

}  // namespace tegula::app
