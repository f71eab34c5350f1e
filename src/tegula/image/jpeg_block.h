// image/jpeg_block.h — inside the module: JPEG streams that are blocks of a larger image (the tiles of a TIFF).
#pragma once

#include <cstddef>
#include <span>

#include "tegula/core/status.h"
#include "tegula/tensor/tensor.h"

namespace tegula::image {

/// What the numbers in a stream are. The container says it; what the stream says of itself does not count, as in
/// libtiff and OpenSlide (Aperio's streams of RGB bear no sign of it).
enum class JpegColours : std::uint8_t { kGrey, kRgb, kYCbCr };

/// Decodes a stream into `out_yxs` (rows, columns, samples: 1 for grey, else 3, red, green and blue; uint8, without
/// gaps). The stream must be of just this size. `tables`: a stream of tables that others leave out; may be empty.
/// kCorrupt for damaged data, also where libjpeg would go on with grey; kUnsupported for 12 bits and the like.
/// The pixels are those of libjpeg's defaults: accurate DCT, smooth upsampling of colours.
///
/// Nothing is kept from one call to the next: the tables that one stream brings must not reach another. Making a
/// decoder takes about 1 % of the time for 240² pixels. Thread-safe.
Status DecodeJpegBlock(std::span<const std::byte> stream, std::span<const std::byte> tables, JpegColours colours,
                       const View& out_yxs);

}  // namespace tegula::image
