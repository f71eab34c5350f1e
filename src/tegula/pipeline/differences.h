// pipeline/differences.h — where along an axis two outputs of a network differ, and how that depends on the distance
// from the ends of the window they come from.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "tegula/pipeline/probe.h"
#include "tegula/tensor/tensor.h"

namespace tegula::pipeline {

/// |a - b|; without bound for NaN beside a number, 0 for NaN beside NaN and for equal infinities.
double DifferenceOf(double a, double b) noexcept;

/// The largest difference at every place along an axis of two tensors of doubles and one shape, each contiguous or cut
/// along this axis from what is.
std::vector<double> DifferencesAlong(int axis, const ConstView& a, const ConstView& b);

/// What differences are compared with: the largest value of the outputs that follow an axis, or 1 if that is larger.
double LargestOutput(const std::vector<Tensor>& outputs, const std::vector<OutputAxis>& followers);

/// How far a change reached, in pixels of the lead input.
struct Reach {
  std::int64_t before = 0, after = 0;
  std::int64_t window_before = 0, window_after = 0;    ///< of changes that end where windows may end
  bool is_open_before = false, is_open_after = false;  ///< to the window's end, so perhaps farther

  bool is_open() const { return is_open_before || is_open_after; }
  std::int64_t farthest() const { return std::max(before, after); }
  void Add(const Reach& reach) {
    before = std::max(before, reach.before), after = std::max(after, reach.after);
    window_before = std::max(window_before, reach.window_before);
    window_after = std::max(window_after, reach.window_after);
    is_open_before |= reach.is_open_before, is_open_after |= reach.is_open_after;
  }
};

/// Differences by their distance from a window's open sides: what a context leaves over.
class ByDistance {
 public:
  /// Negative distances are ignored.
  void Add(std::int64_t distance, double difference);
  void Add(const ByDistance& other);
  /// The largest at this distance or farther; nothing if no pixel is so far from all open sides.
  std::optional<double> Beyond(std::int64_t context) const;
  /// The smallest distance from which on none is above `limit`; nothing if the farthest pixels are.
  std::optional<std::int64_t> Enough(double limit) const;
  /// The largest at every distance from 0 on; -1 where nothing was compared.
  const std::vector<double>& worst() const noexcept { return worst_; }

 private:
  std::vector<double> worst_;  // -1: nothing was compared
};

}  // namespace tegula::pipeline
