// zarr/array.h — decoded chunks of one Zarr array, whole or inside shards.
//
// What overlapping reads share (decoded chunks, shard indices) is kept by whoever reads, who knows how much memory
// there is; an array itself holds nothing but its metadata.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "tegula/core/status.h"
#include "tegula/zarr/array_metadata.h"
#include "tegula/zarr/byte_store.h"

namespace tegula::zarr {

/// Where the chunks of a shard lie: elements (offset, size) of uint64 per chunk, in C order; one element if there is no
/// such shard.
using ShardIndex = Tensor;

/// The entries of an index in `bytes` (`Sharding::index_bytes`). kCorrupt for a wrong checksum.
Result<ShardIndex> ParseShardIndex(const Sharding& sharding, std::span<const std::byte> bytes);

/// Borrows the store. Immutable and thread-safe.
class Array {
 public:
  /// `path`: the key of the array's folder; empty for the store itself. Reads zarr.json or, if there is none, .zarray;
  /// with `zarr_format` 2 the other way round. kNotFound if there is neither; errors of the store and of the parsers
  /// with the file's name.
  static Result<Array> Open(const ByteStore& store, const std::string& path, const Limits& limits, int zarr_format = 3);

  const ArrayMetadata& metadata() const noexcept { return metadata_; }

  /// The shard that holds a chunk (indices along each axis), and its index. Only of sharded arrays. kIo or kCorrupt
  /// with the file.
  Shape ShardOf(const Shape& chunk) const noexcept;
  Result<ShardIndex> ReadShardIndex(const Shape& shard) const;

  /// The pixels of a chunk, one axis of chunk.elements() in the order that metadata().chunk_strides tells; nothing if
  /// the chunk is missing and its pixels are the fill value. `index`: that of its shard; null if not sharded. Cost:
  /// the chunk's bytes are read and decoded once on the calling thread. kIo, or kCorrupt with the file.
  Result<std::optional<Tensor>> ReadChunk(const Shape& chunk, const ShardIndex* index) const;

 private:
  Array(const ByteStore& store, std::string path, ArrayMetadata metadata)
      : store_(&store), path_(std::move(path)), metadata_(std::move(metadata)) {}
  std::string KeyOf(const Shape& chunk_or_shard) const;
  Result<Tensor> DecodeChunk(std::span<const std::byte> encoded) const;
  Result<std::optional<Tensor>> ReadFromShard(const Shape& chunk, const ShardIndex& index) const;

  const ByteStore* store_;
  std::string path_;
  ArrayMetadata metadata_;
};

/// `path`/`name`, or `name` if the path is empty.
std::string Join(const std::string& path, std::string_view name);

}  // namespace tegula::zarr
