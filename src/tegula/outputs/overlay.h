// outputs/overlay.h — results drawn over a thumbnail: class maps, probabilities and outlines of objects.
//
// Pure functions over pixels in memory: RGB (y, x, 3) uint8 goes in and is changed in place. A map covers the same
// field as the picture and may have another size: the picture's pixel centres pick its nearest pixel. Colours are
// blended in sRGB, as viewers do.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tegula/outputs/palette.h"
#include "tegula/tensor/tensor.h"

namespace tegula::outputs {

/// Blends the colour of each pixel's class over the picture. `classes_yx` is an integer or bool map; class c > 0 gets
/// `colours[c - 1]` with `opacity` in [0, 1]; class 0 and classes without a colour leave the picture as it is.
void OverlayClasses(const ConstView& classes_yx, std::span<const Rgb> colours, double opacity,
                    const View& picture_yxc) noexcept;

/// Blends `colour` over the picture, the more the higher the value: not at all at `low` and below, with `opacity` at
/// `high` and above. `values_yx` is a map of any real type; NaN leaves the picture as it is. `low` < `high`.
void OverlayValues(const ConstView& values_yx, double low, double high, Rgb colour, double opacity,
                   const View& picture_yxc) noexcept;

/// A position in picture pixels; pixel (0, 0) covers [0, 1) x [0, 1).
struct Point {
  double y = 0;
  double x = 0;
};
/// A closed line; the last point is joined with the first whether or not it repeats it.
using Ring = std::vector<Point>;

/// Draws smooth outlines `width` pixels wide. Where lines of one call meet or overlap the colour is laid on once, so
/// the order of the rings does not matter. Points may lie outside the picture; lines to points that are not finite are
/// left out. Cost: by the length of the lines, and one byte of memory per pixel of the picture.
Status DrawOutlines(std::span<const Ring> rings, Rgb colour, double width, const View& picture_yxc);

}  // namespace tegula::outputs
