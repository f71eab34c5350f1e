// Any bytes as a chunk with each codec, and as a shard whose index leads anywhere.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "tegula/zarr/array.h"

namespace {

using tegula::zarr::ByteCodec;

constexpr std::size_t kChunkBytes = 4096;

std::string Metadata(bool index_at_end) {
  return std::string(R"({"zarr_format": 3, "node_type": "array", "shape": [128, 128], "data_type": "uint16",
    "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [128, 128]}},
    "chunk_key_encoding": {"name": "default"}, "fill_value": 7, "codecs": [{"name": "sharding_indexed",
    "configuration": {"chunk_shape": [64, 32], "codecs": ["bytes", "zstd"], "index_codecs": ["bytes"],
    "index_location": ")") +
         (index_at_end ? "end" : "start") + "\"}}]}";
}

// One array whose only shard is what the fuzzer gives.
class OneShard final : public tegula::zarr::ByteStore {
 public:
  OneShard(std::string metadata, std::string shard) : metadata_(std::move(metadata)), shard_(std::move(shard)) {}
  tegula::Result<std::optional<std::string>> Get(std::string_view key, std::int64_t) const override {
    if (key == "zarr.json") return std::optional(metadata_);
    return std::optional<std::string>();
  }
  tegula::Result<bool> GetRange(std::string_view, std::int64_t offset, std::span<std::byte> out) const override {
    const auto size = static_cast<std::int64_t>(shard_.size());
    const std::int64_t begin = offset < 0 ? size + offset : offset;
    if (begin < 0 || begin > size || static_cast<std::int64_t>(out.size()) > size - begin)
      return tegula::CorruptError("short");
    std::memcpy(out.data(), shard_.data() + begin, out.size());
    return true;
  }
  std::string Name(std::string_view key) const override { return std::string(key); }

 private:
  std::string metadata_, shard_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  std::vector<std::byte> out(kChunkBytes);
  for (const ByteCodec codec :
       {ByteCodec::kBlosc, ByteCodec::kZstd, ByteCodec::kGzip, ByteCodec::kZlib, ByteCodec::kCrc32c}) {
    (void)tegula::zarr::Decode({&codec, 1}, bytes, out).ok();
    const ByteCodec two[] = {ByteCodec::kBlosc, codec};
    (void)tegula::zarr::Decode(two, bytes, out).ok();
  }
  for (const bool index_at_end : {false, true}) {
    const OneShard store(Metadata(index_at_end), std::string(reinterpret_cast<const char*>(data), size));
    const tegula::zarr::Array array = tegula::zarr::Array::Open(store, "", {}).value();
    const auto index = array.ReadShardIndex({0, 0});
    for (std::int64_t y = 0; index.ok() && y < 2; ++y)
      for (std::int64_t x = 0; x < 4; ++x) {
        const auto pixels = array.ReadChunk({y, x}, &index.value());
        if (pixels.ok() && *pixels && (*pixels)->bytes() != static_cast<std::int64_t>(kChunkBytes)) __builtin_trap();
      }
  }
  return 0;
}
