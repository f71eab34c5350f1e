// ops/settled_range.h — values that are sure not to be a wanted percentile, long before all have been seen. Internal to
// ops/.
//
// To count a value costs a store, and a processor does one or two of them at a time; to see that a value lies in a
// range is done for many at once. Percentiles are mostly wanted of the ends, such as 1 and 99.8: as soon as more than
// 1 % of all values that there will ever be are known to be at most v, the percentile is at most v, whatever follows.
// So between two percentiles there is a range that only grows, in which it is enough to know how many values there
// were. Of an image of 16 bits some 7 % of the values are counted one by one.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "tegula/core/vector.h"
#include "tegula/ops/quantile.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace tegula::ops {

/// The widest space between wanted percentiles: how many values must be seen below it and above it to settle it.
struct SettlingCounts {
  std::int64_t below = 0;
  std::int64_t above = 0;
};

/// For at most `most` values in the end; fewer only need less. `percentiles` are StatisticRequests, in any order.
template <class Request>
SettlingCounts WidestSpace(const std::vector<Request>& percentiles, std::int64_t most) {
  std::vector<Ranks> ranks;
  for (const Request& request : percentiles)
    ranks.push_back(RanksOf(request.measure, request.percentile, std::max<std::int64_t>(most, 1)));
  std::sort(ranks.begin(), ranks.end(), [](const Ranks& a, const Ranks& b) { return a.low < b.low; });
  SettlingCounts widest;
  std::int64_t width = -1, below = 0;
  const auto try_space = [&](std::int64_t low, std::int64_t above) {
    if (most - low - above <= width) return;
    width = most - low - above;
    widest = {low, above};
  };
  for (const Ranks& rank : ranks) {
    try_space(below, most - rank.low);
    below = std::max(below, rank.high + 1);
  }
  try_space(below, 0);
  return widest;
}

/// What has been settled of one histogram of 16-bit keys. Threads: one at a time.
class SettledRange {
 public:
  static constexpr std::size_t kChunk = 4096;  // values

  bool empty() const noexcept { return last_ < first_; }
  /// Whether it is time to look again, after `seen` values; looking costs as much as counting some ten thousand.
  bool IsDue(std::int64_t seen) const noexcept { return seen >= due_; }

  /// From what was counted so far. It can only grow.
  void Settle(std::span<const std::int64_t> counts, const SettlingCounts& wanted, std::int64_t seen) noexcept {
    const auto bins = static_cast<std::int64_t>(counts.size());
    std::int64_t first = 0, last = bins - 1, sum = 0;
    while (first < bins && sum < wanted.below) sum += counts[static_cast<std::size_t>(first++)];
    const bool is_settled_below = sum >= wanted.below;
    sum = 0;
    while (last >= 0 && sum < wanted.above) sum += counts[static_cast<std::size_t>(last--)];
    if (is_settled_below && sum >= wanted.above && first <= last) {
      first_ = first;
      last_ = last;
    }
    due_ = seen + seen / 2;
  }

  /// Copies the values of which (value - offset) mod 2^16 lies outside, in order, and counts the others. `out` has room
  /// for 8 more than `n`, which is at most kChunk.
  template <class T>
  std::size_t Outside(const T* values, std::size_t n, std::uint16_t offset, std::uint16_t* out) noexcept {
    const auto low = static_cast<std::uint16_t>(first_ + offset);
    const auto width = static_cast<std::uint16_t>(last_ - first_);
    const std::size_t kept =
        HasWideVectors() ? OutsideWide(values, n, low, width, out) : OutsideOneByOne(values, n, low, width, out);
    skipped_ += static_cast<std::int64_t>(n - kept);
    return kept;
  }

  /// Puts what was skipped into the counts: anywhere in the range, where no wanted rank is.
  void AddSkippedTo(std::span<std::int64_t> counts) const noexcept {
    if (!empty()) counts[static_cast<std::size_t>(first_)] += skipped_;
  }

  /// A first look after a part of all values.
  void Start(std::int64_t most) noexcept {
    *this = {};
    due_ = std::max<std::int64_t>(most / 64, 1 << 16);
  }

 private:
  template <class T>
  static std::size_t OutsideOneByOne(const T* values, std::size_t n, std::uint16_t low, std::uint16_t width,
                                     std::uint16_t* out) noexcept {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const auto value = static_cast<std::uint16_t>(values[i]);
      out[kept] = value;
      kept += static_cast<std::uint16_t>(value - low) > width ? 1 : 0;
    }
    return kept;
  }

#if defined(__x86_64__)
  // For every set of dropped lanes of eight, the bytes of the others first.
  using Shuffles = std::array<std::array<std::uint8_t, 16>, 256>;
  static constexpr Shuffles kShuffles = [] {
    Shuffles shuffles{};
    for (unsigned dropped = 0; dropped < 256; ++dropped) {
      std::size_t to = 0;
      for (unsigned lane = 0; lane < 8; ++lane)
        if ((dropped >> lane & 1U) == 0)
          for (unsigned byte = 0; byte < 2; ++byte)
            shuffles[dropped][to++] = static_cast<std::uint8_t>(2 * lane + byte);
    }
    return shuffles;
  }();

  template <class T>
  __attribute__((target("avx2,popcnt"))) static std::size_t OutsideWide(const T* values, std::size_t n,
                                                                        std::uint16_t low, std::uint16_t width,
                                                                        std::uint16_t* out) noexcept {
    const __m128i lows = _mm_set1_epi16(static_cast<short>(low)), widths = _mm_set1_epi16(static_cast<short>(width));
    std::size_t kept = 0, i = 0;
    for (; i + 8 <= n; i += 8) {
      const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i*>(values + i));
      const __m128i beyond = _mm_subs_epu16(_mm_sub_epi16(x, lows), widths);
      const __m128i inside = _mm_cmpeq_epi16(beyond, _mm_setzero_si128());
      const auto dropped = static_cast<unsigned>(_mm_movemask_epi8(_mm_packs_epi16(inside, _mm_setzero_si128())));
      const __m128i shuffle = _mm_loadu_si128(reinterpret_cast<const __m128i*>(kShuffles[dropped].data()));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out + kept), _mm_shuffle_epi8(x, shuffle));
      kept += 8 - static_cast<std::size_t>(_mm_popcnt_u32(dropped));
    }
    return kept + OutsideOneByOne(values + i, n - i, low, width, out + kept);
  }
#else
  template <class T>
  static std::size_t OutsideWide(const T* values, std::size_t n, std::uint16_t low, std::uint16_t width,
                                 std::uint16_t* out) noexcept {
    return OutsideOneByOne(values, n, low, width, out);
  }
#endif

  std::int64_t first_ = 0;
  std::int64_t last_ = -1;
  std::int64_t skipped_ = 0;
  std::int64_t due_ = 0;
};

}  // namespace tegula::ops
