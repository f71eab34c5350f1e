// tiling/seams.h — a plan seen from its result: where the pieces of an axis meet, and how much of its surroundings the
// network was given for each output pixel.
//
// Whether a context is large enough shows at the seams first: there a pixel saw the least.
#pragma once

#include <cstdint>
#include <vector>

#include "tegula/tiling/axis_plan.h"

namespace tegula::tiling {

/// Farther than any image reaches: there is no seam, or no side on which a window ends inside the image.
inline constexpr std::int64_t kNowhere = std::int64_t{1} << 40;

/// An output along an axis. Distances are pixels of the leading input, one entry per output pixel.
struct Seams {
  std::vector<std::int64_t> starts;   ///< the first output pixel behind each seam, ascending
  std::vector<std::int64_t> to_seam;  ///< 0 right beside one
  std::vector<std::int64_t> seen;     ///< from the pixel to the nearer open side of its window: at least the context
};

/// The first pixel behind each seam of an output, ascending, in pixels that the network gives.
std::vector<std::int64_t> SeamStarts(const AxisPlan& plan, std::size_t output);

/// Of output number `output`, which follows `rule`. Patches know no seams: each is an answer of its own.
Seams SeamsOf(const OutputRule& rule, const AxisPlan& plan, std::size_t output);

}  // namespace tegula::tiling
