#include "tegula/objects/split/tops.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tegula/objects/split/steps.h"

namespace tegula::objects {
namespace {

using Place = std::uint32_t;  // boxes have fewer than 2^32 pixels
constexpr Place kNowhere = static_cast<Place>(-1);

// Pixels of the region from the highest to the lowest, equal ones in their order.
std::vector<Place> ByHeight(const MaskBox& mask, std::span<const std::int32_t> heights) {
  std::int64_t highest = 0;
  std::size_t pixels = 0;
  for (std::size_t i = 0; i < heights.size(); ++i)
    if (mask.inside[i] != 0) highest = std::max<std::int64_t>(highest, heights[i]), ++pixels;
  std::vector<Place> order;
  order.reserve(pixels);
  if (highest > static_cast<std::int64_t>(4 * pixels + 1024)) {  // counting would be slower than sorting
    for (std::size_t i = 0; i < heights.size(); ++i)
      if (mask.inside[i] != 0) order.push_back(static_cast<Place>(i));
    std::ranges::stable_sort(order, std::greater<>(), [&](Place place) { return heights[place]; });
    return order;
  }
  std::vector<Place> begins(static_cast<std::size_t>(highest) + 2);
  const auto bin = [&](std::size_t i) { return static_cast<std::size_t>(highest - heights[i]); };
  for (std::size_t i = 0; i < heights.size(); ++i)
    if (mask.inside[i] != 0) ++begins[bin(i) + 1];
  std::partial_sum(begins.begin(), begins.end(), begins.begin());
  order.resize(pixels);
  for (std::size_t i = 0; i < heights.size(); ++i)
    if (mask.inside[i] != 0) order[begins[bin(i)]++] = static_cast<Place>(i);
  return order;
}

std::vector<Place> ByHeight(const MaskBox& mask, std::span<const float> heights) {
  std::vector<Place> order;
  for (std::size_t i = 0; i < heights.size(); ++i)
    if (mask.inside[i] != 0) order.push_back(static_cast<Place>(i));
  std::ranges::stable_sort(order, std::greater<>(), [&](Place place) { return heights[place]; });
  return order;
}

// What has come out of the water so far: sets of pixels, each with its top.
class Islands {
 public:
  explicit Islands(std::size_t places) : parents_(places, kNowhere), tops_(places) {}

  bool IsOut(std::size_t place) const noexcept { return parents_[place] != kNowhere; }
  void Rise(Place place) noexcept { parents_[place] = tops_[place] = place; }
  Place Find(Place place) noexcept {
    while (parents_[place] != place) place = parents_[place] = parents_[parents_[place]];
    return place;
  }
  Place Top(Place root) const noexcept { return tops_[root]; }
  // `from` becomes a part of `into` and leaves its top behind.
  void Join(Place into, Place from) noexcept { parents_[from] = into; }

 private:
  std::vector<Place> parents_, tops_;
};

template <class T, class IsDeep>
std::vector<std::size_t> TopsOf(const MaskBox& mask, std::span<const T> heights, Connectivity connectivity,
                                IsDeep&& is_deep) {
  const Steps steps(connectivity, mask.height(), mask.width());
  Islands islands(heights.size());
  std::vector<std::size_t> tops;
  // Whether top a comes before top b: higher, or of equal ones the first.
  const auto is_before = [&](Place a, Place b) { return heights[a] != heights[b] ? heights[a] > heights[b] : a < b; };
  const std::vector<Place> order = ByHeight(mask, heights);
  for (const Place place : order) {
    islands.Rise(place);
    steps.ForEach(place, [&](std::size_t next) {
      if (!islands.IsOut(next)) return;
      Place a = islands.Find(place), b = islands.Find(static_cast<Place>(next));
      if (a == b) return;
      if (is_before(islands.Top(b), islands.Top(a))) std::swap(a, b);
      if (is_deep(heights[islands.Top(b)], heights[place])) tops.push_back(islands.Top(b));
      islands.Join(a, b);
    });
  }
  for (const Place place : order)
    if (islands.Find(place) == place) tops.push_back(islands.Top(place));
  std::ranges::sort(tops);
  return tops;
}

}  // namespace

std::vector<std::size_t> TopsOfDistances(const MaskBox& mask, std::span<const std::int32_t> squared, double depth,
                                         Connectivity connectivity) {
  return TopsOf(mask, squared, connectivity, [depth](std::int32_t top, std::int32_t pass) {
    return std::sqrt(static_cast<double>(top)) - std::sqrt(static_cast<double>(pass)) >= depth;
  });
}

std::vector<std::size_t> TopsOfValues(const MaskBox& mask, std::span<const float> values, double depth,
                                      Connectivity connectivity) {
  return TopsOf(mask, values, connectivity, [depth](float top, float pass) {
    return static_cast<double>(top) - static_cast<double>(pass) >= depth;
  });
}

}  // namespace tegula::objects
