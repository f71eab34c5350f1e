// outputs/jpeg_tile.h — inside the module: a tile of RGB as the JPEG stream that TIFF holds (Technical Note 2).
#pragma once

#include <string>

#include "tegula/core/status.h"
#include "tegula/tensor/tensor.h"

namespace tegula::outputs {

/// A complete baseline stream without markers of JFIF or Adobe: YCbCr with half the colours along y and x. `tile_yxc`
/// is (y, x, 3) uint8 without gaps. `quality`: 1 to 100. kInternal with libjpeg's words; kExhausted. Threads: any.
Result<std::string> EncodeJpegTile(const ConstView& tile_yxc, int quality);

}  // namespace tegula::outputs
