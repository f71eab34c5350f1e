// zarr/encoder.h — the compressors with which chunks are written; decoding is in zarr/codecs.h.
//
// Contexts of compressors are large and expensive to make, so an Encoder keeps its own from chunk to chunk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/status.h"
#include "tegula/zarr/codecs.h"

namespace tegula::zarr {

/// kZlib is a zlib stream (Zarr 2's "zlib", TIFF's Deflate), kGzip the same in a gzip file.
enum class Compressor : std::uint8_t { kNone, kBloscLz4, kBloscZstd, kZstd, kGzip, kZlib };

struct Encoding {
  Compressor compressor = Compressor::kBloscLz4;
  int level = 5;
  friend bool operator==(const Encoding&, const Encoding&) = default;
};

/// Which levels a compressor has; 0 and 0 for kNone.
struct LevelRange {
  int least = 0, most = 0;
};
LevelRange LevelsOf(Compressor compressor) noexcept;

/// As metadata call it: Zarr 3's "name" (Zarr 2's "id"), and of Blosc its "cname".
struct CompressorName {
  Compressor compressor;
  std::string_view name, cname;
};
/// Not of kNone, which metadata leave out.
const CompressorName& NameOf(Compressor compressor) noexcept;
/// `cname` counts for Blosc only.
std::optional<Compressor> FindCompressor(std::string_view name, std::string_view cname) noexcept;

/// What undoes it.
std::vector<ByteCodec> CodecsOf(Compressor compressor);

/// One thread at a time; moves.
class Encoder {
 public:
  /// kExhausted without memory; kInvalid for a level that the compressor does not have.
  static Result<Encoder> Create(const Encoding& encoding);
  Encoder(Encoder&&) noexcept;
  Encoder& operator=(Encoder&&) noexcept;
  ~Encoder();

  /// `bytes` (at most 2^31 - 17) are elements of `type_size` bytes, whose bits Blosc shuffles if there are several:
  /// neighbours share the high bits; single bytes compress best as they are. kInternal.
  Result<std::string> Encode(std::span<const std::byte> bytes, std::int64_t type_size);

 private:
  struct Contexts;
  explicit Encoder(std::unique_ptr<Contexts> contexts);
  std::unique_ptr<Contexts> contexts_;
};

}  // namespace tegula::zarr
