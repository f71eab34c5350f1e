#include "tegula/objects/annotations/placed_geometry.h"

#include <cmath>
#include <utility>

namespace tegula::objects {
namespace {

// Sums of positions by weight, relative to a point close by so that nothing is lost far from the origin.
struct Weighted {
  double weight = 0, y = 0, x = 0;
  void Add(double by, double at_y, double at_x) noexcept {
    weight += by;
    y += by * at_y;
    x += by * at_x;
  }
  void Add(const Weighted& other, double sign) noexcept {
    weight += sign * other.weight;
    y += sign * other.y;
    x += sign * other.x;
  }
  std::optional<Point> Middle(Point origin) const noexcept {
    if (!(std::abs(weight) > 0)) return std::nullopt;
    return Point{origin.y + y / weight, origin.x + x / weight};
  }
};

// Green's theorem, with a positive area whichever way the ring runs.
Weighted OfRing(const PointRing& ring, Point origin) noexcept {
  Weighted sum;
  for (std::size_t i = 0; i + 1 < ring.size(); ++i) {
    const double y0 = ring[i].y - origin.y, x0 = ring[i].x - origin.x;
    const double y1 = ring[i + 1].y - origin.y, x1 = ring[i + 1].x - origin.x;
    sum.Add((x0 * y1 - x1 * y0) / 2, (y0 + y1) / 3, (x0 + x1) / 3);
  }
  if (sum.weight < 0) sum = {-sum.weight, -sum.y, -sum.x};
  return sum;
}

// A ray to the left meets the ring an odd number of times.
bool Encloses(const PointRing& ring, Point point) noexcept {
  bool inside = false;
  for (std::size_t i = 0; i + 1 < ring.size(); ++i) {
    Point upper = ring[i], lower = ring[i + 1];
    if (lower.y < upper.y) std::swap(upper, lower);
    if (point.y < upper.y || lower.y <= point.y) continue;
    inside = inside != (upper.x + (point.y - upper.y) / (lower.y - upper.y) * (lower.x - upper.x) <= point.x);
  }
  return inside;
}

}  // namespace

std::optional<Point> CentroidOf(const Geometry& geometry) {
  Weighted surface, length, count;
  Point origin;
  if (!geometry.polygons.empty()) {
    origin = geometry.polygons.front().outer.front();
    for (const PointPolygon& polygon : geometry.polygons) {
      surface.Add(OfRing(polygon.outer, origin), 1);
      for (const PointRing& hole : polygon.holes) surface.Add(OfRing(hole, origin), -1);
    }
    if (const auto middle = surface.Middle(origin)) return middle;
    for (const PointPolygon& polygon : geometry.polygons)
      for (const Point& point : polygon.outer) count.Add(1, point.y - origin.y, point.x - origin.x);
    return count.Middle(origin);
  }
  if (!geometry.lines.empty()) origin = geometry.lines.front().front();
  for (const PointRing& line : geometry.lines)
    for (std::size_t i = 0; i + 1 < line.size(); ++i)
      length.Add(std::hypot(line[i + 1].y - line[i].y, line[i + 1].x - line[i].x),
                 (line[i].y + line[i + 1].y) / 2 - origin.y, (line[i].x + line[i + 1].x) / 2 - origin.x);
  if (const auto middle = length.Middle(origin)) return middle;
  for (const Point& point : geometry.points) count.Add(1, point.y, point.x);
  return count.Middle({});
}

bool Contains(const Geometry& geometry, Point point) noexcept {
  for (const PointPolygon& polygon : geometry.polygons) {
    bool inside = Encloses(polygon.outer, point);
    for (const PointRing& hole : polygon.holes) inside = inside != Encloses(hole, point);
    if (inside) return true;
  }
  return false;
}

}  // namespace tegula::objects
