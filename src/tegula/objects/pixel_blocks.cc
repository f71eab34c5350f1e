#include "tegula/objects/pixel_blocks.h"

#include <algorithm>
#include <utility>

#include "tegula/tensor/kernels.h"

namespace tegula::objects {
namespace {

PerAxis<std::int64_t> SizeOf(const Shape& tczyx) noexcept { return {{tczyx[0], tczyx[2], tczyx[3], tczyx[4]}}; }

template <class Byte>
BasicView<Byte> PartOf(BasicView<Byte> pixels_tczyx, const Block& box) noexcept {
  constexpr PerAxis<int> kPlace = {{0, 2, 3, 4}};
  for (const GridAxis axis : kGridAxes)
    pixels_tczyx = pixels_tczyx.Slice(kPlace[axis], box[axis].begin, box[axis].size());
  return pixels_tczyx;
}

Block All(const BlockGrid& grid) noexcept {
  Block all;
  for (const GridAxis axis : kGridAxes) all[axis] = {0, grid.size[axis]};
  return all;
}

}  // namespace

Result<Tensor> ReadPlane(const PixelBlocks& pixels, const Box& box, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(Tensor plane,
                          Tensor::Allocate(pixels.dtype(), {pixels.channels(), box.height(), box.width()}, limits));
  TEGULA_TRY(pixels.Read(BlockOf(box),
                         View(plane.view().data(), plane.dtype(), ShapeOfBlock(BlockOf(box), pixels.channels()))));
  return plane;
}

Status WritePlane(const PixelBlocks& pixels, const Block& block, const ConstView& pixels_cyx) {
  const Shape &shape = pixels_cyx.shape(), &strides = pixels_cyx.strides();
  return pixels.Write(block, {pixels_cyx.data(),
                              pixels_cyx.dtype(),
                              {1, shape[0], 1, shape[1], shape[2]},
                              {0, strides[0], 0, strides[1], strides[2]}});
}

TensorBlocks::TensorBlocks(const View& pixels_tczyx, const PerAxis<std::int64_t>& block)
    : PixelBlocks({SizeOf(pixels_tczyx.shape()), block}, pixels_tczyx.shape()[1], pixels_tczyx.dtype()),
      pixels_(pixels_tczyx),
      writable_(pixels_tczyx) {}

TensorBlocks::TensorBlocks(const ConstView& pixels_tczyx, const PerAxis<std::int64_t>& block)
    : PixelBlocks({SizeOf(pixels_tczyx.shape()), block}, pixels_tczyx.shape()[1], pixels_tczyx.dtype()),
      pixels_(pixels_tczyx) {}

Status TensorBlocks::Read(const Block& box, const View& out_tczyx) const {
  ConvertCopy(PartOf(pixels_, box), out_tczyx);
  return Ok();
}

Status TensorBlocks::Write(const Block& block, const ConstView& pixels_tczyx) const {
  TEGULA_ASSERT(writable_.data() != nullptr);
  ConvertCopy(pixels_tczyx, PartOf(writable_, block));
  return Ok();
}

Result<std::unique_ptr<PixelBlocks>> MemoryScratch::Make(const std::string&, const BlockGrid& grid,
                                                         std::int64_t channels, DType dtype) {
  TEGULA_ASSIGN_OR_RETURN(Tensor pixels, Tensor::Allocate(dtype, ShapeOfBlock(All(grid), channels), limits_));
  auto blocks = std::make_unique<TensorBlocks>(pixels.view(), grid.block);
  blocks->own_ = std::move(pixels);
  return std::unique_ptr<PixelBlocks>(std::move(blocks));
}

Status TensorLabels::Expect(std::int64_t largest) {
  largest_ = largest;
  return Ok();
}

Status TensorLabels::Write(const Block& block, const ConstView& labels_tczyx) const {
  ConvertCopy(labels_tczyx, PartOf(labels_, block));
  return Ok();
}

}  // namespace tegula::objects
