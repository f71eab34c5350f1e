// ops/moments.h — count, mean and sum of squared deviations of many values, so that neither order nor grouping
// of the work shows in the result. Internal to ops/.
//
// Integers up to 32 bits are summed exactly. Floating point values are summed per block in a fixed pattern, and the
// blocks are merged in a fixed tree.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>

namespace tegula::ops {

/// Of the values that are not NaN.
struct Moments {
  double count = 0;
  double mean = 0;
  double squares = 0;  ///< sum of squared deviations from the mean
  double nans = 0;

  double Mean() const noexcept { return count > 0 ? mean : std::numeric_limits<double>::quiet_NaN(); }
  double Std() const noexcept { return nans > 0 ? std::numeric_limits<double>::quiet_NaN() : DatasetStd(); }
  /// NaN values count as if they had the mean.
  double DatasetStd() const noexcept {
    return count > 0 ? std::sqrt(squares / (count + nans)) : std::numeric_limits<double>::quiet_NaN();
  }
};

/// Chan, Golub and LeVeque 1979.
Moments Merge(const Moments& a, const Moments& b) noexcept;

/// The moments of blocks `stride` apart, merged as a binary tree over their numbers.
Moments MergeTree(std::span<const Moments> blocks, std::size_t stride) noexcept;

/// Exact sums of integers of at most 32 bits. 128 bits are enough for 2^60 of them.
class ExactSums {
 public:
  template <class T>
  void AddRow(const T* row, std::int64_t stride, std::int64_t n) noexcept {
    // A row of 16-bit values cannot overflow 64 bits (2^31 squares below 2^32).
    using Sum = std::conditional_t<(sizeof(T) <= 2), std::int64_t, Wide>;
    Sum sum = 0, squares = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      const auto value = static_cast<std::int64_t>(row[i * stride]);
      sum += value;
      squares += static_cast<Sum>(value) * value;
    }
    count_ += n;
    sum_ += sum;
    squares_ += squares;
  }
  void Add(const ExactSums& other) noexcept;
  Moments Finish() const noexcept;

 private:
  __extension__ using Wide = __int128;
  std::int64_t count_ = 0;
  Wide sum_ = 0;
  Wide squares_ = 0;
};

/// A sum in eight lanes; element i goes to lane i % 8 wherever rows end, so that the result does not depend on the
/// memory layout.
class LaneSum {
 public:
  template <class T, class F>
  void AddRow(const T* row, std::int64_t stride, std::int64_t n, F&& term) noexcept {
    std::int64_t i = 0;
    for (; i < n && phase_ != 0; ++i) AddOne(term(row[i * stride]));
    if (stride == 1) {
      for (; i + kLanes <= n; i += kLanes)
        for (std::int64_t lane = 0; lane < kLanes; ++lane)
          lanes_[static_cast<std::size_t>(lane)] += term(row[i + lane]);
    }
    for (; i < n; ++i) AddOne(term(row[i * stride]));
  }
  double Total() const noexcept {
    return ((lanes_[0] + lanes_[1]) + (lanes_[2] + lanes_[3])) + ((lanes_[4] + lanes_[5]) + (lanes_[6] + lanes_[7]));
  }

 private:
  static constexpr std::int64_t kLanes = 8;
  void AddOne(double value) noexcept {
    lanes_[static_cast<std::size_t>(phase_)] += value;
    phase_ = (phase_ + 1) % kLanes;
  }
  std::array<double, kLanes> lanes_{};
  std::int64_t phase_ = 0;
};

/// The moments of one block by two passes over it; `for_each_row(f)` calls f(row, stride, n) for the same rows each
/// time.
template <class T, class ForEachRow>
Moments MomentsOf(ForEachRow&& for_each_row) noexcept {
  const auto is_number = [](T x) { return x == x; };
  LaneSum count, sum;
  double all = 0;
  for_each_row([&](const T* row, std::int64_t stride, std::int64_t n) {
    count.AddRow(row, stride, n, [&](T x) { return is_number(x) ? 1.0 : 0.0; });
    sum.AddRow(row, stride, n, [&](T x) { return is_number(x) ? static_cast<double>(x) : 0.0; });
    all += static_cast<double>(n);
  });
  Moments moments{count.Total(), 0, 0, all - count.Total()};
  if (moments.count == 0) return moments;
  const double mean = sum.Total() / moments.count;
  LaneSum deviations, squares;
  for_each_row([&](const T* row, std::int64_t stride, std::int64_t n) {
    deviations.AddRow(row, stride, n, [&](T x) { return is_number(x) ? static_cast<double>(x) - mean : 0.0; });
    squares.AddRow(row, stride, n, [&](T x) {
      const double d = is_number(x) ? static_cast<double>(x) - mean : 0.0;
      return d * d;
    });
  });
  // What rounding left of the deviations' sum corrects both; a constant block comes out exact.
  const double shift = deviations.Total() / moments.count;
  moments.mean = mean + shift;
  moments.squares = squares.Total() - deviations.Total() * shift;
  if (moments.squares < 0) moments.squares = 0;  // but NaN, of infinite values, stays
  return moments;
}

}  // namespace tegula::ops
