// image/jpeg_block.h — inside the module: JPEG streams that are blocks of a larger image (the tiles of a TIFF).
#pragma once

#include <cstddef>
#include <span>

#include "tegula/core/function_ref.h"
#include "tegula/core/status.h"
#include "tegula/tensor/tensor.h"

namespace tegula::image {

/// What the numbers in a stream are. The container says it; what the stream says of itself does not count, as in
/// libtiff and OpenSlide (Aperio's streams of RGB bear no sign of it).
enum class JpegColours : std::uint8_t { kGrey, kRgb, kYCbCr };

/// A stream and what it must be.
struct JpegBlock {
  std::span<const std::byte> stream;
  std::span<const std::byte> tables;  ///< a stream of tables that others leave out; may be empty
  JpegColours colours = JpegColours::kYCbCr;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t samples() const noexcept { return colours == JpegColours::kGrey ? 1 : 3; }
};

/// Takes rows from row `y` on (rows, columns, samples); valid until it returns. Must not throw.
using TakeJpegRows = FunctionRef<void(std::int64_t y, const ConstView& rows_yxs)>;

/// Decodes a stream's first rows into `out_yxs` (rows, columns, samples: 1 for grey, else 3, red, green and blue;
/// uint8, without gaps); as many as this has. The stream must be of just the size that the block says. kCorrupt for
/// damaged data, also where libjpeg would go on with grey; kUnsupported for 12 bits and the like. The pixels are those
/// of libjpeg's defaults: accurate DCT, smooth upsampling of colours.
///
/// Nothing is kept from one call to the next: the tables that one stream brings must not reach another. Making a
/// decoder takes about 1 % of the time for 240² pixels. Thread-safe.
Status DecodeJpegBlock(const JpegBlock& block, const View& out_yxs);

/// The same rows a few at a time, while the processor's caches hold them: for pixels that are wanted elsewhere, in
/// another order. After an error some have been handed over.
Status DecodeJpegRows(const JpegBlock& block, std::int64_t rows, TakeJpegRows take);

}  // namespace tegula::image
