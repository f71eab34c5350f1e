// pipeline/instance_objects.h — the outlines of numbered objects, from a finished image of their numbers.
//
// One pass counts the pixels of each number, another traces the rows; pixels of one number that do not hang together
// are put together again when the last of them is traced. Memory is that of a band of rows, of the outlines that the
// current row touches, and a few bytes per object.
#pragma once

#include <cstdint>

#include "tegula/core/function_ref.h"
#include "tegula/core/interval.h"
#include "tegula/core/run_context.h"
#include "tegula/objects/region_filter.h"
#include "tegula/outputs/zarr_store.h"

namespace tegula::pipeline {

/// How the rows are cut.
struct TraceBands {
  std::int64_t rows = 1;                            ///< of a band
  FunctionRef<Status(Interval rows)> after_traced;  ///< all objects that end before the last of these rows are out
};

/// Hands every numbered object of the first plane of level 0 of a store to `sink`, as class 0 and with its number;
/// those whose outlines enclose fewer than `min_area_px` pixels, holes counted as filled, are left out. By the row in
/// which they end, then from left to right. kInvalid if the store holds negative numbers; errors of the store, `bands`
/// and `sink`; kCancelled.
Status TraceInstances(const RunContext& context, const outputs::ChunkStore& store, std::int64_t min_area_px,
                      const TraceBands& bands, objects::RegionSink sink);

}  // namespace tegula::pipeline
