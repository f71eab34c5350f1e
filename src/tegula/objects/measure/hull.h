// objects/measure/hull.h — the convex hull of an object's pixels, with whole numbers only.
//
// scikit-image's convex_hull_image takes each pixel as the four middles of its edges, and counts the pixels whose
// centres lie within the hull of all of them or on it; feret_diameter_max is the largest distance between edge middles
// of that hull image. Positions here are half pixels, in which all of these are whole, so nothing is rounded.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tegula/objects/region.h"

namespace tegula::objects {

/// A position in half pixels. Of corners both coordinates are even, of pixel centres both odd.
struct HalfPoint {
  std::int64_t y = 0;
  std::int64_t x = 0;
  friend constexpr bool operator==(HalfPoint, HalfPoint) = default;
};

/// From `left` to `right`, both included, at one y.
struct HalfRow {
  std::int64_t y = 0;
  std::int64_t left = 0;
  std::int64_t right = 0;
};

/// The convex polygon around rows of ascending y, of which none are equal: its two sides from top to bottom, each
/// turning only one way. Cost: the rows.
struct Hull {
  std::vector<HalfPoint> left, right;
};
Hull HullOfRows(std::span<const HalfRow> rows);

/// What is measured of the hulls of a region.
struct HullMeasures {
  std::int64_t pixels = 0;  ///< of skimage.morphology.convex_hull_image
  double max_diameter = 0;  ///< as skimage's feret_diameter_max
  double min_diameter = 0;  ///< the least distance of two parallel lines around the outline (JTS MinimumDiameter)
};
/// In units, of which a pixel has `step_y` times `step_x`. Cost: the outline, and the rows of its box.
HullMeasures MeasureHull(const Region& region, double step_y, double step_x);

}  // namespace tegula::objects
