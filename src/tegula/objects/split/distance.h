// objects/split/distance.h — how far each pixel of a region is from its edge.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "tegula/objects/split/mask_box.h"

namespace tegula::objects {

/// Of pixels without an edge to be far from: all around is region or the image's side.
inline constexpr std::int32_t kNoEdge = std::numeric_limits<std::int32_t>::max();

/// Squared distances between pixel centres, from each pixel of the region to the nearest that is not of it; 0 for the
/// latter. Exact, as scipy.ndimage.distance_transform_edt of the region's mask: what lies beyond a side of the image is
/// no edge. Cost: the box (Meijster, Roerdink and Hesselink 2000). Boxes are smaller than 2^15 pixels along each side,
/// or lower than that along one: squares must fit.
std::vector<std::int32_t> SquaredDistances(const MaskBox& mask, const ImageSides& sides);

}  // namespace tegula::objects
