// core/block_grid.h — pixels in time and space cut into blocks of one size.
#pragma once

#include <algorithm>
#include <cstdint>

#include "tegula/core/interval.h"

namespace tegula {

/// Blocks begin at multiples of `block` and end at `size`; they are numbered in C order of t, z, y, x.
struct BlockGrid {
  PerAxis<std::int64_t> size = {{1, 1, 1, 1}};
  PerAxis<std::int64_t> block = {{1, 1, 1, 1}};

  constexpr std::int64_t count() const noexcept {
    std::int64_t count = 1;
    for (const GridAxis axis : kGridAxes) count *= CeilDiv(size[axis], block[axis]);
    return count;
  }
  constexpr Block at(std::int64_t number) const noexcept {
    Block at;
    for (std::size_t i = kGridAxes.size(); i-- > 0;) {
      const std::int64_t along = CeilDiv(size.of[i], block.of[i]), begin = number % along * block.of[i];
      number /= along;
      at.of[i] = {begin, std::min(begin + block.of[i], size.of[i])};
    }
    return at;
  }
};

}  // namespace tegula
