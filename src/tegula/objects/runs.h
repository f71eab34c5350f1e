// objects/runs.h — rows of a class map as runs of pixels, and how the runs of two rows meet.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "tegula/objects/outline.h"

namespace tegula::objects {

inline constexpr std::int32_t kNone = -1;

/// Whether regions of a label are wanted.
class Wanted {
 public:
  /// All but `none`, and if there are any, only these.
  Wanted(const std::vector<std::int32_t>& labels, std::uint32_t none) : none_(none), all_(labels.empty()) {
    for (const std::int32_t label : labels) some_[static_cast<std::size_t>(label)] = true;
  }
  bool operator()(std::uint32_t label) const noexcept {
    return label != none_ && (all_ || (label < some_.size() && some_[label]));
  }

 private:
  std::uint32_t none_;
  bool all_;
  std::array<bool, 1 << 16> some_ = {};
};

/// Pixels [begin, end) of one row that have one class and whose neighbours to both sides have not.
struct Run {
  std::int32_t begin = 0;
  std::int32_t end = 0;
  std::int32_t label = 0;
  std::int32_t part = kNone;
  Outlines::End left = kNone;    ///< the tail that comes up the left side
  Outlines::End right = kNone;   ///< the head that runs down the right side
  std::int32_t partner = kNone;  ///< the last run of the other row that shares an edge with this one and has its class
  bool left_touches = false;     ///< a run of the same class in the other row ends where this one begins
  bool right_touches = false;    ///< one begins where this one ends
};

/// Where the run that begins at `x` ends. Compares eight bytes at a time.
template <class T>
std::int64_t EndOfRun(const T* row, std::int64_t x, std::int64_t width) noexcept {
  constexpr std::int64_t kPerWord = 8 / sizeof(T);
  const T label = row[x];
  const std::uint64_t same = (~std::uint64_t{0} / std::numeric_limits<T>::max()) * label;
  for (std::uint64_t word = 0; x + kPerWord <= width; x += kPerWord) {
    std::memcpy(&word, row + x, sizeof word);
    if (word != same) break;
  }
  while (x < width && row[x] == label) ++x;
  return x;
}

/// The runs of a row, from left to right.
template <class T>
void FindRuns(const T* row, std::int64_t width, const Wanted& wanted, std::vector<Run>& runs) {
  runs.clear();
  for (std::int64_t x = 0; x < width;) {
    const T label = row[x];
    const std::int64_t end = EndOfRun(row, x, width);
    if (wanted(label)) {
      runs.push_back({static_cast<std::int32_t>(x), static_cast<std::int32_t>(end), static_cast<std::int32_t>(label)});
    }
    x = end;
  }
}

/// Calls f(upper, lower) for runs of the same class in neighbouring rows that share an edge, from left to right.
template <class F>
void ForEachOverlap(std::vector<Run>& upper, std::vector<Run>& lower, F&& f) {
  for (std::size_t i = 0, j = 0; i < upper.size() && j < lower.size();) {
    Run &u = upper[i], &l = lower[j];
    if (u.begin < l.end && l.begin < u.end && u.label == l.label) f(i, j);
    if (u.end <= l.end) ++i;
    if (l.end <= u.end) ++j;
  }
}

/// Calls f(ends, begins) for runs of the same class in neighbouring rows of which one ends where the other begins.
template <class F>
void ForEachTouch(std::vector<Run>& upper, std::vector<Run>& lower, F&& f) {
  const auto touch = [&](Run& ends, std::vector<Run>& row, std::size_t at) {
    if (at < row.size() && ends.end == row[at].begin && ends.label == row[at].label) f(ends, row[at]);
  };
  for (std::size_t i = 0, j = 0; i < upper.size() && j < lower.size();) {
    const bool next_upper = upper[i].end <= lower[j].end, next_lower = lower[j].end <= upper[i].end;
    // What begins where a run ends is the other row's run at hand, or its next one if both end together.
    if (next_upper) touch(upper[i], lower, next_lower ? j + 1 : j);
    if (next_lower) touch(lower[j], upper, next_upper ? i + 1 : i);
    i += next_upper ? 1 : 0;
    j += next_lower ? 1 : 0;
  }
}

}  // namespace tegula::objects
