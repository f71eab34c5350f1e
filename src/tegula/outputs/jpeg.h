// outputs/jpeg.h — small pictures in memory as JPEG, for what is shown and not kept.
#pragma once

#include <string>

#include "tegula/core/status.h"
#include "tegula/tensor/tensor.h"

namespace tegula::outputs {

/// A baseline JPEG file of uint8 pixels, (y, x) grey or (y, x, 3) sRGB, any strides; colours at full resolution.
/// `quality` from 1 to 100. kInvalid for other shapes and types or an empty picture, kExhausted above 65500 pixels
/// along an edge. Cost: two copies of the picture in memory. Threads: safe.
Result<std::string> EncodeJpeg(const ConstView& pixels_yxc, int quality);

}  // namespace tegula::outputs
