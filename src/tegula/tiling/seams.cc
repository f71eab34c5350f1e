#include "tegula/tiling/seams.h"

#include <algorithm>

namespace tegula::tiling {
namespace {

// The largest context that an output pixel of the padded axis' network output still has in a window: the inverse of
// what decides which pixels a window may give (axis_plan.cc).
std::int64_t SeenIn(const OutputRule& rule, Interval window, std::int64_t padded, std::int64_t pixel) {
  const Rational back = rule.scale.Inverse();
  const std::int64_t lost_before = FloorDiv(rule.offset, 2), lost_after = rule.offset - lost_before;
  std::int64_t seen = kNowhere;
  if (window.begin > 0) seen = std::min(seen, back.Floor(pixel - lost_after) - window.begin);
  if (window.end < padded) seen = std::min(seen, window.end - back.Ceil(pixel + 1 - lost_before));
  return seen;
}

}  // namespace

std::vector<std::int64_t> SeamStarts(const AxisPlan& plan, std::size_t output) {
  std::vector<std::int64_t> starts;
  if (plan.is_patches()) return starts;
  for (const Window& window : plan.windows)
    if (const Interval write = window.pieces[output].write; !write.empty() && write.begin > 0)
      starts.push_back(write.begin);
  return starts;
}

Seams SeamsOf(const OutputRule& rule, const AxisPlan& plan, std::size_t output) {
  const auto size = static_cast<std::size_t>(plan.outputs[output].size);
  Seams seams{{}, std::vector<std::int64_t>(size, kNowhere), std::vector<std::int64_t>(size, kNowhere)};
  if (plan.is_patches() || rule.collapses) return seams;
  seams.starts = SeamStarts(plan, output);
  const Rational back = rule.scale.Inverse();
  for (const Window& window : plan.windows) {
    const Piece& piece = window.pieces[output];
    const Interval write = piece.write;
    if (write.empty()) continue;
    const bool is_first = write.begin == 0, is_last = write.end == plan.outputs[output].size;
    // Between the output's own pixels and those of the network on the whole padded axis.
    const std::int64_t crop = piece.use.begin + rule.scale.Floor(window.input.begin) - write.begin;
    for (std::int64_t i = write.begin; i < write.end; ++i) {
      const auto at = static_cast<std::size_t>(i);
      if (!is_first) seams.to_seam[at] = back.Floor(i - write.begin);
      if (!is_last) seams.to_seam[at] = std::min(seams.to_seam[at], back.Floor(write.end - 1 - i));
      seams.seen[at] = SeenIn(rule, window.input, plan.padded, i + crop);
    }
  }
  return seams;
}

}  // namespace tegula::tiling
