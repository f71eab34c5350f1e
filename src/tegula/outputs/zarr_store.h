// outputs/zarr_store.h — one multiscale image as OME-Zarr, written and read chunk by chunk.
//
// Predictions go to disk as they are made, from many workers, and survive a kill: a chunk appears under its name
// only when it is complete, so a run that is started again goes on with the chunks that are missing. Chunks at the far
// edges are stored whole, filled up with the fill value, as Zarr demands. Opened are stores that were written here;
// other OME-Zarr images are refused with what differs.
//
// The chunks of a sharded store lie in files of their own, in a hidden folder of their level, until FinishShards puts
// them into their shards as they are; reading finds them in either place.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "tegula/core/files.h"
#include "tegula/core/limits.h"
#include "tegula/core/run_context.h"
#include "tegula/core/status.h"
#include "tegula/outputs/store_options.h"
#include "tegula/tensor/tensor.h"

namespace tegula::outputs {

/// A multiscale image on disk; level k has half the pixels of level k-1 in y and x, rounded up. Positions and chunk
/// indices have one entry per axis, in the order of `options().axes`. Immutable and thread-safe; a chunk that is read
/// while it is written is seen before or after, never in between.
class ChunkStore {
 public:
  /// Makes the folder and its metadata. kInvalid for options that contradict themselves or a folder that holds a store
  /// already, kExhausted for sizes above the limits, kIo.
  static Result<ChunkStore> Create(const Path& folder, StoreOptions options, const Limits& limits = {});
  /// Reads the metadata of a store. kNotFound, kCorrupt, kUnsupported if it was written by other software, kExhausted,
  /// kIo.
  static Result<ChunkStore> Open(const Path& folder, const Limits& limits = {});

  const Path& folder() const noexcept { return folder_; }
  const StoreOptions& options() const noexcept { return options_; }
  int levels() const noexcept { return options_.levels; }
  int rank() const noexcept { return static_cast<int>(options_.axes.size()); }
  /// Pixels of a level, and of a chunk of any level.
  Shape LevelShape(int level) const noexcept;
  Shape ChunkShape() const noexcept;
  /// Chunks of a level along each axis, and in all.
  Shape Grid(int level) const noexcept;
  std::int64_t ChunkCount(int level) const noexcept { return Grid(level).elements(); }
  /// The index of the chunk with this number in C order; 0 <= number < ChunkCount(level).
  Shape ChunkIndex(int level, std::int64_t number) const noexcept;
  /// The first pixel of a chunk, and how many of its pixels lie inside the level.
  Shape ChunkBegin(const Shape& index) const noexcept;
  Shape ChunkExtent(int level, const Shape& index) const noexcept;

  bool HasChunk(int level, const Shape& index) const;
  /// Stores one chunk, whole or not at all. `pixels` has the store's dtype, any strides and the shape ChunkExtent. kIo
  /// or kExhausted. Cost: compression on the calling thread; memory of two chunks.
  Status WriteChunk(int level, const Shape& index, const ConstView& pixels) const;
  /// Stores all chunks of a box of pixels that begins at `begin`. The box consists of whole chunks: it begins on a
  /// chunk and ends on one or at the level's edge.
  Status WriteBox(int level, const Shape& begin, const ConstView& pixels) const;

  /// The pixels of a chunk inside the level (ChunkExtent); the fill value if the chunk is missing. kIo or kCorrupt.
  Result<Tensor> ReadChunk(int level, const Shape& index) const;
  /// Fills `out` with the box of its shape that begins at `begin` and lies inside the level, converting elements as
  /// ConvertCopy does. Cost: every chunk that is touched is read and decoded once; memory of two chunks.
  Status ReadBox(int level, const Shape& begin, const View& out) const;

  /// Sets pixels of any shape to the fill value.
  void Fill(const View& out) const noexcept;

  /// The bytes of a chunk as options().coding made them; nothing if it is missing. kIo or kCorrupt.
  Result<std::optional<std::string>> ReadEncoded(int level, const Shape& index) const;

  /// Puts all chunks into their shards, byte by byte as they are, each shard whole or not at all; cut off, it is done
  /// again. Nothing to do for a store without shards. Call when all chunks are written. kIo, kExhausted, kCancelled.
  /// Memory: a chunk per worker.
  Status FinishShards(const RunContext& context) const;

 private:
  ChunkStore(Path folder, StoreOptions options);
  Shape ShardGrid(int level) const noexcept;
  Path ChunkPath(int level, const Shape& index) const;
  Path ShardPath(int level, const Shape& shard) const;
  Path LooseFolder(int level) const;
  Result<std::optional<std::string>> ReadFromShard(int level, const Shape& index) const;
  Result<std::optional<std::pair<std::uint64_t, std::uint64_t>>> PlaceInShard(int level, const Shape& index) const;
  Status WriteShard(int level, const Shape& shard) const;
  Result<bool> DecodeChunk(int level, const Shape& index, Tensor& chunk) const;
  void AssertIsChunk(int level, const Shape& index) const noexcept;

  Path folder_;
  StoreOptions options_;
  std::shared_ptr<const ChunkCoder> coder_;
  std::array<std::byte, 8> fill_{};  // one element of the store's dtype
};

}  // namespace tegula::outputs
