#include "tegula/spec/object_output.h"

#include <algorithm>

namespace tegula::spec {
namespace {

constexpr std::int64_t kCellposeChannels = 3;

}  // namespace

std::optional<ObjectOps> FindObjectOps(const TensorDescription& output) {
  const std::span<const OpDescription> ops = output.ops;
  const auto found = std::find_if(ops.begin(), ops.end(), &MakesObjects);
  if (found == ops.end()) return std::nullopt;
  const auto at = static_cast<std::size_t>(found - ops.begin());
  return ObjectOps{ops.first(at), &*found, ops.subspan(at + 1)};
}

std::int64_t NetworkChannels(const TensorDescription& output) {
  if (const std::optional<ObjectOps> objects = FindObjectOps(output)) {
    const auto* stardist = std::get_if<StardistPostprocessing>(objects->op);
    return stardist != nullptr ? stardist->n_rays + 1 : kCellposeChannels;
  }
  const Axis* channel = output.FindAxis(AxisType::kChannel);
  if (channel == nullptr) return 1;
  if (!channel->channel_names.empty()) return static_cast<std::int64_t>(channel->channel_names.size());
  const auto* fixed = std::get_if<FixedSize>(&channel->size);
  return fixed == nullptr ? 0 : fixed->size;
}

std::int64_t PixelsPerNetworkPixel(const TensorDescription& output, std::string_view axis_id) {
  const std::optional<ObjectOps> objects = FindObjectOps(output);
  const auto* stardist = objects ? std::get_if<StardistPostprocessing>(objects->op) : nullptr;
  if (stardist == nullptr) return 1;
  constexpr std::string_view kSpace = "zyx";  // its lists end in y and x
  const std::size_t from_end = kSpace.size() - kSpace.find(axis_id);
  if (kSpace.find(axis_id) == std::string_view::npos || from_end > stardist->grid.size()) return 1;
  constexpr std::int64_t kMost = std::int64_t{1} << 24;  // more than any image has
  return std::clamp<std::int64_t>(stardist->grid[stardist->grid.size() - from_end], 1, kMost);
}

}  // namespace tegula::spec
