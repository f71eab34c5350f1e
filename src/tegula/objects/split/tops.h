// objects/split/tops.h — the tops of a landscape that stand out.
//
// A landscape has a height at every pixel of a region. If it is flooded and the water sinks, tops come out one after
// the other and grow together at passes; the lower of two that meet is a top of its own only if it rises at least
// `depth` above the pass (its dynamics; scikit-image's h_maxima finds the same). Seeds that the user brings are tops as
// they are.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tegula/objects/region_tracer.h"
#include "tegula/objects/split/mask_box.h"

namespace tegula::objects {

/// One pixel of each top: of a plateau, and of equal tops, the first. In the order of pixels; at least one. The heights
/// are squares of distances, and the depth is one of distances.
std::vector<std::size_t> TopsOfDistances(const MaskBox& mask, std::span<const std::int32_t> squared, double depth,
                                         Connectivity connectivity);
/// The same of values, of which none is NaN.
std::vector<std::size_t> TopsOfValues(const MaskBox& mask, std::span<const float> values, double depth,
                                      Connectivity connectivity);

}  // namespace tegula::objects
