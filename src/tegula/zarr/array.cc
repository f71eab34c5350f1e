#include "tegula/zarr/array.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace tegula::zarr {
namespace {

constexpr std::uint64_t kMissing = ~std::uint64_t{0};  // offset and size of a chunk that is not in its shard

std::span<std::byte> BytesOf(Tensor& tensor) {
  return {tensor.view().data(), static_cast<std::size_t>(tensor.bytes())};
}

// GCC and Clang make one instruction of each turn.
template <class T>
void SwapAll(std::span<std::byte> bytes) {
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(T)) {
    T value = 0;
    std::memcpy(&value, &bytes[at], sizeof(T));
    T swapped = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i)
      swapped = static_cast<T>(swapped | static_cast<T>((value >> (8 * i) & 0xFF) << (8 * (sizeof(T) - 1 - i))));
    std::memcpy(&bytes[at], &swapped, sizeof(T));
  }
}

void SwapBytes(std::span<std::byte> bytes, std::int64_t type_size) {
  switch (type_size) {
    case 2: return SwapAll<std::uint16_t>(bytes);
    case 4: return SwapAll<std::uint32_t>(bytes);
    case 8: return SwapAll<std::uint64_t>(bytes);
    default: return;
  }
}

}  // namespace

std::string Join(const std::string& path, std::string_view name) {
  return path.empty() ? std::string(name) : fmt::format("{}/{}", path, name);
}

Result<ShardIndex> ParseShardIndex(const Sharding& sharding, std::span<const std::byte> bytes) {
  TEGULA_ASSIGN_OR_RETURN(ShardIndex index, Tensor::Allocate(DType::kU64, {sharding.chunks.elements() * 2}));
  TEGULA_TRY(Decode(sharding.index_codecs, bytes, BytesOf(index)).Context("the index of the shard"));
  if (sharding.index_big_endian) SwapBytes(BytesOf(index), DTypeSize(DType::kU64));
  return index;
}

Result<Array> Array::Open(const ByteStore& store, const std::string& path, const Limits& limits, int zarr_format) {
  struct Generation {
    const char* file;
    Result<ArrayMetadata> (*parse)(std::string_view, const Limits&);
  };
  Generation generations[] = {{"zarr.json", &ParseArrayV3}, {".zarray", &ParseArrayV2}};
  if (zarr_format == 2) std::swap(generations[0], generations[1]);
  for (const Generation& generation : generations) {
    const std::string key = Join(path, generation.file);
    TEGULA_ASSIGN_OR_RETURN(const std::optional<std::string> text, store.Get(key, limits.description_bytes));
    if (!text) continue;
    TEGULA_ASSIGN_OR_RETURN(ArrayMetadata metadata, generation.parse(*text, limits).Context(store.Name(key)));
    return Array(store, path, std::move(metadata));
  }
  return NotFoundError(
      fmt::format("{} is not there; copy the whole image again", store.Name(Join(path, generations[0].file))));
}

std::string Array::KeyOf(const Shape& index) const {
  const std::string separator(1, metadata_.separator);
  return Join(path_, fmt::format("{}{}", metadata_.key_prefix, fmt::join(index.sizes(), separator)));
}

Shape Array::ShardOf(const Shape& chunk) const noexcept {
  Shape shard = chunk;
  for (int i = 0; i < shard.rank(); ++i) shard[i] /= metadata_.sharding->chunks[i];
  return shard;
}

Result<ShardIndex> Array::ReadShardIndex(const Shape& shard) const {
  const Sharding& sharding = *metadata_.sharding;
  const std::string key = KeyOf(shard);
  TEGULA_ASSIGN_OR_RETURN(Tensor bytes, Tensor::Allocate(DType::kU8, {sharding.index_bytes()}));
  TEGULA_ASSIGN_OR_RETURN(const bool found,
                          store_->GetRange(key, sharding.index_at_end ? -sharding.index_bytes() : 0, BytesOf(bytes)));
  if (!found) return Tensor::Allocate(DType::kU64, {1});
  return ParseShardIndex(sharding, BytesOf(bytes)).Context(store_->Name(key));
}

Result<Tensor> Array::DecodeChunk(std::span<const std::byte> encoded) const {
  TEGULA_ASSIGN_OR_RETURN(Tensor pixels,
                          Tensor::Allocate(metadata_.dtype, {metadata_.chunk.elements()}, {.tensor_bytes = INT64_MAX}));
  TEGULA_TRY(Decode(metadata_.codecs, encoded, BytesOf(pixels)));
  if (metadata_.big_endian) SwapBytes(BytesOf(pixels), DTypeSize(metadata_.dtype));
  if (metadata_.dtype == DType::kBool &&
      std::ranges::any_of(BytesOf(pixels), [](std::byte b) { return b > std::byte{1}; }))
    return CorruptError("it holds bytes that are not bool");
  return pixels;
}

Result<std::optional<Tensor>> Array::ReadFromShard(const Shape& chunk, const ShardIndex& index) const {
  if (index.elements() < 2) return std::optional<Tensor>();
  std::int64_t number = 0;
  for (int i = 0; i < chunk.rank(); ++i)
    number = number * metadata_.sharding->chunks[i] + chunk[i] % metadata_.sharding->chunks[i];
  const auto entry = index.values<std::uint64_t>().subspan(static_cast<std::size_t>(number) * 2, 2);
  if (entry[0] == kMissing && entry[1] == kMissing) return std::optional<Tensor>();
  const std::string key = KeyOf(ShardOf(chunk));
  const auto bound = static_cast<std::uint64_t>(EncodedBound(metadata_.codecs, metadata_.chunk_bytes()));
  if (entry[0] > static_cast<std::uint64_t>(INT64_MAX) || entry[1] > bound)
    return CorruptError(fmt::format("{}: the index of the shard states {} bytes at {} for a chunk of {}",
                                    store_->Name(key), entry[1], entry[0], metadata_.chunk_bytes()));
  TEGULA_ASSIGN_OR_RETURN(Tensor encoded, Tensor::Allocate(DType::kU8, {static_cast<std::int64_t>(entry[1])}));
  TEGULA_ASSIGN_OR_RETURN(const bool found,
                          store_->GetRange(key, static_cast<std::int64_t>(entry[0]), BytesOf(encoded)));
  if (!found) return CorruptError(store_->Name(key) + " went away while it was read");
  TEGULA_ASSIGN_OR_RETURN(
      Tensor pixels, DecodeChunk(BytesOf(encoded))
                         .Context(fmt::format("chunk {} of {}", fmt::join(chunk.sizes(), "/"), store_->Name(key))));
  return std::optional(std::move(pixels));
}

Result<std::optional<Tensor>> Array::ReadChunk(const Shape& chunk, const ShardIndex* index) const {
  if (index != nullptr) return ReadFromShard(chunk, *index);
  const std::string key = KeyOf(chunk);
  Result<std::optional<std::string>> file = store_->Get(key, EncodedBound(metadata_.codecs, metadata_.chunk_bytes()));
  if (!file.ok() && file.error().code == Code::kExhausted)
    return CorruptError(store_->Name(key) + " is larger than any chunk of this image");
  TEGULA_TRY(file);
  if (!*file) return std::optional<Tensor>();
  TEGULA_ASSIGN_OR_RETURN(Tensor pixels, DecodeChunk(std::as_bytes(std::span(**file))).Context(store_->Name(key)));
  return std::optional(std::move(pixels));
}

}  // namespace tegula::zarr
