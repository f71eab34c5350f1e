// outputs/png.h — small pictures in memory as PNG, for reports.
//
// Written by libpng's simplified interface, which reports errors as values instead of by longjmp over our frames.
#pragma once

#include <string>

#include "tegula/core/status.h"
#include "tegula/tensor/tensor.h"

namespace tegula::outputs {

/// The (y, x, channel) order of pixels that are stored as (channel, y, x); the pixels stay where they are.
template <class Byte>
BasicView<Byte> Interleaved(const BasicView<Byte>& cyx) noexcept {
  const Shape& shape = cyx.shape();
  const Shape& strides = cyx.strides();
  return {cyx.data(), cyx.dtype(), {shape[1], shape[2], shape[0]}, {strides[1], strides[2], strides[0]}};
}

/// A PNG file of uint8 pixels: (y, x) grey, (y, x, 3) RGB or (y, x, 4) RGBA with straight alpha, sRGB, any strides.
/// kInvalid for other shapes and types or an empty picture, kExhausted above what PNG readers accept (2^20 pixels along
/// an edge). Cost: two copies of the picture in memory. Threads: safe.
Result<std::string> EncodePng(const ConstView& pixels_yxc);

}  // namespace tegula::outputs
