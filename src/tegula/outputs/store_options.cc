#include "tegula/outputs/store_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string_view>

#include "tegula/core/interval.h"

namespace tegula::outputs {
namespace {

constexpr std::string_view kAxisOrder = "tczyx";
constexpr std::int64_t kSmallestLevel = 512;
constexpr int kMaxLevels = 32;
constexpr std::int64_t kMaxChunksOfShard = 1 << 10;  // along an axis
// Blosc counts bytes in 32 bits and needs 16 of them for its header.
constexpr std::int64_t kMaxChunkBytes = std::numeric_limits<std::int32_t>::max() - 16;

bool IsHalved(char name) { return name == 'y' || name == 'x'; }

Status CheckAxes(const StoreOptions& options, const Limits& limits) {
  std::string names;
  for (const StoreAxis& axis : options.axes) names += axis.name;
  std::size_t at = 0;
  for (const char name : names) {
    at = kAxisOrder.find(name, at);
    if (at == std::string_view::npos) break;
    ++at;
  }
  if (at == std::string_view::npos || !names.ends_with("yx"))
    return InvalidError(
        fmt::format("the axes '{}' are not a part of {} in this order that ends in yx", names, kAxisOrder));
  std::int64_t elements = 1, chunk_bytes = DTypeSize(options.dtype);
  for (const StoreAxis& axis : options.axes) {
    if (axis.size < 1 || axis.chunk < 1)
      return InvalidError(fmt::format("axis {} has {} pixels in chunks of {}; both must be at least 1", axis.name,
                                      axis.size, axis.chunk));
    if (axis.size > limits.axis_size || axis.chunk > limits.axis_size)
      return ExhaustedError(fmt::format("axis {} has {} pixels in chunks of {}, more than the limit of {}", axis.name,
                                        axis.size, axis.chunk, limits.axis_size));
    if (axis.shard < 1 || axis.shard > kMaxChunksOfShard)
      return InvalidError(fmt::format("a shard cannot have {} chunks along {}; there can be 1 to {}", axis.shard,
                                      axis.name, kMaxChunksOfShard));
    if (!std::isfinite(axis.step) || axis.step < 0 || !std::isfinite(axis.origin) ||
        (axis.name == 'c' && axis.step != 0))
      return InvalidError(
          fmt::format("axis {} cannot have the step {} and the origin {}", axis.name, axis.step, axis.origin));
    if (elements > (std::int64_t{1} << 60) / axis.size) return ExhaustedError("the image has more than 2^60 pixels");
    elements *= axis.size;
    if (chunk_bytes > std::min(kMaxChunkBytes, limits.tensor_bytes) / axis.chunk)
      return ExhaustedError("a chunk has more than 2 GiB; choose smaller chunks");
    chunk_bytes *= axis.chunk;
  }
  return Ok();
}

Status CheckFill(const StoreOptions& options) {
  const bool is_value = VisitStoredDType(options.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (kIsFloat<T>) {
      return !std::isfinite(options.fill) || static_cast<double>(static_cast<T>(options.fill)) == options.fill;
    } else {
      // 2^digits is the first number above the type's range and, unlike the range's end, always a double.
      const bool in_range = options.fill >= static_cast<double>(std::numeric_limits<T>::min()) &&
                            options.fill < std::ldexp(1.0, std::numeric_limits<T>::digits);
      return in_range && std::trunc(options.fill) == options.fill;
    }
  });
  if (!is_value)
    return InvalidError(fmt::format("the fill value {} is not a value of {}", options.fill, DTypeName(options.dtype)));
  return Ok();
}

Status CheckChannels(const StoreOptions& options, const Limits& limits) {
  const auto axis = std::ranges::find(options.axes, 'c', &StoreAxis::name);
  const std::int64_t positions = axis == options.axes.end() ? 1 : axis->size;
  if (positions > limits.channels)
    return ExhaustedError(fmt::format("{} channels are more than the limit of {}", positions, limits.channels));
  const auto described = static_cast<std::int64_t>(options.channels.size());
  if (described != 0 && described != positions)
    return InvalidError(fmt::format("{} channels are described but the image has {}", described, positions));
  if (options.is_label ? !IsInteger(options.dtype) : !options.classes.empty())
    return InvalidError("only an image of integers can be one of labels, and only such an image has classes");
  if (options.scale &&
      !(std::isfinite(options.scale->factor) && options.scale->factor > 0 && std::isfinite(options.scale->offset)))
    return InvalidError("the scale of the stored numbers is not a finite number above 0");
  for (const StoreChannel& c : options.channels)
    if (!std::isfinite(c.min) || !std::isfinite(c.max) || !std::isfinite(c.start) || !std::isfinite(c.end))
      return InvalidError(fmt::format("the display range of channel '{}' is not finite", c.name));
  return Ok();
}

Status CheckCoding(const StoreOptions& options) {
  if (!CanFilter(options.coding.filter, options.dtype))
    return InvalidError(fmt::format("rows of {} cannot be filtered so", DTypeName(options.dtype)));
  if (IsSharded(options) && options.format != ZarrFormat::k3) return InvalidError("shards are of Zarr 3 only");
  const zarr::LevelRange levels = zarr::LevelsOf(options.coding.encoding.compressor);
  if (options.coding.encoding.level < levels.least || options.coding.encoding.level > levels.most)
    return InvalidError(fmt::format("the compression level {} is not between {} and {}", options.coding.encoding.level,
                                    levels.least, levels.most));
  return Ok();
}

}  // namespace

bool IsSharded(const StoreOptions& options) noexcept {
  return std::ranges::any_of(options.axes, [](const StoreAxis& axis) { return axis.shard > 1; });
}

Shape ShapeOfLevel(const StoreOptions& options, int level) noexcept {
  std::array<std::int64_t, kMaxRank> sizes{};
  for (std::size_t i = 0; i < options.axes.size(); ++i) {
    const StoreAxis& axis = options.axes[i];
    sizes[i] = IsHalved(axis.name) ? CeilDiv(axis.size, std::int64_t{1} << level) : axis.size;
  }
  return Shape(std::span<const std::int64_t>(sizes.data(), options.axes.size()));
}

Status CompleteOptions(StoreOptions& options, const Limits& limits) {
  TEGULA_TRY(CheckAxes(options, limits));
  TEGULA_TRY(CheckFill(options));
  TEGULA_TRY(CheckChannels(options, limits));
  TEGULA_TRY(CheckCoding(options));
  if (options.levels < 0 || options.levels > kMaxLevels)
    return InvalidError(fmt::format("{} levels are asked for; there can be 1 to {}", options.levels, kMaxLevels));
  if (options.levels > 0) return Ok();
  const std::int64_t edge = std::max(options.axes[options.axes.size() - 2].size, options.axes.back().size);
  options.levels = 1;
  while (CeilDiv(edge, std::int64_t{1} << (options.levels - 1)) > kSmallestLevel) ++options.levels;
  return Ok();
}

}  // namespace tegula::outputs
