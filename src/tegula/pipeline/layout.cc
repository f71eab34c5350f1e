#include "tegula/pipeline/layout.h"

#include <fmt/format.h>

namespace tegula::pipeline {
namespace {

bool CanBeOne(const spec::AxisSize& size) {
  if (const auto* fixed = std::get_if<spec::FixedSize>(&size)) return fixed->size == 1;
  if (const auto* free = std::get_if<spec::ParameterizedSize>(&size)) return free->min == 1;
  return !std::holds_alternative<spec::DataDependentSize>(size);
}

std::int64_t StatedSize(const spec::Axis& axis) {
  if (!axis.channel_names.empty()) return static_cast<std::int64_t>(axis.channel_names.size());
  const auto* fixed = std::get_if<spec::FixedSize>(&axis.size);
  return fixed == nullptr ? 0 : fixed->size;
}

}  // namespace

Result<PlaneLayout> PlaneLayout::Of(const spec::TensorDescription& tensor) {
  PlaneLayout layout;
  layout.rank_ = static_cast<int>(tensor.axes.size());
  for (int i = 0; i < layout.rank_; ++i) {
    const spec::Axis& axis = tensor.axes[static_cast<std::size_t>(i)];
    if (axis.type == spec::AxisType::kChannel) {
      layout.channel_ = i;
      layout.channels_ = StatedSize(axis);
    } else if (axis.type == spec::AxisType::kSpace && axis.id == "y") {
      layout.y_ = i;
    } else if (axis.type == spec::AxisType::kSpace && axis.id == "x") {
      layout.x_ = i;
    } else if (!CanBeOne(axis.size)) {
      return UnsupportedError(fmt::format(
          "tensor {} has the axis {} with more than one position; so far models are applied to single image planes",
          tensor.id, axis.id));
    }
  }
  if (layout.y_ < 0 || layout.x_ < 0)
    return UnsupportedError(fmt::format("tensor {} has no axis {}; so far models are applied to images in y and x",
                                        tensor.id, layout.y_ < 0 ? "y" : "x"));
  return layout;
}

Shape PlaneLayout::ShapeOf(std::int64_t channels, std::int64_t height, std::int64_t width) const {
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(rank_), 1);
  if (channel_ >= 0) sizes[static_cast<std::size_t>(channel_)] = channels;
  sizes[static_cast<std::size_t>(y_)] = height;
  sizes[static_cast<std::size_t>(x_)] = width;
  return Shape(std::span<const std::int64_t>(sizes));
}

std::vector<bool> PlaneLayout::TiledAxes() const {
  std::vector<bool> tiled(static_cast<std::size_t>(rank_), false);
  tiled[static_cast<std::size_t>(y_)] = tiled[static_cast<std::size_t>(x_)] = true;
  return tiled;
}

std::vector<std::int64_t> PlaneLayout::PositionOf(std::int64_t y, std::int64_t x) const {
  std::vector<std::int64_t> position(static_cast<std::size_t>(rank_), 0);
  position[static_cast<std::size_t>(y_)] = y;
  position[static_cast<std::size_t>(x_)] = x;
  return position;
}

}  // namespace tegula::pipeline
