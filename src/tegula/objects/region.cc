#include "tegula/objects/region.h"

#include <algorithm>

namespace tegula::objects {
namespace {

// Integrals over the area by Green's theorem. On pixel edges only vertical ones count for area and x, and only
// horizontal ones for y. Unsigned, because partial sums may wrap; the whole is right if it fits.
struct Integrals {
  std::uint64_t area = 0;
  std::uint64_t twice_x = 0;
  std::uint64_t twice_y = 0;

  void Add(const Ring& ring, Corner origin) noexcept {
    for (std::size_t i = 0; i + 1 < ring.size(); ++i) {
      const auto x = static_cast<std::uint64_t>(std::int64_t{ring[i].x} - origin.x);
      const auto y = static_cast<std::uint64_t>(std::int64_t{ring[i].y} - origin.y);
      const auto dx = static_cast<std::uint64_t>(std::int64_t{ring[i + 1].x} - ring[i].x);
      const auto dy = static_cast<std::uint64_t>(std::int64_t{ring[i + 1].y} - ring[i].y);
      area += x * dy;
      twice_x += x * x * dy;
      twice_y -= y * y * dx;
    }
  }
  Moments moments() const noexcept {
    return {static_cast<std::int64_t>(area), static_cast<double>(static_cast<std::int64_t>(twice_x)) / 2,
            static_cast<double>(static_cast<std::int64_t>(twice_y)) / 2};
  }
};

}  // namespace

Moments MomentsOf(const Ring& ring, Corner origin) noexcept {
  Integrals sum;
  sum.Add(ring, origin);
  return sum.moments();
}

Moments MomentsOf(const std::vector<Polygon>& polygons, Corner origin) noexcept {
  Integrals sum;
  for (const Polygon& polygon : polygons) {
    sum.Add(polygon.outer, origin);
    for (const Ring& hole : polygon.holes) sum.Add(hole, origin);
  }
  return sum.moments();
}

Box BoundsOf(const Ring& ring) noexcept {
  Box box{{ring[0].y, ring[0].y}, {ring[0].x, ring[0].x}};
  for (const Corner corner : ring) {
    box.y = {std::min<std::int64_t>(box.y.begin, corner.y), std::max<std::int64_t>(box.y.end, corner.y)};
    box.x = {std::min<std::int64_t>(box.x.begin, corner.x), std::max<std::int64_t>(box.x.end, corner.x)};
  }
  return box;
}

bool Encloses(const Ring& ring, Corner pixel) noexcept {
  bool inside = false;
  for (std::size_t i = 0; i + 1 < ring.size(); ++i) {
    const Corner a = ring[i], b = ring[i + 1];
    const bool crosses_row = std::min(a.y, b.y) <= pixel.y && pixel.y < std::max(a.y, b.y);
    inside ^= crosses_row && a.x > pixel.x;
  }
  return inside;
}

void MeasureOutline(Region& region) noexcept {
  const Corner origin = region.polygons.front().outer.front();
  const Moments moments = MomentsOf(region.polygons, origin);
  const auto area = static_cast<double>(moments.area);
  region.area_px = moments.area;
  region.centroid_y = origin.y + moments.y / area;
  region.centroid_x = origin.x + moments.x / area;
  region.bounds = BoundsOf(region.polygons.front().outer);
  for (const Polygon& polygon : region.polygons) {
    const Box box = BoundsOf(polygon.outer);
    region.bounds.y = {std::min(region.bounds.y.begin, box.y.begin), std::max(region.bounds.y.end, box.y.end)};
    region.bounds.x = {std::min(region.bounds.x.begin, box.x.begin), std::max(region.bounds.x.end, box.x.end)};
  }
}

}  // namespace tegula::objects
