#include "tegula/pipeline/objects_pass.h"

#include <fmt/format.h>

#include <algorithm>

#include "tegula/core/interval.h"
#include "tegula/objects/region_spool.h"
#include "tegula/pipeline/class_rows.h"
#include "tegula/pipeline/label_parts.h"
#include "tegula/pipeline/region_worker.h"
#include "tegula/pipeline/row_window.h"

namespace tegula::pipeline {
namespace {

constexpr std::int64_t kWindowBytes = 192 << 20;
constexpr std::int64_t kBands = 2;            // at hand: an object as tall as one is measured on them
constexpr std::int64_t kPieceColumns = 2048;  // read by one worker
constexpr std::int64_t kBatch = 32;           // regions that a worker takes at a time
// Objects that are too tall for the window wait until there are so many of them, or so long outlines.
constexpr std::size_t kTallRegions = 512;
constexpr std::int64_t kTallCorners = 8 << 20;

// Rows per band: whole chunks if memory allows, so that each is decoded once, else equal parts of them.
std::int64_t BandRows(std::int64_t row_bytes, std::int64_t chunk_rows) {
  const std::int64_t most = std::max<std::int64_t>(1, kWindowBytes / kBands / std::max<std::int64_t>(1, row_bytes));
  return CeilDiv(chunk_rows, CeilDiv(chunk_rows, std::min(chunk_rows, most)));
}

std::int64_t Corners(const objects::Region& region) {
  std::size_t corners = 0;
  for (const objects::Polygon& polygon : region.polygons) {
    corners += polygon.outer.size();
    for (const objects::Ring& hole : polygon.holes) corners += hole.size();
  }
  return static_cast<std::int64_t>(corners);
}

class ObjectsRun {
 public:
  ObjectsRun(const RunContext& context, const MeasuredPlanes& planes, const ObjectsOptions& options,
             const objects::MeasurementPlan& plan, objects::RegionSpool spool, RowWindow window, ClassRows classes)
      : context_(context),
        planes_(planes),
        options_(options),
        plan_(plan),
        spool_(std::move(spool)),
        window_(std::move(window)),
        classes_(std::move(classes)),
        worker_(planes, options, plan, window_) {}

  Status Run() {
    TEGULA_TRY(OpenTracers());
    const std::int64_t height = planes_.map.shape()[1];
    std::int64_t traced = 0;
    for (std::int64_t y = 0; y < height; y += window_.band_rows()) {
      const Interval band{y, std::min(y + window_.band_rows(), height)};
      TEGULA_TRY(Read(band));
      const std::int64_t end = band.end == height ? height : band.end - classes_.reach();
      if (end > traced) {
        TEGULA_TRY(classes_.Compute(context_, window_, {traced, end}));
        TEGULA_TRY(Trace());
        TEGULA_TRY(WorkOnFound());
        traced = end;
      }
      context_.progress.Update("tracing objects", band.end, height, "rows");
    }
    for (std::size_t pass = 0; pass < tracers_.size(); ++pass) {
      const auto keep = [&](objects::Region region) { return Keep(pass, std::move(region)); };
      TEGULA_TRY(tracers_[pass].Finish(keep));
    }
    TEGULA_TRY(WorkOnFound());
    return MeasureWaiting();
  }

  objects::RegionSpool TakeSpool() && { return std::move(spool_); }
  const ObjectsSummary& summary() const noexcept { return summary_; }

 private:
  Status OpenTracers() {
    for (std::size_t pass = 0; pass < classes_.passes(); ++pass) {
      objects::TraceOptions options{
          .width = planes_.map.shape()[2], .connectivity = options_.connectivity, .filter = options_.filter};
      if (options_.kind == MapKind::kValues) options.labels = options_.passes[pass].labels;
      if (options_.kind == MapKind::kClasses) options.labels = options_.labels;
      if (options_.kind != MapKind::kValues) options.none = 0;
      if (options_.kind == MapKind::kLabels) options.filter.min_area_px = 0;  // of all parts together
      TEGULA_ASSIGN_OR_RETURN(objects::RegionTracer tracer, objects::RegionTracer::Create(options));
      tracers_.push_back(std::move(tracer));
    }
    return Ok();
  }

  Status Read(Interval band) {
    const View rows = window_.Begin(band);
    if (window_.channels() == 0) return Ok();
    const std::int64_t edge = planes_.map.chunk_columns(), columns = CeilDiv(kPieceColumns, edge) * edge;
    const auto piece = [&](std::int64_t number, int) -> Status {
      const Interval x = Intersect(Interval{number * columns, (number + 1) * columns}, Interval{0, window_.width()});
      return planes_.Read({band, x}, rows.Slice(2, x.begin, x.size()));
    };
    return ForEach(context_.executor, CeilDiv(window_.width(), columns), context_.stop, piece);
  }

  Status Keep(std::size_t pass, objects::Region region) {
    if (options_.kind == MapKind::kValues) region.label = options_.passes[pass].relabel.value_or(region.label);
    found_.push_back(std::move(region));
    return Ok();
  }

  Status Trace() {
    for (std::size_t pass = 0; pass < tracers_.size(); ++pass) {
      const auto keep = [&](objects::Region region) { return Keep(pass, std::move(region)); };
      TEGULA_TRY(tracers_[pass].Add(classes_.of_pass(pass), keep));
    }
    return Ok();
  }

