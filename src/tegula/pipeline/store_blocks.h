// pipeline/store_blocks.h — pixels of a store, or of some of its planes, for what works block by block.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "tegula/image/tile_cache.h"
#include "tegula/objects/pixel_blocks.h"
#include "tegula/outputs/store_part.h"

namespace tegula::pipeline {

/// Blocks are the chunks of the store, with all channels. Decoded chunks are kept for a while, because boxes that are
/// read reach into their neighbours. What is written must not
/// have been read before. Immutable and thread-safe.
class StoreBlocks final : public objects::PixelBlocks {
 public:
  static constexpr std::int64_t kCacheBytes = 64 << 20;

  /// Of a part of a store that outlives it. With 0 bytes no chunk is kept.
  explicit StoreBlocks(const outputs::StorePart& part, std::int64_t cache_bytes = kCacheBytes);
  /// Of a whole store that goes with it.
  explicit StoreBlocks(outputs::ChunkStore store, std::int64_t cache_bytes = kCacheBytes);

  Status Read(const Block& box, const View& out_tczyx) const override;
  Status Write(const Block& block, const ConstView& pixels_tczyx) const override {
    return part_.Write(block, pixels_tczyx);
  }
  bool Has(const Block& block) const override { return part_.Has(block); }

 private:
  StoreBlocks(std::unique_ptr<const outputs::ChunkStore> own, std::int64_t cache_bytes);
  std::unique_ptr<const outputs::ChunkStore> own_;
  outputs::StorePart part_;
  bool keeps_;
  mutable image::TileCache cache_;
};

/// Makes places on disk, each a store in a folder of its own; those that an earlier run left are opened.
class StoreScratch final : public objects::PixelScratch {
 public:
  /// Each keeps so many bytes of decoded chunks.
  explicit StoreScratch(Path folder, const Limits& limits = {}, std::int64_t cache_bytes = StoreBlocks::kCacheBytes)
      : folder_(std::move(folder)), limits_(limits), cache_bytes_(cache_bytes) {}
  /// kCorrupt if what an earlier run left has another form.
  Result<std::unique_ptr<objects::PixelBlocks>> Make(const std::string& name, const BlockGrid& grid,
                                                     std::int64_t channels, DType dtype) override;

 private:
  Path folder_;
  Limits limits_;
  std::int64_t cache_bytes_;
};

/// Opens the store in `folder`, without what a killed run left half-written, or makes it.
Result<outputs::ChunkStore> OpenOrCreate(const Path& folder, const outputs::StoreOptions& options,
                                         const Limits& limits);

}  // namespace tegula::pipeline
