// pipeline/ordered_sum.h — a sum of many values that comes out the same however they arrive in pieces.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace tegula::pipeline {

/// Adds values in their order: value i goes to sum i % 8 in double, and the eight are added at the end. So the result
/// is that of the sequence alone, and the processor adds several at once. One thread at a time.
class OrderedSum {
 public:
  /// Adds f(value) for each.
  template <class F>
  void Add(std::span<const float> values, F&& f) noexcept {
    std::size_t i = 0;
    for (; i < values.size() && next_ % kLanes != 0; ++i) sums_[next_++ % kLanes] += f(values[i]);
    for (; i + kLanes <= values.size(); i += kLanes)
      for (std::size_t lane = 0; lane < kLanes; ++lane) sums_[lane] += f(values[i + lane]);
    next_ %= kLanes;
    for (; i < values.size(); ++i) sums_[next_++] += f(values[i]);
  }
  void Add(std::span<const float> values) noexcept {
    Add(values, [](float value) { return static_cast<double>(value); });
  }
  double Sum() const noexcept {
    return ((sums_[0] + sums_[4]) + (sums_[1] + sums_[5])) + ((sums_[2] + sums_[6]) + (sums_[3] + sums_[7]));
  }

 private:
  static constexpr std::size_t kLanes = 8;
  std::array<double, kLanes> sums_ = {};
  std::size_t next_ = 0;
};

}  // namespace tegula::pipeline
