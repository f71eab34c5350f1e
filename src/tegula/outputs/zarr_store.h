// outputs/zarr_store.h — one multiscale image as OME-Zarr 0.5, written and read chunk by chunk.
//
// Predictions go to disk as they are made, from many workers, and survive a kill: a chunk appears under its name
// only when it is complete, so a run that is started again goes on with the chunks that are missing. The layout is Zarr
// format 3 (https://zarr-specs.readthedocs.io/en/latest/v3/core/) with the default chunk keys ("c/0/1/2") and the
// codecs bytes (little-endian) and Blosc, under the metadata of OME-Zarr 0.5 (https://ngff.openmicroscopy.org/0.5/).
// Chunks at the far edges are stored whole, filled up with the fill value, as Zarr demands. Opened are stores that were
// written here; other OME-Zarr images are refused with what differs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tegula/core/files.h"
#include "tegula/core/limits.h"
#include "tegula/core/status.h"
#include "tegula/outputs/palette.h"
#include "tegula/tensor/tensor.h"

namespace tegula::outputs {

struct StoreAxis {
  char name = 'y';         ///< one of t, c, z, y, x
  std::int64_t size = 0;   ///< pixels of level 0
  std::int64_t chunk = 0;  ///< pixels of a chunk, at every level
  double step = 0;         ///< µm (z, y, x) or s (t) from one pixel to the next; 0 if unknown and for c
  double origin = 0;  ///< where the centre of the first pixel lies, in the unit of step (in pixels if that is unknown)
  friend bool operator==(const StoreAxis&, const StoreAxis&) = default;
};

/// How viewers show a channel.
struct StoreChannel {
  std::string name;
  Rgb colour;
  double min = 0, max = 1;    ///< the values that can occur
  double start = 0, end = 1;  ///< shown as black and as the full colour
  friend bool operator==(const StoreChannel&, const StoreChannel&) = default;
};

/// What is stored at halved resolution; always of the up to 2 x 2 pixels that exist (1 or 2 of them behind an odd
/// edge).
enum class Reduction : std::uint8_t {
  kMean,     ///< floats: summed in double, NaN if one is; integers: rounded half up; bool: true if half or more are
  kMode,     ///< the most frequent value; of several the one that comes first in reading order
  kNearest,  ///< the upper left pixel
};

enum class Codec : std::uint8_t { kLz4, kZstd };

/// Everything that is decided before the first chunk.
struct StoreOptions {
  std::string name;
  std::vector<StoreAxis> axes;  ///< a part of t, c, z, y, x in this order that ends in y, x
  DType dtype = DType::kF32;
  double fill = 0;  ///< what pixels of missing chunks are; must be a value of dtype
  int levels = 0;   ///< 0: halve y and x until neither is longer than 512 pixels
  Reduction reduction = Reduction::kMean;
  std::vector<StoreChannel> channels;  ///< one per position of c (one if there is no c), or empty
  Codec codec = Codec::kLz4;
  int compression_level = 5;  ///< 0 (none) to 9
  friend bool operator==(const StoreOptions&, const StoreOptions&) = default;
};

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

 private:
  ChunkStore(Path folder, StoreOptions options);
  Path ChunkPath(int level, const Shape& index) const;
  Result<bool> DecodeChunk(int level, const Shape& index, Tensor& chunk) const;
  Result<std::string> Compress(const ConstView& chunk) const;
  Status Decompress(const std::string& file, const View& chunk) const;
  void Fill(const View& out) const noexcept;
  void AssertIsChunk(int level, const Shape& index) const noexcept;

  Path folder_;
  StoreOptions options_;
  std::array<std::byte, 8> fill_{};  // one element of the store's dtype
};

}  // namespace tegula::outputs
