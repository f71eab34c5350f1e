// OME-Zarr: reads go chunk by chunk through a cache of decoded chunks and, of shards, one of their indices.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "tegula/core/folders.h"
#include "tegula/core/text.h"
#include "tegula/image/formats.h"
#include "tegula/image/ome_xml.h"
#include "tegula/image/tile_cache.h"
#include "tegula/tensor/kernels.h"
#include "tegula/zarr/array.h"
#include "tegula/zarr/multiscale.h"

namespace tegula::image {
namespace {

constexpr std::int64_t kIndexCacheBytes = 16 << 20;
constexpr const char* kFiles[] = {"zarr.json", ".zattrs", ".zgroup", ".zarray"};

/// Where t, c, z, y and x stand among the arrays' axes; -1: there is none.
struct AxisPlaces {
  int t = -1, c = -1, z = -1, y = -1, x = -1;
};

/// Immutable and thread-safe.
class ZarrSource final : public Source {
 public:
  ZarrSource(std::string name, std::unique_ptr<zarr::ByteStore> store, std::vector<zarr::Array> levels, AxisPlaces axes,
             ImageInfo info)
      : name_(std::move(name)),
        store_(std::move(store)),
        levels_(std::move(levels)),
        axes_(axes),
        info_(std::move(info)),
        indices_(kIndexCacheBytes) {}
  const ImageInfo& info() const noexcept override { return info_; }

  Status Read(const ReadRequest& request, const View& out_cyx) const override {
    AssertReadable(info_, request, out_cyx);
    if (request.box.empty()) return Ok();
    const zarr::ArrayMetadata& array = levels_[static_cast<std::size_t>(request.level)].metadata();
    const std::int64_t height = array.chunk[axes_.y], width = array.chunk[axes_.x];
    // Channels innermost: those that lie in one chunk are copied while it is here.
    for (std::int64_t y = request.box.y.begin / height; y * height < request.box.y.end; ++y)
      for (std::int64_t x = request.box.x.begin / width; x * width < request.box.x.end; ++x) {
        const Box chunk{{y * height, (y + 1) * height}, {x * width, (x + 1) * width}};
        for (std::int64_t i = 0; i < request.planes(info_); ++i)
          TEGULA_TRY(CopyPart(request, i, Intersect(request.box, chunk), out_cyx.Slice(0, i, 1)));
      }
    return Ok();
  }

 private:
  Status CopyPart(const ReadRequest& request, std::int64_t plane, const Box& part, const View& out_1yx) const {
    const zarr::ArrayMetadata& array = levels_[static_cast<std::size_t>(request.level)].metadata();
    Shape chunk = array.chunk;
    std::int64_t offset = 0;
    const auto place = [&](int axis, std::int64_t position) {
      if (axis < 0) return;
      chunk[axis] = position / array.chunk[axis];
      offset += position % array.chunk[axis] * array.chunk_strides[axis];
    };
    place(axes_.t, request.t);
    place(axes_.c, request.channel(plane));
    place(axes_.z, request.z);
    place(axes_.y, part.y.begin);
    place(axes_.x, part.x.begin);
    TEGULA_ASSIGN_OR_RETURN(const TileCache::Tile tile, ReadChunk(request.level, chunk).Context(name_));
    Shape strides{0, array.chunk_strides[axes_.y], array.chunk_strides[axes_.x]};
    if (tile->elements() == 1) strides = {0, 0, offset = 0};
    const ConstView pixels(tile->view().data() + offset * DTypeSize(array.dtype), array.dtype,
                           {1, part.height(), part.width()}, strides);
    ConvertCopy(pixels, out_1yx.Slice(1, part.y.begin - request.box.y.begin, part.height())
                            .Slice(2, part.x.begin - request.box.x.begin, part.width()));
    return Ok();
  }

