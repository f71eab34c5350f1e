// image/picture_source.h — inside the module: pictures that are one compressed stream without a way in (PNG, JPEG).
// They are decoded once, at open, within the limits; from then on a read is a copy.
#pragma once

#include <memory>
#include <string>

#include "tegula/core/limits.h"
#include "tegula/image/source.h"

namespace tegula::image {

/// A picture as the header of its file announces it: kCorrupt if it has no pixels, kExhausted if it is larger than
/// allowed; asked before anything is allocated by these numbers.
Status CheckPictureSize(std::int64_t height, std::int64_t width, std::int64_t channels, const Limits& limits);

/// The source of a decoded picture of axes (y, x, channel), 1 to 4 channels: grey, grey and alpha, RGB, or RGBA. Alpha
/// is dropped if every pixel is opaque, else kUnsupported. `format` becomes ImageInfo::format.
Result<std::unique_ptr<Source>> NewPictureSource(Tensor pixels_yxc, std::string format);

}  // namespace tegula::image
