#include "tegula/zarr/codecs.h"

#include <blosc.h>
#include <fmt/format.h>
#include <libdeflate.h>
#include <zstd.h>
#include <zstd_errors.h>
#if defined(__SSE4_2__)
#include <nmmintrin.h>
#endif

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "tegula/tensor/tensor.h"

namespace tegula::zarr {
namespace {

constexpr std::size_t kChecksumBytes = 4;

struct NamedCodec {
  std::string_view name;
  ByteCodec codec;
};
constexpr NamedCodec kNames[] = {{"blosc", ByteCodec::kBlosc},
                                 {"zstd", ByteCodec::kZstd},
                                 {"gzip", ByteCodec::kGzip},
                                 {"zlib", ByteCodec::kZlib},
                                 {"crc32c", ByteCodec::kCrc32c}};

Error TooMany(std::size_t expected) {
  return CorruptError(fmt::format("it holds more than the {} bytes of a chunk", expected));
}
Error Damaged() { return CorruptError("its compressed content is damaged"); }

// Each decodes into a part of `out` and says how many bytes that are.

Result<std::size_t> DecodeBlosc(std::span<const std::byte> in, std::span<std::byte> out) {
  std::size_t announced = 0;
  if (in.size() < BLOSC_MIN_HEADER_LENGTH || blosc_cbuffer_validate(in.data(), in.size(), &announced) != 0)
    return CorruptError("it is not what Blosc writes");
  if (announced > out.size()) return TooMany(out.size());
  const int decoded = blosc_decompress_ctx(in.data(), out.data(), announced, 1);
  if (decoded < 0 || static_cast<std::size_t>(decoded) != announced) return Damaged();
  return announced;
}

Result<std::size_t> DecodeZstd(std::span<const std::byte> in, std::span<std::byte> out) {
  const std::size_t decoded = ZSTD_decompress(out.data(), out.size(), in.data(), in.size());
  if (ZSTD_isError(decoded) == 0) return decoded;
  switch (ZSTD_getErrorCode(decoded)) {
    case ZSTD_error_dstSize_tooSmall: return TooMany(out.size());
    case ZSTD_error_memory_allocation: return ExhaustedError("zstd ran out of memory");
    default: return Damaged();
  }
}

struct FreeDecompressor {
  void operator()(libdeflate_decompressor* decompressor) const noexcept { libdeflate_free_decompressor(decompressor); }
};
using Decompressor = std::unique_ptr<libdeflate_decompressor, FreeDecompressor>;

// A gzip file may have several members.
Result<std::size_t> DecodeDeflate(ByteCodec codec, std::span<const std::byte> in, std::span<std::byte> out) {
  const Decompressor decompressor(libdeflate_alloc_decompressor());
  if (decompressor == nullptr) return ExhaustedError("no memory for libdeflate");
  const auto decode = codec == ByteCodec::kGzip ? &libdeflate_gzip_decompress_ex : &libdeflate_zlib_decompress_ex;
  std::size_t written = 0;
  do {
    std::size_t used = 0, made = 0;
    const std::span<std::byte> rest = out.subspan(written);
    const libdeflate_result result =
        decode(decompressor.get(), in.data(), in.size(), rest.data(), rest.size(), &used, &made);
    if (result == LIBDEFLATE_INSUFFICIENT_SPACE) return TooMany(out.size());
    if (result != LIBDEFLATE_SUCCESS || used == 0) return Damaged();
    written += made;
    in = in.subspan(used);
  } while (codec == ByteCodec::kGzip && !in.empty());
  if (!in.empty()) return Damaged();
  return written;
}

Result<std::size_t> Decompress(ByteCodec codec, std::span<const std::byte> in, std::span<std::byte> out) {
  switch (codec) {
    case ByteCodec::kBlosc: return DecodeBlosc(in, out);
    case ByteCodec::kZstd: return DecodeZstd(in, out);
    case ByteCodec::kGzip:
    case ByteCodec::kZlib: return DecodeDeflate(codec, in, out);
    case ByteCodec::kCrc32c: break;
  }
  return InternalError("a checksum compresses nothing");
}

Result<std::span<const std::byte>> CheckedContent(std::span<const std::byte> bytes) {
  if (bytes.size() < kChecksumBytes) return CorruptError("it is too short for its checksum");
  const std::span<const std::byte> content = bytes.first(bytes.size() - kChecksumBytes);
  std::uint32_t stated = 0;
  for (std::size_t i = 0; i < kChecksumBytes; ++i)
    stated |= static_cast<std::uint32_t>(bytes[content.size() + i]) << (8 * i);
  if (stated != Crc32c(content)) return CorruptError("its checksum (crc32c) differs from its content");
  return content;
}

constexpr std::array<std::uint32_t, 256> CrcTable() {
  constexpr std::uint32_t kPolynomial = 0x82F63B78;  // reflected
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    table[i] = crc;
  }
  return table;
}

}  // namespace

std::optional<ByteCodec> ByteCodecFromName(std::string_view name) {
  const auto* const found = std::ranges::find(kNames, name, &NamedCodec::name);
  return found == std::end(kNames) ? std::nullopt : std::optional(found->codec);
}

std::int64_t EncodedBound(std::span<const ByteCodec> codecs, std::int64_t size) noexcept {
  // Deflate may add 5 bytes to blocks of 16 KiB, and its writers a header; the others add less.
  constexpr std::int64_t kShare = 64, kHeader = 4096;
  for ([[maybe_unused]] const ByteCodec codec : codecs) size += size / kShare + kHeader;
  return size;
}

Status Decode(std::span<const ByteCodec> codecs, std::span<const std::byte> encoded, std::span<std::byte> out) {
  Tensor step;  // what a compressor before others held
  for (std::size_t left = codecs.size(); left > 0; --left) {
    const ByteCodec codec = codecs[left - 1];
    if (codec == ByteCodec::kCrc32c) {
      TEGULA_ASSIGN_OR_RETURN(encoded, CheckedContent(encoded));
      continue;
    }
    std::span<std::byte> room = out;
    Tensor decoded;
    if (left > 1) {
      const std::int64_t bound = EncodedBound(codecs.first(left - 1), static_cast<std::int64_t>(out.size()));
      TEGULA_ASSIGN_OR_RETURN(decoded, Tensor::Allocate(DType::kU8, {bound}));
      room = {decoded.view().data(), static_cast<std::size_t>(bound)};
    }
    TEGULA_ASSIGN_OR_RETURN(const std::size_t size, Decompress(codec, encoded, room));
    encoded = room.first(size);
    step = std::move(decoded);
  }
  if (encoded.size() != out.size())
    return CorruptError(fmt::format("it holds {} bytes instead of the {} of a chunk", encoded.size(), out.size()));
  if (encoded.data() != out.data()) std::ranges::copy(encoded, out.begin());
  return Ok();
}

std::uint32_t Crc32c(std::span<const std::byte> bytes) noexcept {
  std::uint32_t crc = 0xFFFFFFFF;
#if defined(__SSE4_2__)
  std::uint64_t wide = crc;
  for (; bytes.size() >= sizeof(wide); bytes = bytes.subspan(sizeof(wide))) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), sizeof(word));
    wide = _mm_crc32_u64(wide, word);
  }
  crc = static_cast<std::uint32_t>(wide);
#endif
  static constexpr std::array<std::uint32_t, 256> kTable = CrcTable();
  for (const std::byte byte : bytes) crc = (crc >> 8) ^ kTable[(crc ^ static_cast<std::uint32_t>(byte)) & 0xFF];
  return ~crc;
}

}  // namespace tegula::zarr
