// app/view/pixel_values.h — what a pixel is, for whoever points at it.
#pragma once

#include <vector>

#include "tegula/image/source.h"

namespace tegula::app {

/// A pixel of level 0.
struct PixelPlace {
  std::int64_t y = 0, x = 0, z = 0, t = 0;
};

/// Its value in each channel, as the file has it. kInvalid for a place outside the image; errors of reading.
Result<std::vector<double>> PixelValues(const image::Source& source, const PixelPlace& place);

}  // namespace tegula::app
