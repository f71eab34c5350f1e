#include "tegula/pipeline/cell_objects.h"

#include <algorithm>
#include <span>

#include "tegula/outputs/store_part.h"
#include "tegula/pipeline/store_blocks.h"
#include "tegula/tensor/kernels.h"

namespace tegula::pipeline {

Status GrowCells(const RunContext& context, const outputs::ChunkStore& nuclei, const objects::Expansion& expansion,
                 const outputs::ChunkStore& cells) {
  return objects::ExpandLabels(context, StoreBlocks(outputs::StorePart(nuclei)), expansion,
                               StoreBlocks(outputs::StorePart(cells), 0));
}

Status TakeCytoplasm(const RunContext& context, const outputs::ChunkStore& nuclei, const outputs::ChunkStore& cells,
                     const outputs::ChunkStore& cytoplasm) {
  const outputs::StorePart inner(nuclei), whole(cells), rest(cytoplasm);
  const BlockGrid grid{rest.size(), rest.chunk()};
  const auto take = [&](std::int64_t number, int) -> Status {
    const Block block = grid.at(number);
    const Shape shape = objects::ShapeOfBlock(block, 1);
    TEGULA_ASSIGN_OR_RETURN(Tensor nucleus, Tensor::Allocate(DType::kU32, shape, context.limits));
    TEGULA_ASSIGN_OR_RETURN(Tensor cell, Tensor::Allocate(DType::kU32, shape, context.limits));
    TEGULA_TRY(inner.Read(block, nucleus.view()));
    TEGULA_TRY(whole.Read(block, cell.view()));
    const std::span<const std::uint32_t> of_nucleus = std::as_const(nucleus).values<std::uint32_t>();
    const std::span<std::uint32_t> pixels = cell.values<std::uint32_t>();
    for (std::size_t i = 0; i < pixels.size(); ++i)
      if (of_nucleus[i] != 0) pixels[i] = 0;
    TEGULA_ASSIGN_OR_RETURN(Tensor written, Tensor::Allocate(rest.dtype(), shape, context.limits));
    ConvertCopy(std::as_const(cell).view(), written.view());
    return rest.Write(block, std::as_const(written).view());
  };
  return ForEach(context.executor, grid.count(), context.stop, take);
}

ObjectsByNumber::ObjectsByNumber(FoundObjects objects) : objects_(std::move(objects)) {
  const std::span<const objects::RegionSpool::Entry> entries = objects_.entries();
  for (std::size_t i = 0; i < entries.size(); ++i)
    places_.emplace_back(entries[i].number, static_cast<std::uint32_t>(i));
  std::ranges::sort(places_);
}

Result<std::optional<objects::MeasuredRegion>> ObjectsByNumber::Read(std::int64_t number) const {
  const auto place = std::ranges::lower_bound(places_, number, {}, &std::pair<std::int32_t, std::uint32_t>::first);
  if (place == places_.end() || place->first != number) return std::optional<objects::MeasuredRegion>();
  TEGULA_ASSIGN_OR_RETURN(objects::MeasuredRegion object, objects_.Read(place->second));
  return std::optional(std::move(object));
}

}  // namespace tegula::pipeline
