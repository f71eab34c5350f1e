#include "tegula/objects/label_map.h"

#include <algorithm>

namespace tegula::objects {

Result<LabelMap> LabelMap::Empty(std::int64_t height, std::int64_t width, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(Tensor labels_yx, Tensor::Allocate(DType::kU32, {height, width}, limits));
  std::ranges::fill(labels_yx.values<std::uint32_t>(), 0U);
  return LabelMap(std::move(labels_yx));
}

std::uint32_t LabelMap::Largest() const noexcept {
  std::uint32_t largest = 0;
  for (const std::uint32_t label : pixels()) largest = std::max(largest, label);
  return largest;
}

std::vector<std::int64_t> LabelMap::PixelCounts() const {
  std::vector<std::int64_t> counts(std::size_t{Largest()} + 1);
  for (const std::uint32_t label : pixels()) ++counts[label];
  return counts;
}

std::vector<Box> LabelMap::Boxes() const {
  std::vector<Box> boxes(std::size_t{Largest()} + 1, Box{{height(), 0}, {width(), 0}});
  for (std::int64_t y = 0; y < height(); ++y) {
    const std::span<const std::uint32_t> labels_x = row(y);
    for (std::int64_t x = 0; x < width(); ++x) {
      const std::uint32_t label = labels_x[static_cast<std::size_t>(x)];
      if (label == 0) continue;
      Box& box = boxes[label];
      box.y = {std::min(box.y.begin, y), y + 1};
      box.x = {std::min(box.x.begin, x), std::max(box.x.end, x + 1)};
    }
  }
  for (Box& box : boxes)
    if (box.empty()) box = {};
  return boxes;
}

void LabelMap::Rename(std::span<const std::uint32_t> names) noexcept {
  for (std::uint32_t& label : pixels()) label = names[label];
}

void LabelMap::Renumber() {
  std::vector<std::uint32_t> names(std::size_t{Largest()} + 1);
  std::uint32_t objects = 0;
  for (std::uint32_t& label : pixels()) {
    if (label == 0) continue;
    if (names[label] == 0) names[label] = ++objects;
    label = names[label];
  }
}

}  // namespace tegula::objects
