// ops/rank_counter.h — exact percentiles in bounded memory: radix selection over passes. For ops/ and pipeline/.
//
// A pass counts the values by one digit of their order key (order_key.h): the first pass all values by the highest
// digit, a later one by the next digit only those that share the digits found so far with a wanted rank. 8- and 16-bit
// values need one pass, 32-bit values two with digits of 16 bits, 64-bit values four; more with smaller digits, where
// many kept positions or workers leave less memory for each.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <limits>
#include <vector>

#include "tegula/core/interval.h"
#include "tegula/ops/order_key.h"
#include "tegula/ops/partial_bytes.h"
#include "tegula/ops/quantile.h"
#include "tegula/ops/settled_range.h"

namespace tegula::ops {

/// The percentiles of one set of kept positions. Threads: Add one at a time per worker; the rest one at a time.
template <class T>
class RankCounter {
 public:
  using Key = KeyType<T>;

  /// Bytes of counters for digits of `digit_bits`; INT64_MAX where they do not fit into 64 bits.
  static std::int64_t Bytes(int digit_bits, std::int64_t percentiles, std::int64_t positions, int workers) {
    digit_bits = std::min(digit_bits, kKeyBits);
    const std::int64_t per_position =
        (static_cast<std::int64_t>(sizeof(std::int64_t)) << digit_bits) * Slots(digit_bits, percentiles) * workers;
    return positions > std::numeric_limits<std::int64_t>::max() / per_position
               ? std::numeric_limits<std::int64_t>::max()
               : per_position * positions;
  }

  /// At a position there are at most `elements` values. `percentiles` are the same every time.
  template <class Request>
  RankCounter(int digit_bits, const std::vector<Request>& percentiles, std::int64_t elements, std::int64_t positions,
              int workers)
      : digit_bits_(std::min(digit_bits, kKeyBits)),
        slots_(Slots(digit_bits_, static_cast<std::int64_t>(percentiles.size()))),
        workers_(workers),
        positions_(static_cast<std::size_t>(positions)),
        counts_(static_cast<std::size_t>(workers * positions * slots_) << digit_bits_) {
    if (!Settles()) return;
    settling_ = WidestSpace(percentiles, elements);
    settled_.resize(static_cast<std::size_t>(workers * positions));
    for (Settled& settled : settled_) settled.range.Start(elements);
  }

  bool done() const noexcept { return found_bits_ == kKeyBits; }

  /// `for_each_row(f)` calls f(row, stride, n) for rows of `elements` values altogether.
  template <class ForEachRow>
  void Add(std::int64_t elements, std::int64_t position, int worker, ForEachRow&& for_each_row) noexcept {
    if constexpr (kMaySettle)
      if (Settles()) return AddUnlessSettled(position, worker, for_each_row);
    if (found_bits_ > 0)
      for_each_row(
          [&](const T* row, std::int64_t stride, std::int64_t n) { AddNext(row, stride, n, position, worker); });
    else if (sizeof(T) == 1 && digit_bits_ == 8 && elements >= kWorthCopies)
      AddInCopies(Counts(worker, position, 0), for_each_row);
    else
      for_each_row(
          [&](const T* row, std::int64_t stride, std::int64_t n) { AddFirst(row, stride, n, position, worker); });
  }

  /// The counts of this pass, of all workers together: how many places follow, and each place with its count, for the
  /// places that are not 0.
  void Save(PartialWriter& to) const {
    const std::size_t places = counts_.size() / static_cast<std::size_t>(workers_);
    std::vector<std::int64_t> sums(places);
    for (std::size_t i = 0; i < counts_.size(); ++i) sums[i % places] += counts_[i];
    for (std::size_t i = 0; i < settled_.size(); ++i)
      settled_[i].range.AddSkippedTo(std::span(sums).subspan((i % positions_.size()) << digit_bits_, kBins16));
    to.Number(static_cast<std::uint64_t>(places - static_cast<std::size_t>(std::count(sums.begin(), sums.end(), 0))));
    for (std::size_t i = 0; i < places; ++i)
      if (sums[i] != 0) to.Number(i), to.Number(static_cast<std::uint64_t>(sums[i]));
  }

  /// Adds what was saved; false if it is no such thing.
  bool AddSaved(PartialReader& from) noexcept {
    constexpr std::uint64_t kMost = std::uint64_t{1} << 60;
    const std::size_t places = counts_.size() / static_cast<std::size_t>(workers_);
    const std::optional<std::uint64_t> entries = from.Number();
    if (!entries || *entries > places) return false;
    for (std::uint64_t i = 0; i < *entries; ++i) {
      const std::optional<std::uint64_t> place = from.Number(), count = from.Number();
      if (!place || !count || *place >= places || *count > kMost) return false;
      counts_[static_cast<std::size_t>(*place)] += static_cast<std::int64_t>(*count);
    }
    return true;
  }

