// pipeline/numbered_objects.h — objects that a model numbers itself, with their measurements.
#pragma once

#include <span>

#include "tegula/core/run_context.h"
#include "tegula/objects/measure/measurements.h"
#include "tegula/outputs/zarr_store.h"
#include "tegula/pipeline/objects_pass.h"
#include "tegula/pipeline/plane_reader.h"

namespace tegula::pipeline {

struct NumberedOptions {
  std::int64_t min_area_px = 0;  ///< smaller objects are left out, holes counted as filled
  bool drops_border = false;     ///< and those that touch the map's edge
};

/// Traces the numbered objects of level 0 of a store as TraceInstances does, and measures them as `plan` says,
/// neighbours included, into a file `spool`. `scores` are those of the numbers from 1 on, or none. `image` has the
/// plan's channels on the store's pixels; null: it has none. The same for all chunks and workers. Errors of
/// TraceInstances, the image and the file; kCancelled.
Result<FindResult> FindNumbered(const RunContext& context, const outputs::ChunkStore& numbers, const PlaneReader* image,
                                std::span<const float> scores, const NumberedOptions& options,
                                const objects::MeasurementPlan& plan, const Path& spool);

}  // namespace tegula::pipeline
