// pipeline/label_image.h — objects as an image of their numbers.
#pragma once

#include "tegula/core/run_context.h"
#include "tegula/outputs/zarr_store.h"
#include "tegula/pipeline/found_objects.h"

namespace tegula::pipeline {

/// Rows that WriteLabels keeps in memory for an image of this width, and so those of a store's chunks.
std::int64_t LabelRows(std::int64_t height, std::int64_t width) noexcept;

/// Paints all objects with their numbers into level 0 of a store of the map's height and width, with axes y and x
/// alone, of uint16 or uint32, whose chunks have at most LabelRows rows. Of objects that overlap the one with the
/// higher number has the pixel. Errors of the objects and the store; kCancelled.
Status WriteLabels(const RunContext& context, const FoundObjects& objects, const outputs::ChunkStore& store);

}  // namespace tegula::pipeline