  /// Finds the next digit of all wanted ranks.
  template <class Request>
  void FinishPass(const std::vector<Request>& percentiles) {
    for (std::size_t i = 0; i < settled_.size(); ++i)
      settled_[i].range.AddSkippedTo({counts_.data() + (i << digit_bits_), kBins16});
    settled_ = {};
    for (std::size_t p = 0; p < positions_.size(); ++p) FinishPosition(percentiles, static_cast<std::int64_t>(p));
    found_bits_ += pass_bits();
    if (done())
      counts_ = {};
    else
      std::fill(counts_.begin(), counts_.end(), 0);
  }

  /// After the last pass.
  double Percentile(std::size_t index, std::int64_t position) const noexcept {
    const Position& at = positions_[static_cast<std::size_t>(position)];
    if (at.targets.empty()) return std::numeric_limits<double>::quiet_NaN();
    const Target& low = at.targets[2 * index];
    return Interpolate(ValueOf<T>(low.key), ValueOf<T>(at.targets[2 * index + 1].key), low.weight);
  }

 private:
  static constexpr int kKeyBits = static_cast<int>(sizeof(T) * 8);
  static constexpr int kLanes = 8;
  static constexpr std::int64_t kWorthCopies = 1 << 14;  // elements
  static constexpr std::size_t kBins16 = 1 << 16;

  struct Target {
    Key key = 0;            // the digits found so far
    std::int64_t rank = 0;  // among the values that share them
    double weight = 0;
  };
  struct Position {
    std::vector<Target> targets;  // two per percentile; none if there are only NaNs
    std::vector<Key> prefixes;    // the different keys of the targets: a slot of counters each
  };

  struct Settled {
    SettledRange range;
    std::int64_t seen = 0;
  };

  static constexpr bool kMaySettle = std::is_integral_v<T> && sizeof(T) == 2;
  bool Settles() const noexcept { return kMaySettle && digit_bits_ == 16; }

  static std::int64_t Slots(int digit_bits, std::int64_t percentiles) {
    return digit_bits >= kKeyBits ? 1 : 2 * percentiles;
  }
  int pass_bits() const noexcept { return std::min(digit_bits_, kKeyBits - found_bits_); }

  std::int64_t* Counts(int worker, std::int64_t position, std::size_t slot) noexcept {
    const std::int64_t index =
        (worker * static_cast<std::int64_t>(positions_.size()) + position) * slots_ + static_cast<std::int64_t>(slot);
    return counts_.data() + (static_cast<std::size_t>(index) << digit_bits_);
  }

  // The first pass.
  void AddFirst(const T* row, std::int64_t stride, std::int64_t n, std::int64_t position, int worker) noexcept {
    std::int64_t* const counts = Counts(worker, position, 0);
    const int shift = kKeyBits - digit_bits_;
    if (shift == 0)
      ForEachKey(row, stride, n, [&](Key key, int) { ++counts[key]; });
    else
      ForEachKey(row, stride, n, [&](Key key, int) { ++counts[key >> shift]; });
  }

  // The first pass over bytes. Of neighbours, which are often equal, each counts elsewhere: to count in the same place
  // the processor would have to wait for the count before.
  template <class ForEachRow>
  static void AddInCopies(std::int64_t* counts, ForEachRow&& for_each_row) noexcept {
    std::array<std::array<std::int64_t, 256>, kLanes> copies{};
    for_each_row([&](const T* row, std::int64_t stride, std::int64_t n) {
      ForEachKey(row, stride, n, [&](Key key, int lane) { ++copies[static_cast<std::size_t>(lane)][key & 255U]; });
    });
    for (const std::array<std::int64_t, 256>& copy : copies)
      std::transform(copy.begin(), copy.end(), counts, counts, std::plus<>());
  }

  // The only pass over 16-bit integers.
  template <class ForEachRow>
  void AddUnlessSettled(std::int64_t position, int worker, ForEachRow&& for_each_row) noexcept {
    Settled& settled =
        settled_[static_cast<std::size_t>(worker) * positions_.size() + static_cast<std::size_t>(position)];
    std::int64_t* const counts = Counts(worker, position, 0);
    for_each_row([&](const T* row, std::int64_t stride, std::int64_t n) {
      if (settled.range.IsDue(settled.seen)) settled.range.Settle({counts, kBins16}, settling_, settled.seen);
      settled.seen += n;
      if (stride != 1 || settled.range.empty()) return AddFirst(row, stride, n, position, worker);
      constexpr auto kOffset = static_cast<std::uint16_t>(KeyOf(T{0}));
      std::array<std::uint16_t, SettledRange::kChunk + 8> outside;
      for (std::int64_t i = 0; i < n; i += SettledRange::kChunk) {
        const auto count = static_cast<std::size_t>(std::min<std::int64_t>(n - i, SettledRange::kChunk));
        const std::size_t kept = settled.range.Outside(row + i, count, kOffset, outside.data());
        for (std::size_t k = 0; k < kept; ++k) ++counts[static_cast<std::uint16_t>(outside[k] + kOffset)];
      }
    });
  }

