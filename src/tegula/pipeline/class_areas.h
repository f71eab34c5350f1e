// pipeline/class_areas.h — how many pixels of each class lie within areas of a prediction.
//
// All areas are counted in one pass over the blocks of the plane in which any of them has a pixel, so each is read once
// however many areas there are, and what lies in none is not. Counts are whole numbers: they do not depend on blocks,
// order or workers.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "tegula/core/run_context.h"
#include "tegula/objects/annotations/polygon_mask.h"
#include "tegula/objects/classify.h"
#include "tegula/outputs/zarr_store.h"

namespace tegula::pipeline {

/// A plane of values by channel, and where its pixels lie on the slide.
struct PlacedPlane {
  Shape shape_cyx;
  std::int64_t block_y = 1024, block_x = 1024;  ///< what is read at once at most
  /// Fills `out_cyx`, of 32-bit floats, with a box of the plane. Threads: safe.
  std::function<Status(const Box& box, const View& out_cyx)> read;
  objects::PixelGrid grid;

  /// Of a store, in blocks of whole chunks. Borrows it.
  static PlacedPlane Of(const outputs::ChunkStore& store, std::int64_t t, std::int64_t z, objects::PixelGrid grid);
};

/// What is counted in: the pixels of `mask` (all, if there is none) within `bounds`, which are pixels of the plane.
struct CountedArea {
  std::optional<objects::PolygonMask> mask;
  Box bounds;
};

/// A row per area: for each rule, one after the other, the pixels of each of its classes; then all pixels of the area.
struct ClassAreas {
  std::int64_t columns = 0;
  std::vector<std::int64_t> values;

  std::span<const std::int64_t> row(std::size_t area) const noexcept {
    return std::span(values).subspan(area * static_cast<std::size_t>(columns), static_cast<std::size_t>(columns));
  }
};

/// Classes that a rule tells apart: 1, one per channel, or as many as there are numbers.
std::int64_t ClassesOf(const objects::ClassRule& rule, std::int64_t channels);

/// Pixels are by the rule of PolygonMask in an area: by their centres. Errors of Classifier::Bind and of reading;
/// kCancelled. Memory: a block of all channels per worker (about a megapixel), a list of areas per block.
Result<ClassAreas> CountClasses(const RunContext& context, const PlacedPlane& plane,
                                std::span<const objects::ClassRule> rules, std::span<const CountedArea> areas);

}  // namespace tegula::pipeline
