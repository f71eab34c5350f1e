// objects/stardist/greedy_suppression.h — non-maximum suppression by several workers with the result of one.
//
// Going through candidates from the best to the worst, one is kept unless a kept one suppresses it. That is a chain
// of decisions, but most fall against candidates kept long ago: a block of candidates is compared with those kept
// before it by all workers at once, and the few that pass are compared with each other in order.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "tegula/core/executor.h"
#include "tegula/objects/stardist/box_index.h"

namespace tegula::objects {

/// Positions in `boxes` of the candidates that are kept, ascending. `boxes` are in order of falling score; candidates
/// whose boxes do not meet do not suppress each other. `suppresses(kept, candidate, worker)` is called by one thread
/// per worker at a time, for all pairs of a candidate in a row and nearest first.
template <class Suppresses>
std::vector<std::int32_t> KeepGreedily(std::span<const PixelBox> boxes, const Executor& executor,
                                       const Suppresses& suppresses) {
  constexpr std::int64_t kFirstBlock = 64, kLargestBlock = 8192, kItem = 16;
  const std::int64_t size = static_cast<std::int64_t>(boxes.size());
  const auto box_of = [&](std::int64_t i) -> const PixelBox& { return boxes[static_cast<std::size_t>(i)]; };
  const auto distance = [&](std::int64_t i, std::int64_t j) {
    double sum = 0;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const double d = static_cast<double>(box_of(i).TwiceMiddle(axis) - box_of(j).TwiceMiddle(axis));
      sum += d * d;
    }
    return sum;
  };
  BoxIndex index(boxes.size());
  std::vector<std::int32_t> kept;
  std::vector<std::vector<std::pair<double, std::int32_t>>> neighbours(static_cast<std::size_t>(executor.workers()));
  // Whether one of the kept candidates from `oldest` on suppresses `candidate`.
  const auto is_suppressed = [&](std::int64_t candidate, std::int64_t oldest, int worker) {
    auto& near = neighbours[static_cast<std::size_t>(worker)];
    near.clear();
    index.ForEachMeeting(box_of(candidate), [&](std::int32_t id) {
      if (id >= oldest) near.emplace_back(distance(id, candidate), id);
    });
    std::sort(near.begin(), near.end());
    return std::any_of(near.begin(), near.end(), [&](const auto& n) {
      return suppresses(n.second, static_cast<std::int32_t>(candidate), worker);
    });
  };
  std::vector<char> passed;
  std::int64_t block = kFirstBlock;
  for (std::int64_t begin = 0; begin < size; begin += block, block = std::min(2 * block, kLargestBlock)) {
    const std::int64_t end = std::min(begin + block, size);
    passed.assign(static_cast<std::size_t>(end - begin), 0);
    executor.ForEach((end - begin + kItem - 1) / kItem, [&](std::int64_t item, int worker) {
      const std::int64_t last = std::min(begin + (item + 1) * kItem, end);
      for (std::int64_t i = begin + item * kItem; i < last; ++i)
        passed[static_cast<std::size_t>(i - begin)] = is_suppressed(i, 0, worker) ? 0 : 1;
    });
    for (std::int64_t i = begin; i < end; ++i) {
      if (passed[static_cast<std::size_t>(i - begin)] == 0 || is_suppressed(i, begin, 0)) continue;
      kept.push_back(static_cast<std::int32_t>(i));
      index.Add(static_cast<std::int32_t>(i), box_of(i));
    }
  }
  return kept;
}

}  // namespace tegula::objects
