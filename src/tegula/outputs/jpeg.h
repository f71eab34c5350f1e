// outputs/jpeg.h — pixels in memory as JPEG: pictures that are shown and not kept, and tiles of TIFF.
#pragma once

#include <string>

#include "tegula/core/status.h"
#include "tegula/tensor/tensor.h"

namespace tegula::outputs {

enum class JpegForm {
  kPicture,   ///< a JFIF file, colours at full resolution
  kTiffTile,  ///< the stream that TIFF holds (Technical Note 2): no markers of JFIF or Adobe, half the colours in y and
              ///< x
};

/// Baseline JPEG of uint8 pixels, (y, x) grey or (y, x, 3) sRGB, any strides. `quality` from 1 to 100. kInvalid for
/// other shapes and types or an empty picture, kExhausted above 65500 pixels along an edge, kInternal with libjpeg's
/// words. Cost: the result twice in memory, and the pixels too if they have gaps. Threads: safe.
Result<std::string> EncodeJpeg(const ConstView& pixels_yxc, int quality, JpegForm form = JpegForm::kPicture);

}  // namespace tegula::outputs
