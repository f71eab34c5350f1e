// outputs/store_options.h — what is decided about a store before its first chunk is written.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tegula/core/limits.h"
#include "tegula/core/status.h"
#include "tegula/outputs/chunk_coding.h"
#include "tegula/outputs/palette.h"
#include "tegula/tensor/tensor.h"

namespace tegula::outputs {

struct StoreAxis {
  char name = 'y';         ///< one of t, c, z, y, x
  std::int64_t size = 0;   ///< pixels of level 0
  std::int64_t chunk = 0;  ///< pixels of a chunk, at every level
  double step = 0;         ///< µm (z, y, x) or s (t) from one pixel to the next; 0 if unknown and for c
  double origin = 0;  ///< where the centre of the first pixel lies, in the unit of step (in pixels if that is unknown)
  std::int64_t shard = 1;  ///< chunks that lie in one file along it
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

/// What a stored number stands for, where that is another: value = number * factor + offset.
struct StoredScale {
  double factor = 1, offset = 0;
  friend bool operator==(const StoredScale&, const StoredScale&) = default;
};

/// What a label stands for.
struct StoreClass {
  std::string name;
  Rgb colour;
  friend bool operator==(const StoreClass&, const StoreClass&) = default;
};

/// What is stored at halved resolution; always of the up to 2 x 2 pixels that exist (1 or 2 of them behind an odd
/// edge).
enum class Reduction : std::uint8_t {
  kMean,     ///< floats: summed in double, NaN if one is; integers: rounded half up; bool: true if half or more are
  kNanMean,  ///< the same, of those that are not NaN; NaN if all are
  kMode,     ///< the most frequent value; of several the one that comes first in reading order
  kNearest,  ///< the upper left pixel
};

/// Zarr 2 with the metadata of OME-Zarr 0.4, Zarr 3 with those of 0.5.
enum class ZarrFormat : std::uint8_t { k2 = 2, k3 = 3 };

/// Everything that is decided before the first chunk.
struct StoreOptions {
  std::string name;
  std::vector<StoreAxis> axes;  ///< a part of t, c, z, y, x in this order that ends in y, x
  DType dtype = DType::kF32;
  double fill = 0;  ///< what pixels of missing chunks are; must be a value of dtype
  int levels = 0;   ///< 0: halve y and x until neither is longer than 512 pixels
  Reduction reduction = Reduction::kMean;
  std::vector<StoreChannel> channels;  ///< one per position of c (one if there is no c), or empty
  std::optional<StoredScale> scale;    ///< nothing: the values themselves
  bool is_label = false;               ///< the integers name things
  std::vector<StoreClass> classes;     ///< of the labels 0, 1, ...; may be empty
  ZarrFormat format = ZarrFormat::k3;
  ChunkCoding coding;
  friend bool operator==(const StoreOptions&, const StoreOptions&) = default;
};

/// Whether chunks lie in shards.
bool IsSharded(const StoreOptions& options) noexcept;

/// Completes `options.levels` if it is 0 and checks everything. kInvalid or kExhausted.
Status CompleteOptions(StoreOptions& options, const Limits& limits);

/// The shape of a level of complete options.
Shape ShapeOfLevel(const StoreOptions& options, int level) noexcept;

}  // namespace tegula::outputs
