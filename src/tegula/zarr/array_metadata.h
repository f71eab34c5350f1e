// zarr/array_metadata.h — what the metadata of an array says, of Zarr 2 (.zarray) and of Zarr 3 (zarr.json), as one
// description that is complete and checked.
//
// https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html, .../v3/core/, .../v3/codecs/. What is not known here (a
// codec, a filter, an element type, an extension that must be understood) is refused by its name: pixels are never
// guessed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/limits.h"
#include "tegula/core/status.h"
#include "tegula/tensor/tensor.h"
#include "tegula/zarr/codecs.h"

namespace tegula::zarr {

/// Chunks that lie together in one file with an index of where each begins.
struct Sharding {
  Shape chunks;  ///< of a shard, along each axis
  bool index_at_end = true;
  bool index_big_endian = false;
  std::vector<ByteCodec> index_codecs;  ///< none, or checksums: the index has a known size

  std::int64_t index_bytes() const noexcept;
};

/// Axes are in the array's order. A chunk is what is decoded at once: of a sharded array that inside the shard.
struct ArrayMetadata {
  DType dtype = DType::kU8;  ///< as stored, so float16 too
  Shape shape;
  Shape chunk;
  Shape chunk_strides;  ///< elements from one pixel to the next in a decoded chunk: its order in memory
  bool big_endian = false;
  std::vector<ByteCodec> codecs;    ///< of a chunk, in the order in which they were applied
  std::array<std::byte, 8> fill{};  ///< one element, in the byte order of the machine
  std::string key_prefix;           ///< "c/" or the like
  char separator = '/';             ///< between the numbers of a key
  std::optional<Sharding> sharding;

  int rank() const noexcept { return shape.rank(); }
  std::int64_t chunk_bytes() const noexcept { return chunk.elements() * DTypeSize(dtype); }
  Shape Grid() const noexcept;  ///< chunks along each axis
};

/// `text` is a .zarray, or the zarr.json of an array. kCorrupt if it contradicts the format, kUnsupported with what is
/// not read here, kExhausted above the limits (a chunk has at most 2 GiB).
Result<ArrayMetadata> ParseArrayV2(std::string_view text, const Limits& limits);
Result<ArrayMetadata> ParseArrayV3(std::string_view text, const Limits& limits);

/// Zarr 2's name of an element type in little-endian order ("<f4", "|u1"), and the type of a name (of either order).
std::string TypeOfZarr2(DType dtype);
std::optional<DType> DTypeOfZarr2(std::string_view name);

}  // namespace tegula::zarr
