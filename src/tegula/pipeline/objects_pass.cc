#include "tegula/pipeline/objects_pass.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "tegula/core/interval.h"
#include "tegula/objects/region_spool.h"
#include "tegula/pipeline/class_rows.h"
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
      options.labels = options_.passes[pass].labels;
      TEGULA_ASSIGN_OR_RETURN(objects::RegionTracer tracer, objects::RegionTracer::Create(options));
      tracers_.push_back(std::move(tracer));
    }
    return Ok();
  }

  Status Read(Interval band) {
    const View rows = window_.Begin(band);
    const std::int64_t edge = planes_.map.chunk_columns(), columns = CeilDiv(kPieceColumns, edge) * edge;
    const auto piece = [&](std::int64_t number, int) -> Status {
      const Interval x = Intersect(Interval{number * columns, (number + 1) * columns}, Interval{0, window_.width()});
      return ReadAsked({band, x}, rows.Slice(2, x.begin, x.size()));
    };
    return ForEach(context_.executor, CeilDiv(window_.width(), columns), context_.stop, piece);
  }

  // What is not asked for has no part in what is smoothed, and else is not looked at.
  Status ReadAsked(const Box& box, const View& out_cyx) {
    if (options_.asked == nullptr) return planes_.Read(box, out_cyx);
    const bool is_asked = options_.asked->Touches(box);
    const bool is_smooth = options_.smooth_y > 0 || options_.smooth_x > 0;
    if (!is_smooth) return is_asked ? planes_.Read(box, out_cyx) : Ok();
    for (std::int64_t c = 0; c < out_cyx.shape()[0]; ++c)
      for (std::int64_t y = 0; y < box.height(); ++y)
        std::fill_n(out_cyx.Slice(0, c, 1).Slice(1, y, 1).as<float>(), box.width(),
                    std::numeric_limits<float>::quiet_NaN());
    if (!is_asked) return Ok();
    TEGULA_ASSIGN_OR_RETURN(
        Tensor values, Tensor::Allocate(DType::kF32, {out_cyx.shape()[0], box.height(), box.width()}, context_.limits));
    TEGULA_TRY(planes_.Read(box, values.view()));
    options_.asked->CopyInside(box, std::as_const(values).view(), out_cyx);
    return Ok();
  }

  Status Keep(std::size_t pass, objects::Region region) {
    region.label = options_.passes[pass].relabel.value_or(region.label);
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
    summary_ += worked.summary;
    for (WorkedRegions::Object& object : worked.objects) {
      if (object.is_measured) {
        TEGULA_TRY(spool_.Add(object.region, object.values));
        continue;
      }
      waiting_corners_ += Corners(object.region);
      waiting_.push_back(std::move(object.region));
    }
    return Ok();
  }

  Status MeasureWaiting() {
    const auto keep = [&](const objects::Region& region, std::span<const double> values) {
      return spool_.Add(region, values);
    };
    TEGULA_TRY(MeasureTall(context_, planes_, plan_, waiting_, keep));
    waiting_.clear();
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
  std::int64_t waiting_corners_ = 0;
  ObjectsSummary summary_;
};

Status CheckSplit(const MeasuredPlanes& planes, const ObjectsOptions& options) {
  const objects::SplitMethod method = options.split.method;
  if (method == objects::SplitMethod::kNone) return Ok();
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
  TEGULA_TRY(CheckSplit(planes, options));
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
  const ObjectsSummary summary = run.summary();
  objects::RegionSpool found = std::move(run).TakeSpool();
  TEGULA_TRY(found.Finish());
  TEGULA_ASSIGN_OR_RETURN(FoundObjects objects, FoundObjects::Create(context, std::move(found), plan));
  return FindResult{std::move(objects), summary};
}

}  // namespace tegula::pipeline
