#include "tegula/objects/measure/hull.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tegula/core/interval.h"
#include "tegula/objects/region_rows.h"

namespace tegula::objects {
namespace {

// Positive if b lies to the left of the straight way down from a to c. Rows are shorter than 2^28 pixels and fewer than
// 2^31, so nothing overflows.
std::int64_t LeftOfLine(HalfPoint a, HalfPoint b, HalfPoint c) noexcept {
  return (c.x - a.x) * (b.y - a.y) - (b.x - a.x) * (c.y - a.y);
}

// Appends a point to a side whose points stand out to the left (sign 1) or to the right (-1).
void Extend(std::vector<HalfPoint>& side, HalfPoint point, std::int64_t sign) {
  while (side.size() > 1 && sign * LeftOfLine(side[side.size() - 2], side.back(), point) <= 0) side.pop_back();
  side.push_back(point);
}

// Columns of one row of pixels, both included.
struct Extent {
  std::int64_t y = 0, left = 0, right = 0;
};

std::vector<Extent> ExtentsOf(const Region& region) {
  std::vector<Extent> extents;
  extents.reserve(static_cast<std::size_t>(region.bounds.height()));
  for (RegionRows rows(region.polygons); rows.Next();)
    extents.push_back({rows.y(), rows.runs().front().begin, rows.runs().back().end - 1});
  return extents;
}

// Rows of which two may have the same y: they become one.
void Add(HalfRow row, std::vector<HalfRow>& rows) {
  if (rows.empty() || rows.back().y != row.y) {
    rows.push_back(row);
    return;
  }
  rows.back().left = std::min(rows.back().left, row.left);
  rows.back().right = std::max(rows.back().right, row.right);
}

// The middles of the edges of the pixels at both ends of each row.
std::vector<HalfRow> EdgeMiddles(std::span<const Extent> extents) {
  std::vector<HalfRow> rows;
  rows.reserve(2 * extents.size() + 1);
  for (const Extent& e : extents) {
    const std::int64_t y = 2 * e.y + 1, left = 2 * e.left + 1, right = 2 * e.right + 1;
    Add({y - 1, left, right}, rows);
    Add({y, left - 1, right + 1}, rows);
    Add({y + 1, left, right}, rows);
  }
  return rows;
}

std::vector<HalfRow> Corners(std::span<const Extent> extents) {
  std::vector<HalfRow> rows;
  rows.reserve(extents.size() + 1);
  for (const Extent& e : extents) {
    Add({2 * e.y, 2 * e.left, 2 * e.right + 2}, rows);
    Add({2 * e.y + 2, 2 * e.left, 2 * e.right + 2}, rows);
  }
  return rows;
}

// Where a side crosses a row of pixel centres; rows are asked from top to bottom.
class Crossing {
 public:
  explicit Crossing(const std::vector<HalfPoint>& side) : side_(side) {}
  // x = whole + part / of, with 0 <= part < of.
  struct At {
    std::int64_t whole, part;
  };
  At Row(std::int64_t y) noexcept {
    while (side_[edge_ + 1].y < y) ++edge_;
    const HalfPoint a = side_[edge_], b = side_[edge_ + 1];
    const std::int64_t run = (b.x - a.x) * (y - a.y), rise = b.y - a.y;
    const std::int64_t whole = FloorDiv(run, rise);
    return {a.x + whole, run - whole * rise};
  }

 private:
  const std::vector<HalfPoint>& side_;
  std::size_t edge_ = 0;
};

// The rows of pixels whose centres lie in the hull or on it.
std::vector<Extent> PixelsWithin(const Hull& hull, Interval y) {
  std::vector<Extent> extents;
  extents.reserve(static_cast<std::size_t>(y.size()));
  Crossing left(hull.left), right(hull.right);
  for (std::int64_t row = y.begin; row < y.end; ++row) {
    const Crossing::At l = left.Row(2 * row + 1), r = right.Row(2 * row + 1);
    const std::int64_t from = l.whole + (l.part > 0 ? 1 : 0);
    const Extent extent{row, CeilDiv(from - 1, 2), FloorDiv(r.whole - 1, 2)};
    if (extent.left <= extent.right) extents.push_back(extent);
  }
  return extents;
}

struct Position {
  double y, x;
};

// Around the hull, in units.
std::vector<Position> Around(const Hull& hull, double step_y, double step_x) {
  std::vector<HalfPoint> points = hull.left;
  for (auto at = hull.right.rbegin(); at != hull.right.rend(); ++at)
    if (*at != points.back() && *at != points.front()) points.push_back(*at);
  std::vector<Position> around;
  around.reserve(points.size());
  for (const HalfPoint& p : points)
    around.push_back({static_cast<double>(p.y) * (step_y / 2), static_cast<double>(p.x) * (step_x / 2)});
  return around;
}

double Cross(Position a, Position b, Position c) noexcept {
  return std::abs((b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x));
}

double Squared(Position a, Position b) noexcept { return (a.y - b.y) * (a.y - b.y) + (a.x - b.x) * (a.x - b.x); }

// Visits every edge with the point that is farthest from it: all pairs that can be farthest apart are among these.
template <class F>
void ForEachEdge(const std::vector<Position>& around, F&& f) {
  const std::size_t n = around.size();
  std::size_t far = 1;
  for (std::size_t i = 0; i < n; ++i) {
    const Position a = around[i], b = around[(i + 1) % n];
    while (Cross(a, b, around[(far + 1) % n]) > Cross(a, b, around[far % n])) ++far;
    f(a, b, around[far % n], around[(far + 1) % n]);
  }
}

double Diameter(const std::vector<Position>& around) {
  double largest = 0;
  ForEachEdge(around, [&](Position a, Position b, Position far, Position next) {
    largest = std::max({largest, Squared(a, far), Squared(b, far), Squared(a, next), Squared(b, next)});
  });
  return std::sqrt(largest);
}

double Width(const std::vector<Position>& around) {
  double least = std::numeric_limits<double>::infinity();
  ForEachEdge(around, [&](Position a, Position b, Position far, Position) {
    least = std::min(least, Cross(a, b, far) / std::sqrt(Squared(a, b)));
  });
  return least;
}

}  // namespace

Hull HullOfRows(std::span<const HalfRow> rows) {
  Hull hull;
  for (const HalfRow& row : rows) {
    Extend(hull.left, {row.y, row.left}, 1);
    Extend(hull.right, {row.y, row.right}, -1);
  }
  return hull;
}

HullMeasures MeasureHull(const Region& region, double step_y, double step_x) {
  const std::vector<Extent> extents = ExtentsOf(region);
  const std::vector<Extent> within = PixelsWithin(HullOfRows(EdgeMiddles(extents)), region.bounds.y);
  HullMeasures measures;
  for (const Extent& extent : within) measures.pixels += extent.right - extent.left + 1;
  measures.max_diameter = Diameter(Around(HullOfRows(EdgeMiddles(within)), step_y, step_x));
  measures.min_diameter = Width(Around(HullOfRows(Corners(extents)), step_y, step_x));
  return measures;
}

}  // namespace tegula::objects
