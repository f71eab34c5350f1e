#include "tegula/image/binary_morphology.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace tegula::image {
namespace {

// Sets what is `value`, and all within `radius` of it, to `value`; `before` holds the mask as it was.
void Grow(Tensor& mask, Tensor& before, int radius, std::uint8_t value) {
  const std::int64_t height = mask.shape()[0], width = mask.shape()[1];
  const auto pixels = mask.values<std::uint8_t>(), old = before.values<std::uint8_t>();
  std::copy(pixels.begin(), pixels.end(), old.begin());
  for (std::int64_t y = 0; y < height; ++y) {
    std::uint8_t* const row = pixels.data() + y * width;
    for (std::int64_t dy = -radius; dy <= radius; ++dy) {
      if (y + dy < 0 || y + dy >= height) continue;
      const std::uint8_t* const from = old.data() + (y + dy) * width;
      const auto half = static_cast<std::int64_t>(std::sqrt(static_cast<double>(radius * radius - dy * dy)));
      for (std::int64_t dx = -half; dx <= half; ++dx)
        for (std::int64_t x = std::max<std::int64_t>(0, -dx), end = std::min(width, width - dx); x < end; ++x)
          row[x] = from[x + dx] == value ? value : row[x];
    }
  }
}

Status GrowAndShrink(Tensor& mask, int radius, std::uint8_t first, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(Tensor before, Tensor::Allocate(DType::kU8, mask.shape(), limits));
  Grow(mask, before, radius, first);
  Grow(mask, before, radius, static_cast<std::uint8_t>(1 - first));
  return Ok();
}

}  // namespace

Status CloseGaps(Tensor& mask_yx, int radius, const Limits& limits) {
  return GrowAndShrink(mask_yx, radius, 1, limits);
}

Status OpenThreads(Tensor& mask_yx, int radius, const Limits& limits) {
  return GrowAndShrink(mask_yx, radius, 0, limits);
}

}  // namespace tegula::image
