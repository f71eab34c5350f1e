#include "tegula/objects/annotations/pixel_grid.h"

#include <fmt/format.h>

#include "tegula/objects/annotations/point.h"

namespace tegula::objects {

Result<PixelAxis> PixelAxis::Create(double downsample, double origin) {
  constexpr double kLeast = 1e-3, kMost = 1e6;
  if (!(downsample >= kLeast && downsample <= kMost))
    return InvalidError(
        fmt::format("a pixel cannot be {} pixels of the slide long: use {} to {}", downsample, kLeast, kMost));
  if (!(std::abs(origin) <= kLargestCoordinate))
    return InvalidError(fmt::format("pixels cannot begin at {} of the slide: use -2^31 to 2^31", origin));
  PixelAxis axis;
  axis.downsample_ = downsample;
  axis.origin_ = origin;
  return axis;
}

}  // namespace tegula::objects
