// ops/moments.h — count, mean and sum of squared deviations of many values, so that neither order nor grouping
// of the work shows in the result. Internal to ops/.
//
// Integers up to 32 bits are summed exactly. Floating point values are summed per block in a fixed pattern, and the
// blocks are merged in a fixed tree.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>

#include "tegula/core/vector.h"
#include "tegula/ops/partial_bytes.h"

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
    for (std::int64_t i = 0; i < n; i += kPiece) AddPiece(row + i * stride, stride, std::min(kPiece, n - i));
    count_ += n;
  }
  void Add(const ExactSums& other) noexcept;
  Moments Finish() const noexcept;
  void Save(PartialWriter& to) const;
  /// Adds what was saved; false if it is no such thing.
  bool AddSaved(PartialReader& from) noexcept;

 private:
  __extension__ using Wide = __int128;
  static constexpr std::int64_t kPiece = 1 << 15;  // elements, of which all sums fit into the types below

  template <class T>
  void AddPiece(const T* row, std::int64_t stride, std::int64_t n) noexcept {
    using Sum = std::conditional_t<(sizeof(T) <= 2), std::int32_t, std::int64_t>;
    using Square = std::conditional_t<(sizeof(T) <= 2), std::uint32_t, Wide>;
    using Squares =
        std::conditional_t<(sizeof(T) == 1), std::uint32_t, std::conditional_t<(sizeof(T) == 2), std::int64_t, Wide>>;
    const auto add = [this, row, n](std::int64_t step) TEGULA_INLINE {
      Sum sum = 0;
      Squares squares = 0;
      for (std::int64_t i = 0; i < n; ++i) {
        const auto value = static_cast<Sum>(row[i * step]);
        sum += value;
        squares += static_cast<Square>(value) * static_cast<Square>(value);
      }
      sum_ += sum;
      squares_ += squares;
    };
    if (stride == 1)
      RunVectorised([&]() TEGULA_INLINE { add(1); });
    else
      add(stride);
  }

  std::int64_t count_ = 0;
  Wide sum_ = 0;
  Wide squares_ = 0;
};

/// A sum in eight lanes; element i goes to lane i % 8 wherever rows end, so that the result does not depend on the
/// memory layout.
class LaneSum {
 public:
  TEGULA_INLINE void Add(const double* values, std::int64_t n) noexcept {
    std::int64_t i = 0;
    for (; i < n && phase_ != 0; ++i) AddOne(values[i]);
    Pair a = pairs_[0], b = pairs_[1], c = pairs_[2], d = pairs_[3];
    for (; i + kLanes <= n; i += kLanes) {
      a += PairAt(values + i);
      b += PairAt(values + i + 2);
      c += PairAt(values + i + 4);
      d += PairAt(values + i + 6);
    }
    pairs_ = {a, b, c, d};
    for (; i < n; ++i) AddOne(values[i]);
  }
  double Total() const noexcept {
    const auto [a, b, c, d] = pairs_;
    return ((a[0] + a[1]) + (b[0] + b[1])) + ((c[0] + c[1]) + (d[0] + d[1]));
  }

 private:
  static constexpr std::int64_t kLanes = 8;
  using Pair [[gnu::vector_size(2 * sizeof(double))]] = double;  // a register of any machine

  TEGULA_INLINE static Pair PairAt(const double* values) noexcept { return Pair{values[0], values[1]}; }
  void AddOne(double value) noexcept {
    pairs_[static_cast<std::size_t>(phase_ / 2)][phase_ % 2] += value;
    phase_ = (phase_ + 1) % kLanes;
  }
  std::array<Pair, kLanes / 2> pairs_{};
  std::int64_t phase_ = 0;
};

/// A piece of a row as double, small enough to stay in the first level cache until it is summed.
class Piece {
 public:
  /// Calls f(piece) for piece after piece of a row, of which the values are term(x), or 0 for NaN.
  template <class T, class Term, class F>
  static void ForEach(const T* row, std::int64_t stride, std::int64_t n, Term&& term, F&& f) noexcept {
    Piece piece;
    for (std::int64_t i = 0; i < n; i += kMost)
      RunVectorised([&]() TEGULA_INLINE {
        piece.size_ = std::min(kMost, n - i);
        if (stride == 1)
          piece.Fill(row + i, 1, term);
        else
          piece.Fill(row + i * stride, stride, term);
        f(piece);
      });
  }

  TEGULA_INLINE void AddTo(LaneSum& sum) const noexcept { sum.Add(values_, size_); }
  TEGULA_INLINE void Square() noexcept {
    for (std::int64_t i = 0; i < size_; ++i) values_[i] *= values_[i];
  }
  std::int64_t nans() const noexcept { return nans_; }

 private:
  static constexpr std::int64_t kMost = 512;

  template <class T, class Term>
  TEGULA_INLINE void Fill(const T* row, std::int64_t stride, Term&& term) noexcept {
    std::int32_t nans = 0;
    for (std::int64_t i = 0; i < size_; ++i) {
      const T x = row[i * stride];
      nans += x == x ? 0 : 1;
    }
    for (std::int64_t i = 0; i < size_; ++i) values_[i] = term(static_cast<double>(row[i * stride]));
    for (std::int64_t i = 0; nans > 0 && i < size_; ++i) {
      const T x = row[i * stride];
      values_[i] = x == x ? values_[i] : 0.0;
    }
    nans_ = nans;
  }

  alignas(64) double values_[kMost];
  std::int64_t size_ = 0;
  std::int64_t nans_ = 0;
};

/// The moments of one block by two passes over it; `for_each_row(f)` calls f(row, stride, n) for the same rows each
/// time.
template <class T, class ForEachRow>
Moments MomentsOf(ForEachRow&& for_each_row) noexcept {
  LaneSum sum;
  std::int64_t all = 0, nans = 0;
  for_each_row([&](const T* row, std::int64_t stride, std::int64_t n) {
    Piece::ForEach(
        row, stride, n, [](double x) TEGULA_INLINE { return x; },
        [&](const Piece& piece) TEGULA_INLINE {
          piece.AddTo(sum);
          nans += piece.nans();
        });
    all += n;
  });
  Moments moments{static_cast<double>(all - nans), 0, 0, static_cast<double>(nans)};
  if (moments.count == 0) return moments;
  const double mean = sum.Total() / moments.count;
  LaneSum deviations, squares;
  for_each_row([&](const T* row, std::int64_t stride, std::int64_t n) {
    Piece::ForEach(
        row, stride, n, [mean](double x) TEGULA_INLINE { return x - mean; },
        [&](Piece& piece) TEGULA_INLINE {
          piece.AddTo(deviations);
          piece.Square();
          piece.AddTo(squares);
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
