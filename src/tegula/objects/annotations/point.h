// objects/annotations/point.h — outlines that are free of the pixel grid, as a person draws them.
//
// Positions are pixels of the slide's full resolution: (0, 0) is the upper left corner of its first pixel, whose centre
// lies at (0.5, 0.5); y grows downwards. The outlines that are traced from pixels have whole corners instead
// (objects/region.h).
#pragma once

#include <vector>

namespace tegula::objects {

/// What a coordinate may be at most, to either side of zero: twice the sides of the largest slide. Differences of two
/// and products of two differences then keep their meaning in a double.
inline constexpr double kLargestCoordinate = 2147483648.0;

struct Point {
  double y = 0;
  double x = 0;
  friend constexpr bool operator==(Point, Point) = default;
};

/// Closed where it bounds a surface: the last point repeats the first. Runs in either direction.
using PointRing = std::vector<Point>;

struct PointPolygon {
  PointRing outer = {};
  std::vector<PointRing> holes = {};
};

}  // namespace tegula::objects
