// objects/split/watershed.h — a region divided among seeds by flooding a landscape from them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tegula/objects/region_tracer.h"
#include "tegula/objects/split/mask_box.h"

namespace tegula::objects {

/// The number of the seed that each pixel of the region belongs to, from 1; 0 for pixels that are not of the region or
/// that no seed reaches. `labels` has the seeds' numbers where they are and 0 elsewhere, and is returned filled up.
///
/// The highest pixel that a flooded one touches is taken next; of equally high ones that which was touched first; seeds
/// in their order of pixels. This is scikit-image's watershed(-heights, seeds, mask=region), whose only freedom are
/// ties between pixels of seeds. The result follows from the region alone. Cost: the pixels, and a queue of those at
/// the front.
std::vector<std::uint32_t> Flood(const MaskBox& mask, std::span<const std::int32_t> heights,
                                 std::vector<std::uint32_t> labels, Connectivity connectivity);
std::vector<std::uint32_t> Flood(const MaskBox& mask, std::span<const float> heights, std::vector<std::uint32_t> labels,
                                 Connectivity connectivity);

}  // namespace tegula::objects
