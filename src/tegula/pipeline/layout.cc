#include "tegula/pipeline/layout.h"

#include <fmt/format.h>

#include "tegula/spec/object_output.h"
#include "tegula/tiling/model_grid.h"

namespace tegula::pipeline {
namespace {

bool CanBeOne(const spec::AxisSize& size) {
  if (const auto* fixed = std::get_if<spec::FixedSize>(&size)) return fixed->size == 1;
  if (const auto* free = std::get_if<spec::ParameterizedSize>(&size)) return free->min == 1;
  return !std::holds_alternative<spec::DataDependentSize>(size);
}

}  // namespace

Result<TensorLayout> TensorLayout::Of(const spec::TensorDescription& tensor) {
  TensorLayout layout;
  layout.rank_ = static_cast<int>(tensor.axes.size());
  for (int i = 0; i < layout.rank_; ++i) {
    const spec::Axis& axis = tensor.axes[static_cast<std::size_t>(i)];
    bool is_known = false;
    for (const GridAxis grid_axis : kGridAxes) {
      if (tiling::FindAxis(tensor, grid_axis) != &axis) continue;
      layout.axes_[grid_axis] = i;
      is_known = true;
    }
    if (axis.type == spec::AxisType::kChannel && layout.channel_ < 0) {
      layout.channel_ = i;
      layout.channels_ = spec::NetworkChannels(tensor);
    } else if (!is_known && !CanBeOne(axis.size)) {
      return UnsupportedError(fmt::format(
          "tensor {} has the axis {} with more than one position, which is no axis of an image", tensor.id, axis.id));
    }
  }
  return layout;
}

Shape TensorLayout::ShapeOf(std::int64_t channels, const PerAxis<std::int64_t>& size) const {
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(rank_), 1);
  if (channel_ >= 0) sizes[static_cast<std::size_t>(channel_)] = channels;
  for (const GridAxis axis : kGridAxes) {
    TEGULA_ASSERT(has(axis) || size[axis] == 1);
    if (has(axis)) sizes[static_cast<std::size_t>(axes_[axis])] = size[axis];
  }
  return Shape(std::span<const std::int64_t>(sizes));
}

std::vector<bool> TensorLayout::TiledAxes() const {
  std::vector<bool> tiled(static_cast<std::size_t>(rank_), false);
  for (const int at : axes_.of)
    if (at >= 0) tiled[static_cast<std::size_t>(at)] = true;
  return tiled;
}

std::vector<std::int64_t> TensorLayout::PositionOf(const PerAxis<std::int64_t>& position) const {
  std::vector<std::int64_t> at(static_cast<std::size_t>(rank_), 0);
  for (const GridAxis axis : kGridAxes)
    if (has(axis)) at[static_cast<std::size_t>(axes_[axis])] = position[axis];
  return at;
}

std::vector<std::string> ChannelNamesOf(const spec::TensorDescription& tensor, std::int64_t channels) {
  std::vector<std::string> names;
  const spec::Axis* channel = tensor.FindAxis(spec::AxisType::kChannel);
  if (channel != nullptr && !spec::FindObjectOps(tensor)) names = channel->channel_names;  // else those of the objects
  for (auto i = static_cast<std::int64_t>(names.size()); i < channels; ++i)
    names.push_back(channels == 1 ? tensor.id : fmt::format("channel{}", i));
  return names;
}

int BatchAxisOf(const spec::TensorDescription& tensor) {
  for (std::size_t i = 0; i < tensor.axes.size(); ++i)
    if (tensor.axes[i].type == spec::AxisType::kBatch) return static_cast<int>(i);
  return -1;
}

}  // namespace tegula::pipeline
