#include "tegula/pipeline/numbered_objects.h"

#include <memory>

#include "tegula/core/interval.h"
#include "tegula/pipeline/instance_objects.h"
#include "tegula/pipeline/region_measuring.h"

namespace tegula::pipeline {
namespace {

constexpr std::int64_t kPieceColumns = 2048;  // read by one worker

}  // namespace

Result<FindResult> FindNumbered(const RunContext& context, const outputs::ChunkStore& numbers, const PlaneReader* image,
                                std::span<const float> scores, const NumberedOptions& options,
                                const objects::MeasurementPlan& plan, const Path& path) {
  const std::unique_ptr<PlaneReader> map = PlaneOfStore(numbers);
  // Numbers are what objects are made of; nothing is measured of them.
  const MeasuredPlanes planes{image != nullptr ? *image : *map};
  const std::int64_t channels = image != nullptr ? planes.channels() : 0;
  TEGULA_ASSIGN_OR_RETURN(RowWindow window, WindowFor(*map, channels, 0, context.limits));
  TEGULA_ASSIGN_OR_RETURN(objects::RegionSpool spool, objects::RegionSpool::Create(path));
  const ObjectsOptions worked{.drops_border = options.drops_border};
  RegionMeasuring measuring(context, planes, worked, plan, std::move(window), std::move(spool));
  const auto read = [&](Interval band) -> Status {
    const View rows = measuring.window().Begin(band);
    const std::int64_t width = map->shape()[2];
    const auto piece = [&](std::int64_t number, int) {
      const Interval x = Intersect(Interval{number * kPieceColumns, (number + 1) * kPieceColumns}, Interval{0, width});
      return planes.map.Read({band, x}, rows.Slice(2, x.begin, x.size()));
    };
    return channels == 0 ? Ok() : ForEach(context.executor, CeilDiv(width, kPieceColumns), context.stop, piece);
  };
  const auto traced = [&](Interval band) -> Status {
    TEGULA_TRY(read(band));
    return measuring.MeasureFound();
  };
  const auto keep = [&](objects::Region region) {
    if (const auto at = static_cast<std::size_t>(region.number); at <= scores.size()) region.score = scores[at - 1];
    measuring.Add(std::move(region));
    return Ok();
  };
  TEGULA_TRY(TraceInstances(context, numbers, options.min_area_px, {measuring.window().band_rows(), traced}, keep));
  return measuring.Finish();
}

}  // namespace tegula::pipeline
