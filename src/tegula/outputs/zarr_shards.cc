// The shards of a ChunkStore (https://zarr-specs.readthedocs.io/en/latest/v3/codecs/sharding-indexed/): the chunks one
// after the other, then an index of offset and size for each, then the index' checksum.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <atomic>
#include <cstring>
#include <limits>

#include "tegula/core/interval.h"
#include "tegula/outputs/zarr_layout.h"
#include "tegula/outputs/zarr_store.h"
#include "tegula/zarr/array.h"

namespace tegula::outputs {
namespace {

constexpr std::uint64_t kMissing = std::numeric_limits<std::uint64_t>::max();

// Chunks of a shard along each axis, and how its index is written.
zarr::Sharding ShardingOf(const StoreOptions& options) {
  std::vector<std::int64_t> chunks;
  for (const StoreAxis& axis : options.axes) chunks.push_back(axis.shard);
  return {.chunks = Shape(std::span<const std::int64_t>(chunks)), .index_codecs = {zarr::ByteCodec::kCrc32c}};
}

// Its number among the chunks of its shard, in C order.
std::int64_t NumberInShard(const Shape& index, const Shape& chunks) {
  std::int64_t number = 0;
  for (int axis = 0; axis < index.rank(); ++axis) number = number * chunks[axis] + index[axis] % chunks[axis];
  return number;
}

Shape ShardOf(Shape index, const Shape& chunks) {
  for (int axis = 0; axis < index.rank(); ++axis) index[axis] /= chunks[axis];
  return index;
}

// Position `number`, in C order, in a box of this shape.
Shape PositionAt(std::int64_t number, const Shape& shape) {
  Shape position = shape;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    position[axis] = number % shape[axis];
    number /= shape[axis];
  }
  return position;
}

}  // namespace

Shape ChunkStore::ShardGrid(int level) const noexcept {
  Shape grid = Grid(level);
  for (int axis = 0; axis < rank(); ++axis)
    grid[axis] = CeilDiv(grid[axis], options_.axes[static_cast<std::size_t>(axis)].shard);
  return grid;
}

Path ChunkStore::ShardPath(int level, const Shape& shard) const {
  return folder_ / fmt::format("{}/{}{}", level, LayoutOf(options_.format).chunk_folder, fmt::join(shard.sizes(), "/"));
}

// Where the chunk lies in its shard, if that is there and has it.
Result<std::optional<std::pair<std::uint64_t, std::uint64_t>>> ChunkStore::PlaceInShard(int level,
                                                                                        const Shape& index) const {
  using Place = std::pair<std::uint64_t, std::uint64_t>;
  const zarr::Sharding sharding = ShardingOf(options_);
  const Path path = ShardPath(level, ShardOf(index, sharding.chunks));
  Result<RandomAccessFile> file = RandomAccessFile::Open(path);
  if (!file.ok() && file.error().code == Code::kNotFound) return std::optional<Place>();
  if (!file.ok()) return file.error();
  std::vector<std::byte> bytes(static_cast<std::size_t>(sharding.index_bytes()));
  if (file->size() < sharding.index_bytes()) return CorruptError(path.string() + " is shorter than its index");
  TEGULA_TRY(file->Read(file->size() - sharding.index_bytes(), bytes));
  TEGULA_ASSIGN_OR_RETURN(const zarr::ShardIndex entries,
                          zarr::ParseShardIndex(sharding, bytes).Context(path.string()));
  const auto number = static_cast<std::size_t>(NumberInShard(index, sharding.chunks));
  const auto entry = entries.values<std::uint64_t>().subspan(2 * number, 2);
  if (entry[0] == kMissing && entry[1] == kMissing) return std::optional<Place>();
  return std::optional(Place(entry[0], entry[1]));
}

Result<std::optional<std::string>> ChunkStore::ReadFromShard(int level, const Shape& index) const {
  TEGULA_ASSIGN_OR_RETURN(const auto place, PlaceInShard(level, index));
  if (!place) return std::optional<std::string>();
  const Path path = ShardPath(level, ShardOf(index, ShardingOf(options_).chunks));
  const auto bound = static_cast<std::uint64_t>(coder_->Bound(ChunkShape().elements() * DTypeSize(options_.dtype)));
  if (place->second > bound || place->first > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return CorruptError(
        fmt::format("the index of {} states {} bytes at {}", path.string(), place->second, place->first));
  TEGULA_ASSIGN_OR_RETURN(const RandomAccessFile file, RandomAccessFile::Open(path));
  std::string bytes(place->second, '\0');
  TEGULA_TRY(file.Read(static_cast<std::int64_t>(place->first), std::as_writable_bytes(std::span(bytes))));
  return std::optional(std::move(bytes));
}

Status ChunkStore::WriteShard(int level, const Shape& shard) const {
  const zarr::Sharding sharding = ShardingOf(options_);
  const Path path = ShardPath(level, shard);
  const Shape grid = Grid(level);
  std::vector<std::uint64_t> entries(static_cast<std::size_t>(2 * sharding.chunks.elements()), kMissing);
  std::vector<Path> loose;
  std::error_code failed;
  if (!std::filesystem::exists(path, failed)) {  // else it was complete when it was cut off
    TEGULA_TRY(MakeFolders(path.parent_path()));
    TEGULA_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
    std::uint64_t size = 0;
    for (std::int64_t number = 0; number < sharding.chunks.elements(); ++number) {
      Shape index = PositionAt(number, sharding.chunks);
      bool inside = true;
      for (int axis = 0; axis < rank(); ++axis) {
        index[axis] += shard[axis] * sharding.chunks[axis];
        inside = inside && index[axis] < grid[axis];
      }
      if (!inside) continue;
      TEGULA_ASSIGN_OR_RETURN(const std::optional<std::string> bytes, ReadEncoded(level, index));
      if (!bytes) continue;
      TEGULA_TRY(file.Write(*bytes));
      entries[static_cast<std::size_t>(2 * number)] = size;
      entries[static_cast<std::size_t>(2 * number) + 1] = bytes->size();
      size += bytes->size();
      loose.push_back(ChunkPath(level, index));
    }
    if (loose.empty()) return Ok();  // a shard without chunks is no file
    const auto index = std::as_bytes(std::span(entries));
    const std::uint32_t checksum = zarr::Crc32c(index);
    TEGULA_TRY(file.Write({reinterpret_cast<const char*>(index.data()), index.size()}));
    TEGULA_TRY(file.Write({reinterpret_cast<const char*>(&checksum), sizeof(checksum)}));
    TEGULA_TRY(file.Commit());
  }
  for (const Path& chunk : loose) std::filesystem::remove(chunk, failed);  // for the disk; the folder goes at the end
  return Ok();
}

Status ChunkStore::FinishShards(const RunContext& context) const {
  if (!IsSharded(options_)) return Ok();
  for (int level = 0; level < levels(); ++level) {
    const Shape grid = ShardGrid(level);
    std::atomic<std::int64_t> done{0};
    const auto write = [&](std::int64_t number, int) -> Status {
      TEGULA_TRY(WriteShard(level, PositionAt(number, grid)).Context(fmt::format("level {}", level)));
      context.progress.Update("writing shards", ++done, grid.elements(), "shards");
      return Ok();
    };
    TEGULA_TRY(ForEach(context.executor, grid.elements(), context.stop, write));
    std::error_code failed;
    std::filesystem::remove_all(LooseFolder(level), failed);
    if (failed) return IoError(fmt::format("cannot remove {}: {}", LooseFolder(level).string(), failed.message()));
  }
  return Ok();
}

}  // namespace tegula::outputs
