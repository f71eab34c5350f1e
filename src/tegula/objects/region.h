// objects/region.h — one object: connected pixels of one class, with its exact outline.
//
// Outlines run along pixel edges and their vertices are pixel corners: pixel (y, x) covers [x, x + 1] by [y, y + 1],
// y grows downwards. Rings are closed (the last corner repeats the first), hold no corner on a straight line, and start
// at their topmost corner, of several the leftmost. The outer ring has a positive area by the shoelace formula over (x,
// y) as written (counter-clockwise if y is drawn upwards, as RFC 7946 asks; clockwise on a screen); holes have a
// negative one. Polygons are valid by the OGC's rules: no ring touches itself, rings of one polygon touch in single
// points at most.
#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include "tegula/core/interval.h"

namespace tegula::objects {

/// A corner of the pixel grid, or the pixel to the lower right of it. Ordered by y, then x.
struct Corner {
  std::int32_t y = 0;
  std::int32_t x = 0;
  friend constexpr auto operator<=>(Corner, Corner) = default;
};

using Ring = std::vector<Corner>;

struct Polygon {
  Ring outer;
  std::vector<Ring> holes;  ///< ordered by their first corners
};

struct Region {
  std::int32_t label = 0;    ///< the class
  std::int64_t number = 0;   ///< in an image of numbered objects; 0 if it comes of none
  float score = 0;           ///< that a model gave it; 0 if none did
  Corner first = {};         ///< the region's first pixel in (y, x) order; names it within one class map
  std::int64_t pixels = 0;   ///< pixels of the class
  std::int64_t area_px = 0;  ///< pixels within the outline: `pixels` and what filled holes add
  double centroid_y = 0;     ///< of the outline, in corner coordinates: 0.5 for pixel 0
  double centroid_x = 0;
  Box bounds = {};                     ///< of the outline, in pixels
  std::vector<Polygon> polygons = {};  ///< one; several if only diagonals connect them. Ordered by their first corners
};

/// Area and first moments of an outline in pixels; moments are relative to the corner `origin`. Exact as long as twice
/// the moments stay below 2^63, which a region of two million by one million pixels does.
struct Moments {
  std::int64_t area = 0;
  double x = 0;
  double y = 0;
};
Moments MomentsOf(const Ring& ring, Corner origin) noexcept;
Moments MomentsOf(const std::vector<Polygon>& polygons, Corner origin) noexcept;

/// The smallest box of pixels around the ring.
Box BoundsOf(const Ring& ring) noexcept;

/// Whether the pixel lies within the ring.
bool Encloses(const Ring& ring, Corner pixel) noexcept;

/// Sets area, centroid and bounds of a region from its polygons, of which there is at least one.
void MeasureOutline(Region& region) noexcept;

}  // namespace tegula::objects
