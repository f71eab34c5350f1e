// pipeline/region_of_interest.h — the part of an image that a prediction is asked for, on the grid of an output.
//
// Polygons in pixels of the slide's full resolution say what is asked for, in every plane. A pixel of an output is
// asked for if its centre lies inside, on the output's own grid: of a map of patches, if the centre of its patch does.
// Tiles without such a pixel are not made; chunks without one are not written; what else is not asked for within a
// chunk has the store's fill value. So the result depends on the region and not on tiles, and what is asked for has the
// values that it has without a region.
#pragma once

#include <span>

#include "tegula/core/interval.h"
#include "tegula/image/binding.h"
#include "tegula/objects/annotations/polygon_mask.h"
#include "tegula/objects/region.h"
#include "tegula/outputs/store_part.h"
#include "tegula/pipeline/prediction.h"

namespace tegula::pipeline {

/// Where the pixels of an output lie, along an axis, in pixels of the slide's full resolution: pixel i covers
/// [origin + i * step, origin + (i + 1) * step).
struct SlideAxis {
  double step = 1, origin = 0;
};
/// Along y and x, of an output with this scale and origin (see OutputInfo); `leading` is the image that leads the
/// prediction.
PerAxis<SlideAxis> PlaceOnSlide(const image::BoundInfo& leading, const PerAxis<double>& scale,
                                const PerAxis<double>& origin) noexcept;

/// On the grid of one output. Boxes are of its pixels. Immutable and thread-safe.
class RegionOfInterest {
 public:
  /// kInvalid where pixels are so small or large, or so far away, that PixelAxis refuses.
  static Result<RegionOfInterest> Create(objects::PolygonMask mask, const PerAxis<SlideAxis>& place);

  bool Touches(const Box& box) const { return mask_.Intersects(grid_, box); }
  /// How many pixels of the box are asked for.
  std::int64_t Area(const Box& box) const { return mask_.Area(grid_, box); }
  /// Writes 1 into the pixels that are asked for and 0 into the others. `asked_yx`: uint8, as large as the box.
  void Mark(const Box& box, const View& asked_yx) const { mask_.Fill(grid_, box, asked_yx); }
  /// Calls `sink(y, x)` for the runs of pixels of the box that are asked for, in pixels of the output.
  void ForEachRun(const Box& box, objects::PolygonMask::RunSink sink) const { mask_.ForEachRun(grid_, box, sink); }
  /// Copies the pixels that are asked for. Views of the box's pixels, whose last two axes are y and x.
  void CopyInside(const Box& box, const ConstView& from, const View& to) const;
  /// Gives the pixels that are not asked for objects::kNoClass8. `classes_yx`: uint8. kExhausted.
  Status ClearOutside(const Box& box, const View& classes_yx) const;
  /// Writes 1 into the pixels that have one of the other kind beside them (above, below, left or right) and are asked
  /// for themselves, 0 into all others. `whole` is all of the output: beyond it nothing lies. `edge_yx`: float32.
  Status MarkEdge(const Box& whole, const Box& box, const View& edge_yx) const;

 private:
  RegionOfInterest(objects::PolygonMask mask, const objects::PixelGrid& grid) : mask_(std::move(mask)), grid_(grid) {}
  objects::PolygonMask mask_;
  objects::PixelGrid grid_;
};

/// Whether a pixel of an object lies at the edge of a region, as MarkEdge says. kExhausted. Cost: the object's box.
Result<bool> TouchesEdge(const objects::Region& object, const RegionOfInterest& region, const Box& whole);

/// The sink of one output: planes of a store, of which all or a region is asked for. Borrows the region and what the
/// part borrows. Immutable and thread-safe.
class AskedPart {
 public:
  /// `region` may be null: everything is asked for.
  AskedPart(const outputs::StorePart& part, const RegionOfInterest* region) : part_(part), region_(region) {}

  /// Whether pixels of the block are asked for, and whether all chunks that hold them are there. Blocks consist of
  /// whole chunks, as for StorePart::Write.
  bool IsAsked(const Block& write) const;
  bool Has(const Block& write) const;
  /// Writes what is asked for of a block. Errors of the store, kExhausted. Memory: a chunk of all channels.
  Status Write(const Block& write, const ConstView& pixels_tczyx) const;

 private:
  // Calls f(chunk, pixels of it that are asked for) for the chunks of a block that have some, until it returns false.
  template <class F>
  void ForEachChunk(const Block& write, F&& f) const;

  outputs::StorePart part_;
  const RegionOfInterest* region_;
};

/// What is left to do of a tile that writes into these parts, one per output.
TileState StateOf(const tiling::Tile& tile, std::span<const AskedPart> parts);
/// How many tiles of the plan are asked for.
std::int64_t AskedTiles(const tiling::TilePlan& plan, std::span<const AskedPart> parts);

/// What pixels have that are not asked for: NaN where there is such a value, else 0.
double FillFor(DType dtype) noexcept;

}  // namespace tegula::pipeline
