// image/block_view.h — the same pixels as one plane and as a block of planes.
#pragma once

#include "tegula/core/interval.h"
#include "tegula/tensor/tensor.h"

namespace tegula::image {

/// Where a grid axis stands in views of blocks, whose axes are t, c, z, y, x.
constexpr int BlockViewAxis(GridAxis axis) noexcept { return axis == GridAxis::kT ? 0 : static_cast<int>(axis) + 1; }

/// The shape of a block: (t, channel, z, y, x).
inline Shape BlockShape(const Block& block, std::int64_t channels) noexcept {
  return {block[GridAxis::kT].size(), channels, block[GridAxis::kZ].size(), block[GridAxis::kY].size(),
          block[GridAxis::kX].size()};
}

/// A plane (channel, y, x) as a block of one plane (t, channel, z, y, x).
inline View AsBlock(const View& plane_cyx) noexcept {
  const Shape &shape = plane_cyx.shape(), &strides = plane_cyx.strides();
  return {plane_cyx.data(),
          plane_cyx.dtype(),
          {1, shape[0], 1, shape[1], shape[2]},
          {0, strides[0], 0, strides[1], strides[2]}};
}

/// One plane (channel, y, x) of a block (t, channel, z, y, x).
inline View PlaneOf(const View& block_tczyx, std::int64_t t, std::int64_t z) noexcept {
  const View part = block_tczyx.Slice(0, t, 1).Slice(2, z, 1);
  const Shape &shape = part.shape(), &strides = part.strides();
  return {part.data(), part.dtype(), {shape[1], shape[3], shape[4]}, {strides[1], strides[3], strides[4]}};
}

}  // namespace tegula::image