  // A later pass.
  void AddNext(const T* row, std::int64_t stride, std::int64_t n, std::int64_t position, int worker) noexcept {
    const int shift = kKeyBits - found_bits_ - pass_bits();
    const std::size_t mask = (std::size_t{1} << pass_bits()) - 1;
    std::int64_t* const counts = Counts(worker, position, 0);
    const std::vector<Key>& prefixes = positions_[static_cast<std::size_t>(position)].prefixes;
    ForEachKey(row, stride, n, [&](Key key, int) {
      const Key prefix = static_cast<Key>(key >> (shift + pass_bits()));
      for (std::size_t slot = 0; slot < prefixes.size(); ++slot)
        if (prefixes[slot] == prefix) {
          ++counts[(slot << digit_bits_) + (static_cast<std::size_t>(key >> shift) & mask)];
          return;
        }
    });
  }

  // Calls f(key, i % kLanes) for element i unless that is NaN.
  template <class F>
  static void ForEachKey(const T* row, std::int64_t stride, std::int64_t n, F&& f) noexcept {
    const auto visit = [&](T value, int lane) {
      if (value == value) f(KeyOf(value), lane);
    };
    std::int64_t i = 0;
    if constexpr (sizeof(T) <= 2)
      for (; stride == 1 && i + kLanes <= n; i += kLanes) {  // loads beside the counting are dear
        std::array<std::uint64_t, sizeof(T)> words;
        std::memcpy(words.data(), row + i, sizeof(words));
        for (int lane = 0; lane < kLanes; ++lane) {
          const int bit = lane * static_cast<int>(8 * sizeof(T));
          visit(static_cast<T>(static_cast<Key>(words[static_cast<std::size_t>(bit / 64)] >> bit % 64)), lane);
        }
      }
    for (; i < n; ++i) visit(row[i * stride], static_cast<int>(i % kLanes));
  }

  template <class Request>
  void FinishPosition(const std::vector<Request>& percentiles, std::int64_t position) {
    Position& at = positions_[static_cast<std::size_t>(position)];
    const std::size_t slots = found_bits_ == 0 ? 1 : at.prefixes.size();
    const std::size_t bins = std::size_t{1} << pass_bits();
    for (int worker = 1; worker < workers_; ++worker)
      for (std::size_t slot = 0; slot < slots; ++slot) {
        const std::int64_t* const from = Counts(worker, position, slot);
        std::transform(from, from + bins, Counts(0, position, slot), Counts(0, position, slot), std::plus<>());
      }
    if (found_bits_ == 0) MakeTargets(percentiles, position, bins);
    for (Target& target : at.targets) {
      const std::size_t slot =
          found_bits_ == 0 ? 0
                           : static_cast<std::size_t>(std::find(at.prefixes.begin(), at.prefixes.end(), target.key) -
                                                      at.prefixes.begin());
      const std::int64_t* const counts = Counts(0, position, slot);
      std::size_t digit = 0;
      while (target.rank >= counts[digit]) target.rank -= counts[digit++];
      target.key =
          static_cast<Key>((found_bits_ == 0 ? std::uint64_t{0} : std::uint64_t{target.key} << pass_bits()) | digit);
    }
    at.prefixes.clear();
    for (const Target& target : at.targets)
      if (std::find(at.prefixes.begin(), at.prefixes.end(), target.key) == at.prefixes.end())
        at.prefixes.push_back(target.key);
  }

  template <class Request>
  void MakeTargets(const std::vector<Request>& percentiles, std::int64_t position, std::size_t bins) {
    std::int64_t n = 0;
    for (std::size_t digit = 0; digit < bins; ++digit) n += Counts(0, position, 0)[digit];
    if (n == 0) return;
    for (const Request& request : percentiles) {
      const Ranks ranks = RanksOf(request.measure, request.percentile, n);
      std::vector<Target>& targets = positions_[static_cast<std::size_t>(position)].targets;
      targets.push_back({0, ranks.low, ranks.weight});
      targets.push_back({0, ranks.high, ranks.weight});
    }
  }

  int digit_bits_;
  std::int64_t slots_;
  int workers_;
  int found_bits_ = 0;
  SettlingCounts settling_;
  std::vector<Settled> settled_;  // per worker and position; of 16-bit integers
  std::vector<Position> positions_;
  std::vector<std::int64_t> counts_;
};

}  // namespace tegula::ops
