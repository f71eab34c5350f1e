// pipeline/objects_pass.h — objects from a finished prediction: one pass over the rows of the store.
//
// Chunks of a band of rows are read and classified in parallel, then the band is traced; memory is that of a band and
// of the outlines the current row touches, whatever the size of the image. The regions do not depend on bands, chunks
// or workers. What nobody asked for has no class, and is not read.
#pragma once

#include <vector>

#include "tegula/core/run_context.h"
#include "tegula/objects/classify.h"
#include "tegula/objects/region_tracer.h"
#include "tegula/outputs/zarr_store.h"
#include "tegula/pipeline/region_of_interest.h"

namespace tegula::pipeline {

struct ObjectsOptions {
  objects::ClassRule rule;           ///< from the channels of a pixel to its class
  std::vector<std::int32_t> labels;  ///< classes to trace; empty: all
  objects::FilterOptions filter;
  const RegionOfInterest* asked = nullptr;  ///< all if null
};

/// Traces the regions of the first plane of level 0 of a store and hands each to `sink`, with the mean of every channel
/// over its pixels. How many of them touch the edge of what is asked for, where they may be cut. Errors of the store,
/// the classifier and `sink`; kCancelled.
Result<std::int64_t> TraceObjects(const RunContext& context, const outputs::ChunkStore& store,
                                  const ObjectsOptions& options, objects::RegionSink sink);

}  // namespace tegula::pipeline
