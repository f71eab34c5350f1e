// OME-Zarr: reads go chunk by chunk through a cache of decoded chunks and, of shards, one of their indices.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "tegula/core/folders.h"
#include "tegula/image/formats.h"
#include "tegula/image/tile_cache.h"
#include "tegula/image/zarr_description.h"
#include "tegula/net/address.h"
#include "tegula/tensor/kernels.h"
#include "tegula/zarr/array.h"
#include "tegula/zarr/multiscale.h"
#include "tegula/zarr/web_store.h"

namespace tegula::image {
namespace {

constexpr std::int64_t kIndexCacheBytes = 16 << 20;
// Of images on the web: chunks between rows of windows come once if a row of chunks fits.
constexpr std::int64_t kWebCacheBytes = 128 << 20;
constexpr const char* kFiles[] = {"zarr.json", ".zattrs", ".zgroup", ".zarray"};

/// Immutable and thread-safe.
class ZarrSource final : public Source {
 public:
  ZarrSource(std::string name, std::unique_ptr<zarr::ByteStore> store, ZarrDescription image, std::int64_t cache_bytes)
      : name_(std::move(name)),
        store_(std::move(store)),
        levels_(std::move(image.levels)),
        axes_(image.axes),
        info_(std::move(image.info)),
        chunks_(cache_bytes),
        indices_(kIndexCacheBytes) {}
  const ImageInfo& info() const noexcept override { return info_; }

  Status Read(const ReadRequest& request, const View& out_cyx) const override {
    AssertReadable(info_, request, out_cyx);
    if (request.box.empty()) return Ok();
    const zarr::ArrayMetadata& array = levels_[static_cast<std::size_t>(request.level)].metadata();
    const Interval rows = ChunksOf(request.box.y, array.chunk[axes_.y]);
    const Interval columns = ChunksOf(request.box.x, array.chunk[axes_.x]);
    const std::vector<Interval> groups = PlanesByChunk(request, array);
    const std::int64_t count = std::ssize(groups), wide = columns.size();
    // Channels that lie in one chunk are copied while it is here.
    return store_->ForEach(rows.size() * wide * count, 2 * array.chunk_bytes(), [&](std::int64_t item) -> Status {
      const Interval planes = groups[static_cast<std::size_t>(item % count)];
      const std::int64_t y = rows.begin + item / count / wide, x = columns.begin + item / count % wide;
      const std::int64_t height = array.chunk[axes_.y], width = array.chunk[axes_.x];
      const Box chunk{{y * height, (y + 1) * height}, {x * width, (x + 1) * width}};
      return CopyPart(request, planes, Intersect(request.box, chunk), out_cyx);
    });
  }

 private:
  static Interval ChunksOf(Interval pixels, std::int64_t chunk) {
    return {pixels.begin / chunk, CeilDiv(pixels.end, chunk)};
  }

  // Runs of the request's planes whose pixels lie in the same chunks.
  std::vector<Interval> PlanesByChunk(const ReadRequest& request, const zarr::ArrayMetadata& array) const {
    std::vector<Interval> groups;
    const auto chunk_of = [&](std::int64_t plane) {
      return axes_.c < 0 ? 0 : request.channel(plane) / array.chunk[axes_.c];
    };
    for (std::int64_t plane = 0; plane < request.planes(info_); ++plane) {
      if (groups.empty() || chunk_of(plane) != chunk_of(plane - 1)) groups.push_back({plane, plane});
      groups.back().end = plane + 1;
    }
    return groups;
  }

