// objects/stardist/greedy_suppression.h — non-maximum suppression by several workers with the result of one.
//
// Going through candidates from the best to the worst, one is kept unless a kept one suppresses it. That is a chain
// of decisions, but most fall against candidates kept long ago: a block of candidates is compared with those kept
// before it by all workers at once, and the few that pass are compared with each other in order.
//
// Candidates that are not all here can be decided as far as those that are here decide it: one that a kept one
// suppresses is gone whatever is yet to come.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "tegula/core/executor.h"
#include "tegula/objects/box_index.h"

namespace tegula::objects {

enum class Fate : std::uint8_t {
  kOpen,     ///< to be decided, or not to be decided by what is here
  kWaiting,  ///< to be decided, but a candidate that is not here might suppress it
  kKept,     ///< before: decided earlier
  kGone,
};

/// Decides `fates` of candidates in order of falling score; candidates whose boxes do not meet do not suppress each
/// other. Without kWaiting none stays kOpen. `suppresses(better, candidate, worker)` is called by one thread per worker
/// at a time, for all pairs of a candidate in a row and nearest first.
template <class Suppresses>
void DecideGreedily(std::span<const PixelBox> boxes, std::span<Fate> fates, const Executor& executor,
                    const Suppresses& suppresses) {
  constexpr std::int64_t kFirstBlock = 64, kLargestBlock = 8192, kItem = 16;
  const std::int64_t size = static_cast<std::int64_t>(boxes.size());
  const auto box_of = [&](std::int64_t i) -> const PixelBox& { return boxes[static_cast<std::size_t>(i)]; };
  const auto fate_of = [&](std::int64_t i) -> Fate& { return fates[static_cast<std::size_t>(i)]; };
  const auto distance = [&](std::int64_t i, std::int64_t j) {
    double sum = 0;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const double d = static_cast<double>(box_of(i).TwiceMiddle(axis) - box_of(j).TwiceMiddle(axis));
      sum += d * d;
    }
    return sum;
  };
  BoxIndex index(boxes.size());  // of those that are not gone
  std::vector<std::vector<std::pair<double, std::int32_t>>> neighbours(static_cast<std::size_t>(executor.workers()));
  // The fate of `candidate`, `so_far` if it were alone, beside the better ones from `oldest` on.
  const auto decide = [&](std::int64_t candidate, Fate so_far, std::int64_t oldest, int worker) {
    auto& near = neighbours[static_cast<std::size_t>(worker)];
    near.clear();
    index.ForEachMeeting(box_of(candidate), [&](std::int32_t id) {
      if (id >= oldest) near.emplace_back(distance(id, candidate), id);
    });
    std::sort(near.begin(), near.end());
    const auto is_suppressed_by = [&](Fate fate) {
      return std::any_of(near.begin(), near.end(), [&](const auto& n) {
        return fate_of(n.second) == fate && suppresses(n.second, static_cast<std::int32_t>(candidate), worker);
      });
    };
    if (is_suppressed_by(Fate::kKept)) return Fate::kGone;
    return so_far == Fate::kOpen && is_suppressed_by(Fate::kOpen) ? Fate::kWaiting : so_far;
  };
  std::vector<Fate> so_far;
  std::int64_t block = kFirstBlock;
  for (std::int64_t begin = 0; begin < size; begin += block, block = std::min(2 * block, kLargestBlock)) {
    const std::int64_t end = std::min(begin + block, size);
    so_far.assign(static_cast<std::size_t>(end - begin), Fate::kKept);
    executor.ForEach((end - begin + kItem - 1) / kItem, [&](std::int64_t item, int worker) {
      const std::int64_t last = std::min(begin + (item + 1) * kItem, end);
      for (std::int64_t i = begin + item * kItem; i < last; ++i)
        if (fate_of(i) != Fate::kKept) so_far[static_cast<std::size_t>(i - begin)] = decide(i, fate_of(i), 0, worker);
    });
    for (std::int64_t i = begin; i < end; ++i) {
      Fate fate = so_far[static_cast<std::size_t>(i - begin)];
      if (fate == Fate::kOpen || fate == Fate::kWaiting) fate = decide(i, fate, begin, 0);
      // What nothing that is here suppresses is kept, or left open.
      if (fate == Fate::kOpen) fate = Fate::kKept;
      if (fate == Fate::kWaiting) fate = Fate::kOpen;
      fate_of(i) = fate;
      if (fate != Fate::kGone) index.Add(static_cast<std::int32_t>(i), box_of(i));
    }
  }
}

}  // namespace tegula::objects
