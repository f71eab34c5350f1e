// objects/split/split_region.h — touching objects taken apart.
//
// A connected region may hold several objects that touch. Each region is worked on in a box of its own, so that what
// comes out depends on its pixels (and, for seeds, on the values there) and on nothing else: no tile, no order, no
// other region.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "tegula/core/status.h"
#include "tegula/objects/region_tracer.h"
#include "tegula/objects/split/mask_box.h"

namespace tegula::objects {

enum class SplitMethod : std::uint8_t {
  kNone,
  kDistance,  ///< landscape: distance to the edge; seeds: its tops
  kValues,    ///< landscape: the values of a channel; seeds: its tops
  kSeeds,     ///< landscape: the values of a channel; seeds: connected pixels that reach a threshold
};

struct SplitOptions {
  SplitMethod method = SplitMethod::kNone;
  /// How far a top rises above the pass to a higher one, at least: pixels for kDistance, else in the channel's values.
  double depth = 1;
  double seed_threshold = 0.5;
  Connectivity connectivity = Connectivity::kEdges;
};

/// Regions whose boxes have more pixels are left whole: splitting takes about 25 bytes of memory per pixel of the box.
inline constexpr std::int64_t kLargestSplitBox = std::int64_t{8} << 20;

/// Fills the values of the channel in a box, row by row. Errors of what is read.
using BoxValues = std::function<Status(const Box& box, std::span<float> values)>;

/// The parts of a region in the order of their first pixels, each connected, with the label of the region; nothing if
/// it is one. `values` is called once for kValues and kSeeds; NaN is lower than all. Its box has at most
/// kLargestSplitBox pixels. Cost: the box, and a sort of the region's pixels.
Result<std::vector<Region>> SplitRegion(const Region& region, const SplitOptions& options, const ImageSides& sides,
                                        const BoxValues& values = {});

}  // namespace tegula::objects