  // The pixels of a chunk; a single one, the fill value, if the chunk is missing.
  Result<TileCache::Tile> ReadChunk(int level, const Shape& chunk) const {
    const zarr::Array& array = levels_[static_cast<std::size_t>(level)];
    return chunks_.Get(KeyOf(level, chunk, array.metadata().Grid()), [&]() -> Result<Tensor> {
      TileCache::Tile index;
      if (array.metadata().sharding) {
        TEGULA_ASSIGN_OR_RETURN(index, ReadIndex(level, array.ShardOf(chunk)));
      }
      TEGULA_ASSIGN_OR_RETURN(std::optional<Tensor> pixels, array.ReadChunk(chunk, index.get()));
      if (pixels) return std::move(*pixels);
      TEGULA_ASSIGN_OR_RETURN(Tensor fill, Tensor::Allocate(array.metadata().dtype, {1}));
      std::memcpy(fill.view().data(), array.metadata().fill.data(), static_cast<std::size_t>(fill.bytes()));
      return fill;
    });
  }

  Result<TileCache::Tile> ReadIndex(int level, const Shape& shard) const {
    const zarr::Array& array = levels_[static_cast<std::size_t>(level)];
    return indices_.Get(KeyOf(level, shard, array.metadata().Grid()), [&]() { return array.ReadShardIndex(shard); });
  }

  // `grid` has more places than there are positions.
  static TileCache::Key KeyOf(int level, const Shape& position, const Shape& grid) {
    std::uint64_t number = 0;
    for (int i = 0; i < grid.rank(); ++i)
      number = number * static_cast<std::uint64_t>(grid[i]) + static_cast<std::uint64_t>(position[i]);
    return {static_cast<std::uint64_t>(level), number};
  }

  std::string name_;
  std::unique_ptr<zarr::ByteStore> store_;
  std::vector<zarr::Array> levels_;
  AxisPlaces axes_;
  ImageInfo info_;
  mutable TileCache chunks_, indices_;
};

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
  Levels result;
  for (std::size_t i = 0; i < image.levels.size(); ++i) {
    TEGULA_ASSIGN_OR_RETURN(zarr::Array array, zarr::Array::Open(store, image.levels[i].path, limits));
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

Result<std::unique_ptr<Source>> OpenImage(const std::string& name, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(std::unique_ptr<zarr::ByteStore> store, zarr::OpenFolder(name));
  std::string where = name;
  while (where.size() > 1 && where.ends_with('/')) where.pop_back();
  TEGULA_ASSIGN_OR_RETURN(const zarr::ImageMetadata image, zarr::ReadImageMetadata(*store, where, limits));
  const AxisPlaces axes{image.AxisOf('t'), image.AxisOf('c'), image.AxisOf('z'), image.AxisOf('y'), image.AxisOf('x')};
  ImageInfo info;
  TEGULA_ASSIGN_OR_RETURN(Levels levels, OpenLevels(*store, image, axes, limits, info));
  const zarr::ArrayMetadata& first = levels.arrays.front().metadata();
  const std::int64_t channels = SizeOf(first.shape, axes.c);
  if (channels > limits.channels)
    return ExhaustedError(fmt::format("{} channels are more than the limit of {}", channels, limits.channels));
  info.format = fmt::format("ome-zarr {} (zarr {})", image.version, image.zarr_format);
  info.dtype = first.dtype;
  info.levels = std::move(levels.levels);
  info.size_z = SizeOf(first.shape, axes.z);
  info.size_t = SizeOf(first.shape, axes.t);
  SetChannels(image.channels, channels, info);
  SetPixelSize(image, axes, info);
  NoteTranslation(image, info);
  return std::unique_ptr<Source>(
      new ZarrSource(name, std::move(store), std::move(levels.arrays), axes, std::move(info)));
}

}  // namespace

bool ProbeZarr(const ProbeInput& input) {
  // Only a file has a head.
  return input.head.empty() && std::ranges::any_of(kFiles, [&](const char* file) {
           const Result<bool> is_there = Exists(Path(input.name) / file);
           return !is_there.ok() || *is_there;  // what cannot be looked at is told when it is opened
         });
}

Result<std::unique_ptr<Source>> OpenZarr(const std::string& name, const Limits& limits) {
  return OpenImage(name, limits).Context(name);
}

}  // namespace tegula::image
