#include "tegula/zarr/encoder.h"

#include <blosc.h>
#include <fmt/format.h>
#include <libdeflate.h>
#include <zstd.h>

#include <algorithm>

#include "tegula/core/assert.h"

namespace tegula::zarr {
namespace {

constexpr CompressorName kNames[] = {{Compressor::kBloscLz4, "blosc", "lz4"},
                                     {Compressor::kBloscZstd, "blosc", "zstd"},
                                     {Compressor::kZstd, "zstd", ""},
                                     {Compressor::kGzip, "gzip", ""},
                                     {Compressor::kZlib, "zlib", ""}};

struct FreeZstd {
  void operator()(ZSTD_CCtx* context) const noexcept { ZSTD_freeCCtx(context); }
};
struct FreeDeflate {
  void operator()(libdeflate_compressor* compressor) const noexcept { libdeflate_free_compressor(compressor); }
};

Error Failed(std::string_view library, std::size_t size) {
  return InternalError(fmt::format("{} could not compress a chunk of {} bytes", library, size));
}

Result<std::string> Blosc(const Encoding& encoding, std::span<const std::byte> bytes, std::int64_t type_size) {
  std::string out(bytes.size() + BLOSC_MAX_OVERHEAD, '\0');
  const int size = blosc_compress_ctx(encoding.level, type_size > 1 ? BLOSC_BITSHUFFLE : BLOSC_NOSHUFFLE,
                                      static_cast<std::size_t>(type_size), bytes.size(), bytes.data(), out.data(),
                                      out.size(), NameOf(encoding.compressor).cname.data(), 0, 1);
  if (size <= 0) return Failed("Blosc", bytes.size());
  out.resize(static_cast<std::size_t>(size));
  return out;
}

Result<std::string> Zstd(ZSTD_CCtx* context, int level, std::span<const std::byte> bytes) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  const std::size_t size = ZSTD_compressCCtx(context, out.data(), out.size(), bytes.data(), bytes.size(), level);
  if (ZSTD_isError(size) != 0) return Failed("zstd", bytes.size());
  out.resize(size);
  return out;
}

Result<std::string> Deflate(libdeflate_compressor* compressor, bool is_gzip, std::span<const std::byte> bytes) {
  const auto bound = is_gzip ? &libdeflate_gzip_compress_bound : &libdeflate_zlib_compress_bound;
  const auto compress = is_gzip ? &libdeflate_gzip_compress : &libdeflate_zlib_compress;
  std::string out(bound(compressor, bytes.size()), '\0');
  const std::size_t size = compress(compressor, bytes.data(), bytes.size(), out.data(), out.size());
  if (size == 0) return Failed("libdeflate", bytes.size());
  out.resize(size);
  return out;
}

}  // namespace

struct Encoder::Contexts {
  Encoding encoding;
  std::unique_ptr<ZSTD_CCtx, FreeZstd> zstd;
  std::unique_ptr<libdeflate_compressor, FreeDeflate> deflate;
};

LevelRange LevelsOf(Compressor compressor) noexcept {
  switch (compressor) {
    case Compressor::kNone: break;
    case Compressor::kBloscLz4:
    case Compressor::kBloscZstd: return {0, 9};
    case Compressor::kZstd: return {1, 19};
    case Compressor::kGzip:
    case Compressor::kZlib: return {1, 9};
  }
  return {};
}

const CompressorName& NameOf(Compressor compressor) noexcept {
  TEGULA_ASSERT(compressor != Compressor::kNone);
  return *std::ranges::find(kNames, compressor, &CompressorName::compressor);
}

std::optional<Compressor> FindCompressor(std::string_view name, std::string_view cname) noexcept {
  const auto* const found = std::ranges::find_if(
      kNames, [&](const CompressorName& row) { return row.name == name && (row.cname.empty() || row.cname == cname); });
  return found == std::end(kNames) ? std::nullopt : std::optional(found->compressor);
}

std::vector<ByteCodec> CodecsOf(Compressor compressor) {
  switch (compressor) {
    case Compressor::kNone: break;
    case Compressor::kBloscLz4:
    case Compressor::kBloscZstd: return {ByteCodec::kBlosc};
    case Compressor::kZstd: return {ByteCodec::kZstd};
    case Compressor::kGzip: return {ByteCodec::kGzip};
    case Compressor::kZlib: return {ByteCodec::kZlib};
  }
  return {};
}

Encoder::Encoder(std::unique_ptr<Contexts> contexts) : contexts_(std::move(contexts)) {}
Encoder::Encoder(Encoder&&) noexcept = default;
Encoder& Encoder::operator=(Encoder&&) noexcept = default;
Encoder::~Encoder() = default;

Result<Encoder> Encoder::Create(const Encoding& encoding) {
  const LevelRange levels = LevelsOf(encoding.compressor);
  if (encoding.level < levels.least || encoding.level > levels.most)
    return InvalidError(
        fmt::format("the compression level {} is not between {} and {}", encoding.level, levels.least, levels.most));
  auto contexts = std::make_unique<Contexts>();
  contexts->encoding = encoding;
  bool has_memory = true;
  if (encoding.compressor == Compressor::kZstd) {
    contexts->zstd.reset(ZSTD_createCCtx());
    has_memory = contexts->zstd != nullptr;
  } else if (encoding.compressor == Compressor::kGzip || encoding.compressor == Compressor::kZlib) {
    contexts->deflate.reset(libdeflate_alloc_compressor(encoding.level));
    has_memory = contexts->deflate != nullptr;
  }
  if (!has_memory) return ExhaustedError("no memory for a compressor");
  return Encoder(std::move(contexts));
}

Result<std::string> Encoder::Encode(std::span<const std::byte> bytes, std::int64_t type_size) {
  const Encoding& encoding = contexts_->encoding;
  switch (encoding.compressor) {
    case Compressor::kNone: break;
    case Compressor::kBloscLz4:
    case Compressor::kBloscZstd: return Blosc(encoding, bytes, type_size);
    case Compressor::kZstd: return Zstd(contexts_->zstd.get(), encoding.level, bytes);
    case Compressor::kGzip:
    case Compressor::kZlib: return Deflate(contexts_->deflate.get(), encoding.compressor == Compressor::kGzip, bytes);
  }
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

}  // namespace tegula::zarr
