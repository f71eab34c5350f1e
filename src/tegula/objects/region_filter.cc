#include "tegula/objects/region_filter.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

namespace tegula::objects {
namespace {

// Erases what begins within the hole and is meant by `erasable`.
template <class T, class Erasable>
void EraseWithin(const Ring& hole, std::map<Corner, T>& by_first_pixel, Erasable&& erasable) {
  if (by_first_pixel.empty()) return;
  const Box box = BoundsOf(hole);
  for (std::int64_t y = box.y.begin; y < box.y.end; ++y) {
    const Corner row_end{static_cast<std::int32_t>(y), static_cast<std::int32_t>(box.x.end)};
    auto it = by_first_pixel.lower_bound({static_cast<std::int32_t>(y), static_cast<std::int32_t>(box.x.begin)});
    while (it != by_first_pixel.end() && it->first < row_end) {
      const bool erase = erasable(it->second) && Encloses(hole, it->first);
      it = erase ? by_first_pixel.erase(it) : std::next(it);
    }
  }
}

// Takes the holes below the limit out of the polygons.
std::vector<Ring> TakeSmallHoles(std::vector<Polygon>& polygons, std::int64_t limit) {
  std::vector<Ring> small;
  for (Polygon& polygon : polygons) {
    const auto is_large = [&](const Ring& hole) { return -MomentsOf(hole, hole.front()).area >= limit; };
    const auto first_small = std::stable_partition(polygon.holes.begin(), polygon.holes.end(), is_large);
    std::move(first_small, polygon.holes.end(), std::back_inserter(small));
    polygon.holes.erase(first_small, polygon.holes.end());
  }
  return small;
}

}  // namespace

std::int64_t EnclosedArea(const Region& region) noexcept {
  std::int64_t area = 0;
  for (const Polygon& polygon : region.polygons) area += MomentsOf(polygon.outer, polygon.outer.front()).area;
  return area;
}

void RegionFilter::FillHoles(Region& region) {
  const std::vector<Ring> filled = TakeSmallHoles(region.polygons, options_.fill_holes_below_px);
  if (filled.empty()) return;
  for (const Ring& hole : filled)
    EraseWithin(hole, held_, [&](const Region& other) { return other.label == region.label; });
  if (region.polygons.size() > 1) {
    std::map<Corner, Polygon> parts;
    for (Polygon& part : region.polygons) parts.emplace(part.outer.front(), std::move(part));
    for (const Ring& hole : filled) EraseWithin(hole, parts, [](const Polygon&) { return true; });
    region.polygons.clear();
    for (auto& entry : parts) region.polygons.push_back(std::move(entry.second));
  }
  MeasureOutline(region);
}

Status RegionFilter::Add(Region region, RegionSink sink) {
  const std::int64_t enclosed = EnclosedArea(region);
  if (enclosed < options_.min_area_px) return Ok();
  FillHoles(region);
  // Only what is smaller than a hole that will be filled can lie in one.
  if (enclosed >= options_.fill_holes_below_px) return sink(std::move(region));
  const Corner first = region.first;
  held_.emplace(first, std::move(region));
  return Ok();
}

Status RegionFilter::Release(Corner corner, RegionSink sink) {
  while (!held_.empty() && held_.begin()->first < corner)
    TEGULA_TRY(sink(std::move(held_.extract(held_.begin()).mapped())));
  return Ok();
}

}  // namespace tegula::objects
