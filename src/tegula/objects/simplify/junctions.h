// objects/simplify/junctions.h — corners at which more than two outlines meet, or one touches itself.
#pragma once

#include <algorithm>
#include <vector>

#include "tegula/objects/region.h"

namespace tegula::objects {

/// A set of corners that is asked which of them lie on an edge. Memory: 16 bytes each. Immutable and thread-safe.
class Junctions {
 public:
  Junctions() = default;
  explicit Junctions(std::vector<Corner> corners) : by_row_(std::move(corners)) {
    std::sort(by_row_.begin(), by_row_.end());
    by_row_.erase(std::unique(by_row_.begin(), by_row_.end()), by_row_.end());
    by_column_.reserve(by_row_.size());
    for (const Corner corner : by_row_) by_column_.push_back({corner.x, corner.y});
    std::sort(by_column_.begin(), by_column_.end());
  }

  bool empty() const noexcept { return by_row_.empty(); }
  /// Calls f(corner) for those on the edge from `a` to `b`, which runs along a row or a column, in this order; `b` is
  /// not part of it.
  template <class F>
  void ForEachOn(Corner a, Corner b, F&& f) const {
    if (by_row_.empty()) return;
    if (a.y == b.y) {
      ForEachBetween(by_row_, a, b, f);
    } else {
      ForEachBetween(by_column_, {a.x, a.y}, {b.x, b.y}, [&](Corner swapped) { f(Corner{swapped.x, swapped.y}); });
    }
  }

 private:
  template <class F>
  static void ForEachBetween(const std::vector<Corner>& sorted, Corner a, Corner b, F&& f) {
    if (a < b) {
      for (auto at = std::lower_bound(sorted.begin(), sorted.end(), a); at != sorted.end() && *at < b; ++at) f(*at);
    } else {
      for (auto at = std::upper_bound(sorted.begin(), sorted.end(), a); at != sorted.begin() && b < *(at - 1); --at)
        f(*(at - 1));
    }
  }

  std::vector<Corner> by_row_;
  std::vector<Corner> by_column_;  // with y and x swapped
};

}  // namespace tegula::objects
