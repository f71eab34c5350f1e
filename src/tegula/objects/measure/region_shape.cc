#include "tegula/objects/measure/region_shape.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numbers>

#include "tegula/objects/measure/hull.h"
#include "tegula/objects/measure/perimeter.h"
#include "tegula/objects/region_rows.h"

namespace tegula::objects {
namespace {

struct RingLengths {
  double y = 0, x = 0;  // of vertical and of horizontal edges, in pixels
};

RingLengths LengthsOf(const Region& region) {
  RingLengths sum;
  const auto add = [&](const Ring& ring) {
    for (std::size_t i = 0; i + 1 < ring.size(); ++i) {
      sum.y += static_cast<double>(std::abs(std::int64_t{ring[i + 1].y} - ring[i].y));
      sum.x += static_cast<double>(std::abs(std::int64_t{ring[i + 1].x} - ring[i].x));
    }
  };
  for (const Polygon& polygon : region.polygons) {
    add(polygon.outer);
    for (const Ring& hole : polygon.holes) add(hole);
  }
  return sum;
}

// The ellipse with the same second moments.
void SetEllipse(const PixelSums& sums, const MapFrame& frame, RegionShape& shape) {
  const double mean_y = sums.y / sums.n, mean_x = sums.x / sums.n;
  const double step_y = frame.step_y(), step_x = frame.step_x();
  const double yy = (sums.yy / sums.n - mean_y * mean_y) * step_y * step_y;
  const double xx = (sums.xx / sums.n - mean_x * mean_x) * step_x * step_x;
  const double xy = (sums.xy / sums.n - mean_y * mean_x) * step_y * step_x;
  const double middle = (yy + xx) / 2, spread = std::hypot((yy - xx) / 2, xy);
  const double larger = std::max(0.0, middle + spread), smaller = std::max(0.0, middle - spread);
  shape.major_axis = 4 * std::sqrt(larger);
  shape.minor_axis = 4 * std::sqrt(smaller);
  shape.eccentricity = larger > 0 ? std::sqrt(1 - smaller / larger) : 0;
  if (xx == yy) {
    shape.orientation = xy > 0 ? std::numbers::pi / 4 : -std::numbers::pi / 4;
  } else {
    shape.orientation = 0.5 * std::atan2(2 * xy, yy - xx);
  }
}

}  // namespace

PixelSums SumsOf(const Region& region) {
  PixelSums sums;
  for (RegionRows rows(region.polygons); rows.Next();) {
    const auto y = static_cast<double>(rows.y() - region.bounds.y.begin);
    double n = 0, x = 0;
    for (const PixelRun run : rows.runs()) {
      const auto begin = static_cast<double>(run.begin - region.bounds.x.begin);
      const auto end = static_cast<double>(run.end - region.bounds.x.begin);
      const auto below = [](double i) { return i * (i - 1) / 2; };  // 0 + 1 + ... + i-1
      const auto squares_below = [](double i) { return (i - 1) * i * (2 * i - 1) / 6; };
      n += end - begin;
      x += below(end) - below(begin);
      sums.xx += squares_below(end) - squares_below(begin);
    }
    sums.n += n;
    sums.y += y * n;
    sums.yy += y * y * n;
    sums.x += x;
    sums.xy += y * x;
  }
  return sums;
}

RegionShape ShapeOf(const Region& region, const MapFrame& frame) {
  const double step_y = frame.step_y(), step_x = frame.step_x(), pixel = frame.pixel_area();
  const double step = std::sqrt(pixel);
  RegionShape shape;
  shape.area = static_cast<double>(region.area_px) * pixel;
  const RingLengths lengths = LengthsOf(region);
  shape.length = lengths.y * step_y + lengths.x * step_x;
  const Perimeters perimeters = PerimetersOf(region);
  shape.perimeter = perimeters.border * step;
  shape.crofton = perimeters.crofton * step;
  SetEllipse(SumsOf(region), frame, shape);
  const HullMeasures hull = MeasureHull(region, step_y, step_x);
  shape.convex_area = static_cast<double>(hull.pixels) * pixel;
  shape.max_diameter = hull.max_diameter;
  shape.min_diameter = hull.min_diameter;
  for (const Polygon& polygon : region.polygons) {
    for (const Ring& hole : polygon.holes) {
      ++shape.holes;
      shape.hole_area -= static_cast<double>(MomentsOf(hole, hole.front()).area) * pixel;
    }
  }
  return shape;
}

}  // namespace tegula::objects
