// objects/annotations/polygon_mask.h — which pixels lie within polygons, for any box of any pixel grid.
//
// A pixel belongs to the mask if its centre lies inside. Inside a polygon is what an odd number of its rings' edges
// separate from the far left (even-odd: holes, islands in holes and rings that touch themselves need no care); inside
// the mask is what lies inside any polygon. A centre on an edge belongs to the polygon to its right, or below it: two
// polygons that share an edge share no pixel and lose none, whichever way their rings run, because an edge's crossing
// with a row of pixels is computed from its upper to its lower end. An edge that one of two neighbours has in pieces
// and the other in one is shared exactly if it is horizontal or vertical, otherwise as exactly as doubles are.
// Crossings are rounded doubles: right to 10^-5 pixels everywhere, and exact for corners on half pixels of slides up to
// 2^20 pixels.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "tegula/core/function_ref.h"
#include "tegula/core/interval.h"
#include "tegula/core/status.h"
#include "tegula/objects/annotations/pixel_grid.h"
#include "tegula/objects/annotations/point.h"
#include "tegula/tensor/tensor.h"

namespace tegula::objects {

/// All of a box of the full resolution.
PointPolygon PolygonOf(const Box& box);

/// Memory: 40 bytes per vertex, whatever the area. A query reads the edges in the rows of its box, in whatever columns
/// they are, and costs a crossing per edge and row for polygons that reach into its columns; it allocates as much as 64
/// rows have crossings. Immutable and thread-safe.
class PolygonMask {
 public:
  /// Covers nothing.
  PolygonMask();
  /// In pixels of the full resolution. Rings need not be closed, holes need not lie within their outer rings. kInvalid
  /// for a coordinate that is not finite or beyond kLargestCoordinate. Cost: sorting the edges.
  static Result<PolygonMask> Create(const std::vector<PointPolygon>& polygons);
  /// Of PolygonOf(box).
  static Result<PolygonMask> Rectangle(const Box& box);

  /// Takes the columns of one run of a row.
  using RunSink = FunctionRef<void(std::int64_t y, Interval x)>;
  /// Calls `sink` for the runs of pixels in a box, by rows and from left to right; no two of a row touch. The box
  /// stays within 2^40 of zero, in pixels of the grid, as all boxes here.
  void ForEachRun(const PixelGrid& grid, const Box& box, RunSink sink) const;
  /// Whether the mask has a pixel in the box. Exact. Stops at the first row that has one.
  bool Intersects(const PixelGrid& grid, const Box& box) const;
  /// How many pixels of the box the mask has.
  std::int64_t Area(const PixelGrid& grid, const Box& box) const;
  /// Writes 1 into the pixels of the mask and 0 into the others. `mask_yx`: uint8, as large as the box, any strides.
  void Fill(const PixelGrid& grid, const Box& box, View mask_yx) const;
  /// The pixels of `within` whose centres lie in the rectangle around all polygons: nothing of the mask is outside.
  Box Bounds(const PixelGrid& grid, const Box& within) const noexcept;

 private:
  class Edges;
  explicit PolygonMask(std::shared_ptr<const Edges> edges);
  /// Until `sink` returns false.
  void ForEachRunWhile(const PixelGrid& grid, const Box& box, FunctionRef<bool(std::int64_t y, Interval x)> sink) const;

  std::shared_ptr<const Edges> edges_;
};

}  // namespace tegula::objects
