// app/compare_objects.h — do two images of numbered objects show the same objects?
//
// The last digits of a network's output move the edge of an object by a pixel, and rules that compare pixel by pixel
// call that a failure or must let everything pass. So results of stardist_postprocessing and cellpose_flow_dynamics are
// compared object by object.
#pragma once

#include "tegula/app/compare.h"

namespace tegula::app {

/// Passed if both have equally many objects, and each object of `expected` shares at least `least_overlap` of the
/// pixels of either (intersection over union) with the object of `actual` that has the same place in the order of
/// numbers. 0 is background; other numbers may have gaps. `max_abs` and `mean_abs` are differences of numbers,
/// mismatched_per_million counts pixels whose objects do not match. Shapes must be equal.
Comparison CompareObjects(const Tensor& actual, const Tensor& expected, double least_overlap);

}  // namespace tegula::app
