// objects/stardist/sweep_polygon.h — a polygon on whole pixels, cut into the chains that a sweep over rows can follow.
//
// StarDist's non-maximum suppression intersects polygons whose corners were truncated to whole pixels, with
// Clipper 6.4.2 (A. Johnson). An area that comes out half a pixel larger can keep or drop an object, so the preparation
// here makes the same choices as that library: repeated and collinear corners go, in its order; horizontal edges belong
// to the right chain at the bottom and to the left one at the top.
//
// Rows grow downwards; the sweep runs from the largest y to the smallest, "up".
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tegula::objects {

/// A corner of a polygon, in whole pixels of the image.
struct GridPoint {
  std::int32_t x = 0;
  std::int32_t y = 0;
  friend constexpr bool operator==(GridPoint, GridPoint) = default;
};

/// Twice the signed area of the triangle (0, 0), a, b. Exact for coordinates below 2^31.
constexpr std::int64_t TwiceTriangle(GridPoint a, GridPoint b) noexcept {
  return static_cast<std::int64_t>(a.x) * b.y - static_cast<std::int64_t>(a.y) * b.x;
}

/// Whether the lines a-b and c-d have the same slope. Exact for coordinates below 2^30.
constexpr bool IsParallel(GridPoint a, GridPoint b, GridPoint c, GridPoint d) noexcept {
  return (static_cast<std::int64_t>(a.y) - b.y) * (static_cast<std::int64_t>(c.x) - d.x) ==
         (static_cast<std::int64_t>(a.x) - b.x) * (static_cast<std::int64_t>(c.y) - d.y);
}

/// One edge, from its lower end (larger y) to its upper one.
struct SweepEdge {
  static constexpr double kHorizontal = -1e40;  ///< smaller than every slope, so that it sorts to the right

  GridPoint bottom;
  GridPoint top;
  double slope = 0;  ///< pixels of x per pixel of y

  static SweepEdge Between(GridPoint bottom, GridPoint top) noexcept {
    const int height = top.y - bottom.y;
    return {bottom, top, height == 0 ? kHorizontal : static_cast<double>(top.x - bottom.x) / height};
  }
  bool is_horizontal() const noexcept { return slope == kHorizontal; }
  /// Where the edge crosses row y, rounded to the nearest pixel, halves away from `bottom`.
  std::int32_t XAt(std::int32_t y) const noexcept {
    if (y == top.y) return top.x;
    const double offset = slope * (y - bottom.y);
    return bottom.x + static_cast<std::int32_t>(offset < 0 ? offset - 0.5 : offset + 0.5);
  }
};

/// Where two edges cross, in whole pixels: not above the top of either and not below row `floor_y`.
GridPoint CrossingOf(const SweepEdge& a, const SweepEdge& b, std::int32_t floor_y) noexcept;

/// Whether `edge`, which begins at `edge_x` on the sweep line, belongs to the left of `other`, which is at `other_x`.
bool BelongsBefore(const SweepEdge& other, std::int32_t other_x, const SweepEdge& edge, std::int32_t edge_x) noexcept;

/// Edges [first, last] of a polygon that climb from a local minimum (at the bottom) to a local maximum.
struct SweepChain {
  std::int32_t first = 0;
  std::int32_t last = 0;
  std::int32_t partner = -1;  ///< the chain that comes up to the same maximum
  int winding = 0;            ///< +1 if it follows the order of the corners, else -1
};

/// A polygon ready for PolygonSweep. Assign keeps the memory of earlier polygons. One thread at a time.
class SweepPolygon {
 public:
  /// Corners in ring order, coordinates below 2^30. A polygon without area has no chains afterwards.
  /// Cost: a few passes over the corners.
  void Assign(std::span<const GridPoint> corners);

  std::span<const SweepEdge> edges() const noexcept { return edges_; }
  /// Left and right chain of each local minimum in turn, minima in the order of the corners.
  std::span<const SweepChain> chains() const noexcept { return chains_; }

 private:
  void Simplify(std::span<const GridPoint> corners);
  void AddMinimum(std::int32_t corner);
  void Climb(std::int32_t corner, bool forward);
  void PairMaxima();

  std::int32_t Wrap(std::int32_t corner) const noexcept;
  GridPoint At(std::int32_t corner) const noexcept { return ring_[static_cast<std::size_t>(Wrap(corner))]; }

  std::vector<GridPoint> ring_;                   // what is left of the corners
  std::vector<std::int32_t> next_, before_;       // its links while corners go
  std::vector<std::int32_t> chain_of_, last_of_;  // by edge of the ring (from its corner to the next), by chain
  std::vector<SweepEdge> edges_;
  std::vector<SweepChain> chains_;
};

}  // namespace tegula::objects
