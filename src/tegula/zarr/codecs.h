// zarr/codecs.h — the compressors and checksums of Zarr chunks, one wrapper per library.
//
// Bytes come from files of others: what a codec may write is bounded by the caller, and a chunk either has exactly the
// bytes that its array announces or is an error. What is written is compressed in zarr/encoder.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tegula/core/status.h"

namespace tegula::zarr {

enum class ByteCodec : std::uint8_t { kBlosc, kZstd, kGzip, kZlib, kCrc32c };

/// By the names of Zarr 2's compressors and Zarr 3's codecs: "blosc", "zstd", "gzip", "zlib", "crc32c".
std::optional<ByteCodec> ByteCodecFromName(std::string_view name);

/// Undoes `codecs`, which were applied in this order, so that `out` is filled exactly. kCorrupt says what differs
/// ("it holds 12 bytes instead of 4096"), kExhausted without memory. One compressor decodes straight into `out`.
Status Decode(std::span<const ByteCodec> codecs, std::span<const std::byte> encoded, std::span<std::byte> out);

/// The most bytes that a sane encoder makes of `size` bytes with these codecs.
std::int64_t EncodedBound(std::span<const ByteCodec> codecs, std::int64_t size) noexcept;

/// Castagnoli's checksum (RFC 3720, appendix B.4).
std::uint32_t Crc32c(std::span<const std::byte> bytes) noexcept;

}  // namespace tegula::zarr
