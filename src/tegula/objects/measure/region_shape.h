// objects/measure/region_shape.h — the numbers behind what is measured of an object's shape.
//
// Definitions are scikit-image's (regionprops of the object's mask, with `spacing`), unless the table in
// measurements.cc says otherwise; see there what each is called.
#pragma once

#include <cstdint>

#include "tegula/objects/map_frame.h"
#include "tegula/objects/region.h"

namespace tegula::objects {

/// In units of the frame and their squares. Lengths that follow pixels and know no direction (`perimeter`, `crofton`)
/// are scaled by the geometric mean of both steps.
struct RegionShape {
  double area = 0;
  double length = 0;  ///< of all rings
  double perimeter = 0, crofton = 0;
  double major_axis = 0, minor_axis = 0, eccentricity = 0;
  double orientation = 0;  ///< of the major axis to the rows' axis, counter-clockwise, in radians
  double convex_area = 0;
  double max_diameter = 0, min_diameter = 0;
  std::int64_t holes = 0;
  double hole_area = 0;
};

/// Sums over a region's pixels, with positions of pixel centres relative to the box's first pixel: exact for boxes up
/// to 100,000 pixels.
struct PixelSums {
  double n = 0, y = 0, x = 0, yy = 0, xx = 0, xy = 0;
};
PixelSums SumsOf(const Region& region);

/// Cost: a few times the outline, and the box's pixels 64 at a time.
RegionShape ShapeOf(const Region& region, const MapFrame& frame);

}  // namespace tegula::objects
