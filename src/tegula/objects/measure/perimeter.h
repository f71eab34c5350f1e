// objects/measure/perimeter.h — how long the edge of an object is, by scikit-image's two ways of estimating it.
//
// Outlines along pixel edges are longer than what they stand for (a disc's by 27 %). Both estimates look at small
// neighbourhoods of pixels instead: `perimeter` at 3 x 3 around each border pixel (Benkrid and Crookes), and
// `perimeter_crofton` at 2 x 2 (Crofton's formula with four directions; Ohser, Nagel and Schladitz 2002).
#pragma once

#include "tegula/objects/region.h"

namespace tegula::objects {

/// In pixels.
struct Perimeters {
  double border = 0;   ///< skimage.measure.perimeter(mask, neighborhood=4)
  double crofton = 0;  ///< skimage.measure.perimeter_crofton(mask, directions=4)
};

/// Of a region's pixels. Cost: its box, 64 pixels at a time; memory of seven rows.
Perimeters PerimetersOf(const Region& region);

}  // namespace tegula::objects
