#include "tegula/objects/split/watershed.h"

#include <queue>

#include "tegula/objects/split/steps.h"

namespace tegula::objects {
namespace {

template <class T>
struct Front {
  T height;
  std::uint64_t age;  // when it was touched
  std::size_t place;
  // Whether it is taken after the other.
  friend bool operator<(const Front& a, const Front& b) noexcept {
    return a.height != b.height ? a.height < b.height : a.age > b.age;
  }
};

template <class T>
std::vector<std::uint32_t> FloodFrom(const MaskBox& mask, std::span<const T> heights, std::vector<std::uint32_t> labels,
                                     Connectivity connectivity) {
  const Steps steps(connectivity, mask.height(), mask.width());
  std::priority_queue<Front<T>> front;
  std::uint64_t age = 0;
  for (std::size_t place = 0; place < labels.size(); ++place)
    if (labels[place] != 0) front.push({heights[place], age++, place});
  while (!front.empty()) {
    const std::size_t place = front.top().place;
    front.pop();
    steps.ForEach(place, [&](std::size_t next) {
      if (mask.inside[next] == 0 || labels[next] != 0) return;
      labels[next] = labels[place];
      front.push({heights[next], age++, next});
    });
  }
  return labels;
}

}  // namespace

std::vector<std::uint32_t> Flood(const MaskBox& mask, std::span<const std::int32_t> heights,
                                 std::vector<std::uint32_t> labels, Connectivity connectivity) {
  return FloodFrom(mask, heights, std::move(labels), connectivity);
}

std::vector<std::uint32_t> Flood(const MaskBox& mask, std::span<const float> heights, std::vector<std::uint32_t> labels,
                                 Connectivity connectivity) {
  return FloodFrom(mask, heights, std::move(labels), connectivity);
}

}  // namespace tegula::objects
