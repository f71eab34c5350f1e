// pipeline/tall_regions.h — measuring objects that are taller than the rows at hand.
//
// They wait, as outlines, until there are many or the map has gone by; then all of them are measured together, in as
// many passes over their rows as exact percentiles need (ops/rank_counter.h). Memory follows their outlines, not their
// areas.
#pragma once

#include <span>
#include <vector>

#include "tegula/core/function_ref.h"
#include "tegula/core/run_context.h"
#include "tegula/objects/measure/measurements.h"
#include "tegula/pipeline/plane_reader.h"

namespace tegula::pipeline {

/// The map, and the image on the same pixels if it is measured.
struct MeasuredPlanes {
  const PlaneReader& map;
  const PlaneReader* image = nullptr;

  std::int64_t map_channels() const noexcept { return map.shape()[0]; }
  std::int64_t channels() const noexcept { return map_channels() + (image != nullptr ? image->shape()[0] : 0); }
  /// Fills `out_cyx` with the channels that are measured.
  Status Read(const Box& box, const View& out_cyx) const {
    TEGULA_TRY(map.Read(box, out_cyx.Slice(0, 0, map_channels())));
    return image == nullptr ? Ok() : image->Read(box, out_cyx.Slice(0, map_channels(), image->shape()[0]));
  }
};

/// Takes an object and its measurements. An error stops the work.
using MeasuredSink = FunctionRef<Status(const objects::Region& region, std::span<const double> values)>;

/// Measures regions as `plan` says (but for neighbours), with the statistics of channel_values.h. In the order of
/// `regions`. Errors of the planes and of `sink`; kCancelled.
Status MeasureTall(const RunContext& context, const MeasuredPlanes& planes, const objects::MeasurementPlan& plan,
                   std::span<const objects::Region> regions, MeasuredSink sink);

}  // namespace tegula::pipeline
