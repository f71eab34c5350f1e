#include "tegula/pipeline/objects_pass.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "tegula/core/interval.h"
#include "tegula/pipeline/class_rows.h"
#include "tegula/pipeline/region_measuring.h"

namespace tegula::pipeline {
namespace {

constexpr std::int64_t kPieceColumns = 2048;  // read by one worker

class ObjectsRun {
 public:
  ObjectsRun(const RunContext& context, const MeasuredPlanes& planes, const ObjectsOptions& options,
             const objects::MeasurementPlan& plan, objects::RegionSpool spool, RowWindow window, ClassRows classes)
      : context_(context),
        planes_(planes),
        options_(options),
        measuring_(context, planes, options, plan, std::move(window), std::move(spool)),
        window_(measuring_.window()),
        classes_(std::move(classes)) {}

  Result<FindResult> Run() {
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
        TEGULA_TRY(measuring_.MeasureFound());
        traced = end;
      }
      context_.progress.Update("tracing objects", band.end, height, "rows");
    }
    for (std::size_t pass = 0; pass < tracers_.size(); ++pass) {
      const auto keep = [&](objects::Region region) { return Keep(pass, std::move(region)); };
      TEGULA_TRY(tracers_[pass].Finish(keep));
    }
    return measuring_.Finish();
  }

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
    measuring_.Add(std::move(region));
    return Ok();
  }

  Status Trace() {
    for (std::size_t pass = 0; pass < tracers_.size(); ++pass) {
      const auto keep = [&](objects::Region region) { return Keep(pass, std::move(region)); };
      TEGULA_TRY(tracers_[pass].Add(classes_.of_pass(pass), keep));
    }
    return Ok();
  }

  const RunContext& context_;
  const MeasuredPlanes& planes_;
  const ObjectsOptions& options_;
  RegionMeasuring measuring_;
  RowWindow& window_;
  ClassRows classes_;
  std::vector<objects::RegionTracer> tracers_;
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
  // Rows that are smoothed need the ones around them, and lag behind those that are read.
  TEGULA_ASSIGN_OR_RETURN(RowWindow window,
                          WindowFor(planes.map, planes.channels(), 2 * classes.reach(), context.limits));
  TEGULA_ASSIGN_OR_RETURN(objects::RegionSpool spool, objects::RegionSpool::Create(path));
  ObjectsRun run(context, planes, options, plan, std::move(spool), std::move(window), std::move(classes));
  return run.Run();
}

}  // namespace tegula::pipeline