  // Large regions one after the other, the others side by side.
  Status WorkOnFound() {
    const auto large = std::stable_partition(found_.begin(), found_.end(),
                                             [&](const objects::Region& region) { return !worker_.IsLarge(region); });
    for (auto region = large; region != found_.end(); ++region) {
      if (context_.stop.stop_requested()) return CancelledError();
      WorkedRegions worked;
      TEGULA_TRY(worker_.Work(std::move(*region), worked));
      TEGULA_TRY(Take(std::move(worked)));
    }
    found_.erase(large, found_.end());
    const auto count = static_cast<std::int64_t>(found_.size());
    std::vector<WorkedRegions> worked(static_cast<std::size_t>(CeilDiv(count, kBatch)));
    const auto work = [&](std::int64_t batch, int) -> Status {
      for (std::int64_t i = batch * kBatch; i < std::min(count, (batch + 1) * kBatch); ++i)
        TEGULA_TRY(
            worker_.Work(std::move(found_[static_cast<std::size_t>(i)]), worked[static_cast<std::size_t>(batch)]));
      return Ok();
    };
    TEGULA_TRY(ForEach(context_.executor, CeilDiv(count, kBatch), context_.stop, work));
    found_.clear();
    for (WorkedRegions& batch : worked) TEGULA_TRY(Take(std::move(batch)));
    return waiting_.size() < kTallRegions && waiting_corners_ < kTallCorners ? Ok() : MeasureWaiting();
  }

  Status Take(WorkedRegions worked) {
    summary_.at_edge += worked.summary.at_edge;
    summary_.split += worked.summary.split;
    summary_.too_large += worked.summary.too_large;
    for (WorkedRegions::Object& object : worked.objects) {
      if (object.is_measured) {
        TEGULA_TRY(spool_.Add(object.region, object.values, object.at_edge));
        continue;
      }
      waiting_corners_ += Corners(object.region);
      waiting_at_edge_.push_back(object.at_edge);
      waiting_.push_back(std::move(object.region));
    }
    return Ok();
  }

  Status MeasureWaiting() {
    std::size_t next = 0;
    const auto keep = [&](const objects::Region& region, std::span<const double> values) {
      return spool_.Add(region, values, waiting_at_edge_[next++]);
    };
    TEGULA_TRY(MeasureTall(context_, planes_, plan_, waiting_, keep));
    waiting_.clear();
    waiting_at_edge_.clear();
    waiting_corners_ = 0;
    return Ok();
  }

  const RunContext& context_;
  const MeasuredPlanes& planes_;
  const ObjectsOptions& options_;
  const objects::MeasurementPlan& plan_;
  objects::RegionSpool spool_;
  RowWindow window_;
  ClassRows classes_;
  RegionWorker worker_;
  std::vector<objects::RegionTracer> tracers_;
  std::vector<objects::Region> found_, waiting_;
  std::vector<bool> waiting_at_edge_;
  std::int64_t waiting_corners_ = 0;
  ObjectsSummary summary_;
};

Status CheckOptions(const MeasuredPlanes& planes, const ObjectsOptions& options) {
  const bool is_smooth = options.smooth_y > 0 || options.smooth_x > 0;
  if (options.kind != MapKind::kValues && is_smooth)
    return InvalidError("a map of numbers of objects or classes cannot be smoothed: only values can");
  const objects::SplitMethod method = options.split.method;
  if (method == objects::SplitMethod::kNone) return Ok();
  if (options.kind == MapKind::kLabels)
    return InvalidError("objects that come with their numbers are not split: leave out the splitting");
  if (method != objects::SplitMethod::kDistance && options.kind != MapKind::kValues)
    return InvalidError("a map of classes has no values to split objects by: split them by distance");
  if (options.split_channel >= planes.map.shape()[0])
    return NotFoundError(fmt::format("there is no channel {} to split objects by", options.split_channel));
  if (method != objects::SplitMethod::kSeeds && !(options.split.depth > 0))
    return InvalidError(
        fmt::format("objects cannot be split by tops of {}: use a positive depth", options.split.depth));
  return Ok();
}

}  // namespace

Result<FindResult> FindObjects(const RunContext& context, const MeasuredPlanes& planes, const ObjectsOptions& options,
                               const objects::MeasurementPlan& plan, const Path& path) {
  TEGULA_TRY(CheckOptions(planes, options));
  TEGULA_ASSIGN_OR_RETURN(ClassRows classes, ClassRows::Create(planes, options));
  const Shape& map = planes.map.shape();
  const std::int64_t channels = planes.channels();
  const std::int64_t row_bytes = map[2] * channels * static_cast<std::int64_t>(sizeof(float));
  const std::int64_t rows = std::min(map[1], BandRows(row_bytes, planes.map.chunk_rows()));
  // Rows that are smoothed need the ones around them, and lag behind those that are read.
  const std::int64_t bands = kBands + CeilDiv(2 * classes.reach(), rows);
  TEGULA_ASSIGN_OR_RETURN(RowWindow window, RowWindow::Create(channels, map[2], rows, bands, context.limits));
  TEGULA_ASSIGN_OR_RETURN(objects::RegionSpool spool, objects::RegionSpool::Create(path));
  ObjectsRun run(context, planes, options, plan, std::move(spool), std::move(window), std::move(classes));
  TEGULA_TRY(run.Run());
  ObjectsSummary summary = run.summary();
  objects::RegionSpool found = std::move(run).TakeSpool();
  TEGULA_TRY(found.Finish());
  if (options.kind == MapKind::kLabels) {
    TEGULA_ASSIGN_OR_RETURN(found, JoinLabelParts(context, planes, options, plan, std::move(found), path, summary));
  }
  TEGULA_ASSIGN_OR_RETURN(FoundObjects objects,
                          FoundObjects::Create(context, std::move(found), plan, options.kind == MapKind::kLabels));
  return FindResult{std::move(objects), summary};
}

}  // namespace tegula::pipeline