  // `planes` of the request, of one chunk, and the `part` of the request's box that it holds.
  Status CopyPart(const ReadRequest& request, Interval planes, const Box& part, const View& out_cyx) const {
    const zarr::ArrayMetadata& array = levels_[static_cast<std::size_t>(request.level)].metadata();
    Shape chunk = array.chunk;
    std::int64_t first = 0;
    const auto place = [&](int axis, std::int64_t position) {
      if (axis < 0) return;
      chunk[axis] = position / array.chunk[axis];
      if (axis != axes_.c) first += position % array.chunk[axis] * array.chunk_strides[axis];
    };
    place(axes_.t, request.t);
    place(axes_.c, request.channel(planes.begin));
    place(axes_.z, request.z);
    place(axes_.y, part.y.begin);
    place(axes_.x, part.x.begin);
    TEGULA_ASSIGN_OR_RETURN(const TileCache::Tile tile, ReadChunk(request.level, chunk).Context(name_));
    const bool is_fill = tile->elements() == 1;
    for (std::int64_t plane = planes.begin; plane < planes.end; ++plane) {
      std::int64_t offset = first;
      if (axes_.c >= 0) offset += request.channel(plane) % array.chunk[axes_.c] * array.chunk_strides[axes_.c];
      Shape strides{0, array.chunk_strides[axes_.y], array.chunk_strides[axes_.x]};
      if (is_fill) strides = {0, 0, offset = 0};
      const ConstView pixels(tile->view().data() + offset * DTypeSize(array.dtype), array.dtype,
                             {1, part.height(), part.width()}, strides);
      ConvertCopy(pixels, out_cyx.Slice(0, plane, 1)
                              .Slice(1, part.y.begin - request.box.y.begin, part.height())
                              .Slice(2, part.x.begin - request.box.x.begin, part.width()));
    }
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

Result<std::unique_ptr<Source>> OpenFolder(const std::string& name, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(std::unique_ptr<zarr::ByteStore> store, zarr::OpenFolder(name));
  std::string where = name;
  while (where.size() > 1 && where.ends_with('/')) where.pop_back();
  TEGULA_ASSIGN_OR_RETURN(const zarr::ImageMetadata image, zarr::ReadImageMetadata(*store, where, limits));
  TEGULA_ASSIGN_OR_RETURN(ZarrDescription described, DescribeZarr(*store, image, limits));
  return std::unique_ptr<Source>(
      new ZarrSource(name, std::move(store), std::move(described), TileCache::kDefaultBytes));
}

Result<std::unique_ptr<Source>> OpenAddress(const net::FolderAddress& address, const Access& access) {
  TEGULA_ASSIGN_OR_RETURN(const zarr::WebOptions options, zarr::WebOptionsFromEnvironment());
  std::shared_ptr<net::Connections> connections = access.connections;
  if (connections == nullptr) connections = net::NewConnections(std::make_unique<SerialExecutor>());
  std::unique_ptr<zarr::ByteStore> store =
      std::make_unique<zarr::WebStore>(address, std::move(connections), access.stop, options);
  const Result<zarr::ImageMetadata> image = zarr::ReadImageMetadata(*store, address.shown(), access.limits);
  if (!image.ok() && image.error().code == Code::kUnsupported && store->State().empty())
    return NotFoundError(
        "neither zarr.json nor .zattrs is there, so this is no OME-Zarr image; files of other formats are not read "
        "over "
        "the network: fetch them first");
  TEGULA_TRY(image);
  TEGULA_ASSIGN_OR_RETURN(ZarrDescription described, DescribeZarr(*store, *image, access.limits));
  ImageInfo& info = described.info;
  info.state = store->State();
  info.held_bytes = kWebCacheBytes + zarr::WebStore::kBytesAtOnce;
  if (options.forbidden_is_missing)
    info.notes.emplace_back(
        "chunks that its server forbids to read count as never written (TEGULA_HTTP_FORBIDDEN=missing)");
  return std::unique_ptr<Source>(
      new ZarrSource(address.shown(), std::move(store), std::move(described), kWebCacheBytes));
}

}  // namespace

bool ProbeZarr(const ProbeInput& input) {
  // Only a file has a head.
  return input.head.empty() && std::ranges::any_of(kFiles, [&](const char* file) {
           const Result<bool> is_there = Exists(Path(input.name) / file);
           return !is_there.ok() || *is_there;  // what cannot be looked at is told when it is opened
         });
}

Result<std::unique_ptr<Source>> OpenZarr(const std::string& name, const Access& access) {
  return OpenFolder(name, access.limits).Context(name);
}

Result<std::unique_ptr<Source>> OpenWebZarr(const std::string& name, const Access& access) {
  if (access.offline)
    return NotFoundError(fmt::format(
        "{} lies on the web, and --offline forbids reading it; copy the image, or run the command without --offline",
        net::Masked(name)));
  TEGULA_ASSIGN_OR_RETURN(const net::FolderAddress address, net::FolderAddress::Parse(name));
  return OpenAddress(address, access).Context(address.shown());
}

}  // namespace tegula::image
