#include "tegula/image/jpeg_block.h"

#include <fmt/format.h>

#include <algorithm>

#include "tegula/image/libjpeg.h"

namespace tegula::image {
namespace {

constexpr const char* kAdvice = "save the image with JPEG of 8 bits, LZW or Deflate";

void SetSource(jpeg_decompress_struct& jpeg, std::span<const std::byte> bytes) {
  jpeg_mem_src(&jpeg, reinterpret_cast<const unsigned char*>(bytes.data()),
               static_cast<unsigned long>(bytes.size()));  // NOLINT(google-runtime-int): libjpeg's type
}

bool ReadHeader(JpegDecoding& decoding, std::span<const std::byte> stream, std::span<const std::byte> tables) {
  if (setjmp(decoding.failed) != 0) return false;
  BeginJpeg(decoding);
  if (!tables.empty()) {
    SetSource(decoding.jpeg, tables);
    if (jpeg_read_header(&decoding.jpeg, FALSE) != JPEG_HEADER_TABLES_ONLY)
      FailJpeg(decoding, "what stands where tables should be is a picture");
  }
  SetSource(decoding.jpeg, stream);
  jpeg_read_header(&decoding.jpeg, TRUE);
  return true;
}

// Without the end marker, which OpenSlide does not ask for: a cut stream is noticed where bits are missing.
bool ReadPixels(JpegDecoding& decoding, JpegColours colours, JSAMPROW pixels) {
  if (setjmp(decoding.failed) != 0) return false;
  jpeg_decompress_struct& jpeg = decoding.jpeg;
  jpeg.jpeg_color_space = colours == JpegColours::kGrey  ? JCS_GRAYSCALE
                          : colours == JpegColours::kRgb ? JCS_RGB
                                                         : JCS_YCbCr;
  jpeg.out_color_space = colours == JpegColours::kGrey ? JCS_GRAYSCALE : JCS_RGB;
  StartJpeg(decoding);
  const std::size_t row_bytes =
      static_cast<std::size_t>(jpeg.output_width) * static_cast<unsigned>(jpeg.output_components);
  JSAMPROW rows[MAX_SAMP_FACTOR];
  while (jpeg.output_scanline < jpeg.output_height) {
    const JDIMENSION left = jpeg.output_height - jpeg.output_scanline,
                     count = std::min(left, static_cast<JDIMENSION>(std::size(rows)));
    for (JDIMENSION i = 0; i < count; ++i) rows[i] = pixels + row_bytes * (jpeg.output_scanline + i);
    jpeg_read_scanlines(&jpeg, rows, count);
  }
  return true;
}

}  // namespace

Status DecodeJpegBlock(std::span<const std::byte> stream, std::span<const std::byte> tables, JpegColours colours,
                       const View& out_yxs) {
  TEGULA_ASSERT(out_yxs.dtype() == DType::kU8 && out_yxs.is_contiguous());
  const Shape& shape = out_yxs.shape();
  TEGULA_ASSERT(shape.rank() == 3 && shape[2] == (colours == JpegColours::kGrey ? 1 : 3));
  JpegDecoding decoding;
  if (!ReadHeader(decoding, stream, tables)) return JpegFailure(decoding, kAdvice);
  jpeg_decompress_struct& jpeg = decoding.jpeg;
  if (jpeg.image_height != shape[0] || jpeg.image_width != shape[1] || jpeg.num_components != shape[2])
    return CorruptError(fmt::format("a JPEG stream of {} x {} pixels of {} samples, where {} x {} of {} should be",
                                    jpeg.image_height, jpeg.image_width, jpeg.num_components, shape[0], shape[1],
                                    shape[2]));
  TEGULA_TRY(CheckJpegHeader(jpeg, static_cast<std::int64_t>(stream.size()), {}));
  if (!ReadPixels(decoding, colours, out_yxs.as<JSAMPLE>())) return JpegFailure(decoding, kAdvice);
  return Ok();
}

}  // namespace tegula::image
