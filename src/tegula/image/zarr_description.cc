#include "tegula/image/zarr_description.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "tegula/core/text.h"
#include "tegula/image/ome_xml.h"

namespace tegula::image {
namespace {

std::int64_t SizeOf(const Shape& shape, int axis) { return axis < 0 ? 1 : shape[axis]; }

// ------------------------------------------------------------------------------------------------------------ channels

std::optional<Rgb> ParseColour(const std::string& text) {
  std::uint32_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (text.size() != 6 || failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  const auto byte = [&](int shift) { return static_cast<std::uint8_t>(value >> shift & 0xFF); };
  return Rgb{byte(16), byte(8), byte(0)};
}

// Three channels that are called red, green and blue, and are shown so.
bool IsRgb(const std::vector<zarr::ImageChannel>& channels, std::int64_t count) {
  constexpr std::pair<std::string_view, std::string_view> kParts[] = {
      {"red", "ff0000"}, {"green", "00ff00"}, {"blue", "0000ff"}};
  const auto is = [](const zarr::ImageChannel& channel, const auto& part) {
    const std::string name = ToLower(channel.name);
    return (name == part.first || name == part.first.substr(0, 1)) && ToLower(channel.colour) == part.second;
  };
  return count == 3 && std::equal(channels.begin(), channels.end(), std::begin(kParts), std::end(kParts), is);
}

void SetChannels(const std::vector<zarr::ImageChannel>& stated, std::int64_t count, ImageInfo& info) {
  info.is_rgb = IsRgb(stated, count);
  info.channels = DefaultChannels(count, info.is_rgb);
  if (static_cast<std::int64_t>(stated.size()) != count) {
    if (!stated.empty())
      info.notes.push_back(
          fmt::format("its channels are not named: {} are described, but there are {}", stated.size(), count));
    return;
  }
  for (std::size_t i = 0; i < stated.size(); ++i) {
    if (!stated[i].name.empty()) info.channels[i].name = stated[i].name;
    if (const std::optional<Rgb> colour = ParseColour(stated[i].colour)) info.channels[i].colour = colour;
  }
}

// -------------------------------------------------------------------------------------------------------------- levels

// A level's scale against its size: rounding leaves a pixel, and a hundredth is no contradiction.
bool Agrees(std::int64_t size, std::int64_t size0, double downsample) {
  constexpr double kRounding = 1.5, kShare = 0.01;
  return std::abs(static_cast<double>(size0) / downsample - static_cast<double>(size)) <=
         kRounding + kShare * static_cast<double>(size);
}

Result<Level> DescribeLevel(const zarr::ImageMetadata& image, std::size_t index, const AxisPlaces& axes,
                            const zarr::ArrayMetadata& array, const Level& level0) {
  const auto downsample = [&](int axis) {
    const auto i = static_cast<std::size_t>(axis);
    return image.levels[index].scale[i] / image.levels[0].scale[i];
  };
  Level level{.height = array.shape[axes.y],
              .width = array.shape[axes.x],
              .downsample_y = downsample(axes.y),
              .downsample_x = downsample(axes.x),
              .tile_height = array.chunk[axes.y],
              .tile_width = array.chunk[axes.x]};
  if (index > 0 && !(Agrees(level.height, level0.height, level.downsample_y) &&
                     Agrees(level.width, level0.width, level.downsample_x)))
    return CorruptError(fmt::format(
        "level {} has {} x {} pixels (height x width), but by its scale one of them is {:.6g} x {:.6g} of the {} x {} "
        "of "
        "level 0; correct the scales in its metadata",
        index, level.height, level.width, level.downsample_y, level.downsample_x, level0.height, level0.width));
  return level;
}

struct Levels {
  std::vector<zarr::Array> arrays;
  std::vector<Level> levels;
};

Result<Levels> OpenLevels(const zarr::ByteStore& store, const zarr::ImageMetadata& image, const AxisPlaces& axes,
                          const Limits& limits, ImageInfo& info) {
  std::vector<std::optional<Result<zarr::Array>>> opened(image.levels.size());
  TEGULA_TRY(store.ForEach(std::ssize(opened), limits.description_bytes, [&](std::int64_t item) -> Status {
    const auto i = static_cast<std::size_t>(item);
    opened[i] = zarr::Array::Open(store, image.levels[i].path, limits, image.zarr_format);
    return Ok();
  }));
  Levels result;
  for (std::size_t i = 0; i < image.levels.size(); ++i) {
    TEGULA_ASSIGN_OR_RETURN(zarr::Array array, *std::move(opened[i]));
    const zarr::ArrayMetadata& metadata = array.metadata();
    if (static_cast<std::size_t>(metadata.rank()) != image.axes.size())
      return CorruptError(
          fmt::format("level {} has {} axes, but {} are described", i, metadata.rank(), image.axes.size()));
    const zarr::ArrayMetadata& first = i == 0 ? metadata : result.arrays.front().metadata();
    if (metadata.dtype != first.dtype)
      return CorruptError(
          fmt::format("level {} is of {}, but level 0 of {}", i, DTypeName(metadata.dtype), DTypeName(first.dtype)));
    for (const int axis : {axes.t, axes.c})
      if (SizeOf(metadata.shape, axis) != SizeOf(first.shape, axis))
        return CorruptError(fmt::format("level {} has other times or channels than level 0", i));
    if (SizeOf(metadata.shape, axes.z) != SizeOf(first.shape, axes.z)) {
      info.notes.push_back(fmt::format("levels from {} on are not used: they have {} planes along z instead of {}", i,
                                       SizeOf(metadata.shape, axes.z), SizeOf(first.shape, axes.z)));
      break;
    }
    TEGULA_ASSIGN_OR_RETURN(Level level,
                            DescribeLevel(image, i, axes, metadata, i == 0 ? Level() : result.levels.front()));
    if (i > 0 && (level.downsample_y < result.levels.back().downsample_y ||
                  level.downsample_x < result.levels.back().downsample_x))
      return CorruptError(fmt::format("level {} is finer than the one before; the largest has to come first", i));
    result.levels.push_back(level);
    result.arrays.push_back(std::move(array));
  }
  return result;
}

// ----------------------------------------------------------------------------------------------------------- positions

void SetPixelSize(const zarr::ImageMetadata& image, const AxisPlaces& axes, ImageInfo& info) {
  const auto micrometres = [&](int axis) {
    const auto i = static_cast<std::size_t>(axis);
    return Micrometres(image.levels[0].scale[i], image.axes[i].unit);
  };
  const std::optional<double> y = micrometres(axes.y), x = micrometres(axes.x);
  if (y && x) info.pixel_size = PixelSize{*y, *x};
}

void NoteTranslation(const zarr::ImageMetadata& image, ImageInfo& info) {
  std::string text;
  for (std::size_t i = 0; i < image.axes.size(); ++i) {
    const zarr::ImageAxis& axis = image.axes[i];
    if (const double position = image.levels[0].translation[i]; position != 0)
      text += fmt::format("{}{} {:.6g}{}{}", text.empty() ? "" : ", ", axis.name, position,
                          axis.unit.empty() ? "" : " ", axis.unit);
  }
  if (!text.empty())
    info.notes.push_back(fmt::format("its first pixel lies at {}; positions in results count from that pixel", text));
}

}  // namespace

Result<ZarrDescription> DescribeZarr(const zarr::ByteStore& store, const zarr::ImageMetadata& image,
                                     const Limits& limits) {
  ZarrDescription described;
  const AxisPlaces& axes =
      described.axes = {image.AxisOf('t'), image.AxisOf('c'), image.AxisOf('z'), image.AxisOf('y'), image.AxisOf('x')};
  ImageInfo& info = described.info;
  TEGULA_ASSIGN_OR_RETURN(Levels levels, OpenLevels(store, image, axes, limits, info));
  const zarr::ArrayMetadata& first = levels.arrays.front().metadata();
  const std::int64_t channels = SizeOf(first.shape, axes.c);
  if (channels > limits.channels)
    return ExhaustedError(fmt::format("{} channels are more than the limit of {}", channels, limits.channels));
  info.format = fmt::format("ome-zarr {} (zarr {})", image.version, image.zarr_format);
  info.dtype = ComputedDType(first.dtype);
  info.levels = std::move(levels.levels);
  info.size_z = SizeOf(first.shape, axes.z);
  info.size_t = SizeOf(first.shape, axes.t);
  SetChannels(image.channels, channels, info);
  SetPixelSize(image, axes, info);
  NoteTranslation(image, info);
  described.levels = std::move(levels.arrays);
  return described;
}

}  // namespace tegula::image
