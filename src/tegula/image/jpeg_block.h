// image/jpeg_block.h — inside the module: JPEG streams that are blocks of a larger image (the tiles of a TIFF).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "tegula/core/status.h"
#include "tegula/image/take_rows.h"

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

/// Decodes such streams one after the other. What libjpeg needs beside the pixels is made once; but the tables that one
/// stream brings never reach another, so a decoder that was used gives what a new one gives. One thread at a time.
///
/// The pixels are those of libjpeg's defaults: accurate DCT, smooth upsampling of colours.
class JpegBlockDecoder {
 public:
  JpegBlockDecoder();
  JpegBlockDecoder(const JpegBlockDecoder&) = delete;
  JpegBlockDecoder& operator=(const JpegBlockDecoder&) = delete;
  ~JpegBlockDecoder();

  /// Shows `take` a stream's first rows (samples: 1 for grey, else 3, red, green and blue; uint8, without gaps), from
  /// above and kRowsAtOnce at a time, while the processor's caches hold them. kCorrupt for damaged data, also where
  /// libjpeg would go on with grey, and for a stream that is not of just the size that the block says; kUnsupported for
  /// 12 bits and the like. After an error some rows may have been shown.
  Status Decode(const JpegBlock& block, std::int64_t rows, TakeRows take);
  static constexpr int kRowsAtOnce = 16;  ///< what one row of blocks of halved colours gives

 private:
  struct Strip;
  class State;
  std::unique_ptr<State> state_;
  std::vector<std::uint8_t> strip_;
};

}  // namespace tegula::image
