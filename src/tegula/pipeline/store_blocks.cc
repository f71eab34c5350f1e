#include "tegula/pipeline/store_blocks.h"

#include <fmt/format.h>

#include <utility>

#include "tegula/pipeline/layout.h"
#include "tegula/tensor/kernels.h"

namespace tegula::pipeline {
namespace {

BlockGrid GridOfPart(const outputs::StorePart& part) noexcept { return {part.size(), part.chunk()}; }

}  // namespace

StoreBlocks::StoreBlocks(const outputs::StorePart& part, std::int64_t cache_bytes)
    : PixelBlocks(GridOfPart(part), part.channels(), part.dtype()),
      part_(part),
      keeps_(cache_bytes > 0),
      cache_(cache_bytes) {}

StoreBlocks::StoreBlocks(outputs::ChunkStore store, std::int64_t cache_bytes)
    : StoreBlocks(std::make_unique<const outputs::ChunkStore>(std::move(store)), cache_bytes) {}

StoreBlocks::StoreBlocks(std::unique_ptr<const outputs::ChunkStore> own, std::int64_t cache_bytes)
    : StoreBlocks(outputs::StorePart(*own), cache_bytes) {
  own_ = std::move(own);
}

Status StoreBlocks::Read(const Block& box, const View& out_tczyx) const {
  if (!keeps_) return part_.Read(box, out_tczyx);
  const BlockGrid& blocks = grid();
  // The chunks that the box touches, as a grid of its own.
  BlockGrid touched;
  for (const GridAxis axis : kGridAxes)
    touched.size[axis] = CeilDiv(box[axis].end, blocks.block[axis]) - box[axis].begin / blocks.block[axis];
  for (std::int64_t i = 0; i < touched.count(); ++i) {
    const Block step = touched.at(i);
    Block chunk;
    std::uint64_t number = 0;
    for (const GridAxis axis : kGridAxes) {
      const std::int64_t index = box[axis].begin / blocks.block[axis] + step[axis].begin;
      const std::int64_t along = CeilDiv(blocks.size[axis], blocks.block[axis]);
      chunk[axis] = {index * blocks.block[axis], std::min((index + 1) * blocks.block[axis], blocks.size[axis])};
      number = number * static_cast<std::uint64_t>(along) + static_cast<std::uint64_t>(index);
    }
    const auto decode = [&]() -> Result<Tensor> {
      TEGULA_ASSIGN_OR_RETURN(Tensor pixels, Tensor::Allocate(dtype(), objects::ShapeOfBlock(chunk, channels()),
                                                              {.tensor_bytes = INT64_MAX}));
      TEGULA_TRY(part_.Read(chunk, pixels.view()));
      return pixels;
    };
    TEGULA_ASSIGN_OR_RETURN(const image::TileCache::Tile pixels, cache_.Get({0, number}, decode));
    Block from, to;
    for (const GridAxis axis : kGridAxes) {
      const Interval common = Intersect(box[axis], chunk[axis]);
      from[axis] = common.Shifted(-chunk[axis].begin);
      to[axis] = common.Shifted(-box[axis].begin);
    }
    ConvertCopy(Crop(pixels->view(), from), Crop(out_tczyx, to));
  }
  return Ok();
}

Result<std::unique_ptr<objects::PixelBlocks>> StoreScratch::Make(const std::string& name, const BlockGrid& grid,
                                                                 std::int64_t channels, DType dtype) {
  outputs::StoreOptions options;
  options.name = name;
  options.dtype = dtype;
  options.levels = 1;
  options.coding.encoding = {zarr::Compressor::kBloscLz4, 1};
  const auto add = [&](char axis, std::int64_t size, std::int64_t chunk) {
    options.axes.push_back({axis, size, std::min(size, chunk), 0, 0});
  };
  add('t', grid.size[GridAxis::kT], grid.block[GridAxis::kT]);
  add('c', channels, channels);
  add('z', grid.size[GridAxis::kZ], grid.block[GridAxis::kZ]);
  add('y', grid.size[GridAxis::kY], grid.block[GridAxis::kY]);
  add('x', grid.size[GridAxis::kX], grid.block[GridAxis::kX]);
  TEGULA_ASSIGN_OR_RETURN(outputs::ChunkStore store, OpenOrCreate(folder_ / name, options, limits_));
  auto blocks = std::make_unique<StoreBlocks>(std::move(store), cache_bytes_);
  if (blocks->grid().size != grid.size || blocks->channels() != channels || blocks->dtype() != dtype)
    return CorruptError(fmt::format("{} holds something else than this run made; start again with --overwrite",
                                    (folder_ / name).string()));
  return std::unique_ptr<objects::PixelBlocks>(std::move(blocks));
}

Result<outputs::ChunkStore> OpenOrCreate(const Path& folder, const outputs::StoreOptions& options,
                                         const Limits& limits) {
  Result<outputs::ChunkStore> there = outputs::ChunkStore::Open(folder, limits);
  if (!there.ok() && there.error().code == Code::kNotFound) return outputs::ChunkStore::Create(folder, options, limits);
  return there;
}

}  // namespace tegula::pipeline
