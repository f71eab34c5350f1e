#include "tegula/image/jpeg_block.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "tegula/image/libjpeg.h"

namespace tegula::image {
namespace {

constexpr std::int64_t kRowsAtOnce = 16;  // what one row of blocks of halved colours gives
constexpr const char* kAdvice = "save the image with JPEG of 8 bits, LZW or Deflate";

void SetSource(jpeg_decompress_struct& jpeg, std::span<const std::byte> bytes) {
  jpeg_mem_src(&jpeg, reinterpret_cast<const unsigned char*>(bytes.data()),
               static_cast<unsigned long>(bytes.size()));  // NOLINT(google-runtime-int): libjpeg's type
}

// Where rows go, and who is told when it is full.
struct Strip {
  JSAMPROW pixels;
  JDIMENSION rows;
  FunctionRef<void(JDIMENSION begin, JDIMENSION count)> take;
};

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

// Row by row into `strip`, which is handed over when it is full. Without the end marker, which OpenSlide does not ask
// for: a cut stream is noticed where bits are missing.
bool ReadRows(JpegDecoding& decoding, JpegColours colours, JDIMENSION end, const Strip& strip) {
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
  JDIMENSION begin = 0;  // the first row of the strip
  while (jpeg.output_scanline < end) {
    const JDIMENSION in_strip = jpeg.output_scanline - begin,
                     count = std::min(
                         {end - jpeg.output_scanline, strip.rows - in_strip, static_cast<JDIMENSION>(std::size(rows))});
    for (JDIMENSION i = 0; i < count; ++i) rows[i] = strip.pixels + row_bytes * (in_strip + i);
    jpeg_read_scanlines(&jpeg, rows, count);
    if (jpeg.output_scanline < end && jpeg.output_scanline - begin < strip.rows) continue;
    strip.take(begin, jpeg.output_scanline - begin);
    begin = jpeg.output_scanline;
  }
  return true;
}

Status Decode(const JpegBlock& block, std::int64_t rows, const Strip& strip) {
  TEGULA_ASSERT(rows > 0 && rows <= block.height);
  JpegDecoding decoding;
  if (!ReadHeader(decoding, block.stream, block.tables)) return JpegFailure(decoding, kAdvice);
  jpeg_decompress_struct& jpeg = decoding.jpeg;
  if (jpeg.image_height != block.height || jpeg.image_width != block.width || jpeg.num_components != block.samples())
    return CorruptError(fmt::format("a JPEG stream of {} x {} pixels of {} samples, where {} x {} of {} should be",
                                    jpeg.image_height, jpeg.image_width, jpeg.num_components, block.height, block.width,
                                    block.samples()));
  TEGULA_TRY(CheckJpegHeader(jpeg, static_cast<std::int64_t>(block.stream.size()), {}));
  if (!ReadRows(decoding, block.colours, static_cast<JDIMENSION>(rows), strip)) return JpegFailure(decoding, kAdvice);
  return Ok();
}

}  // namespace

Status DecodeJpegBlock(const JpegBlock& block, const View& out_yxs) {
  TEGULA_ASSERT(out_yxs.dtype() == DType::kU8 && out_yxs.is_contiguous() && out_yxs.shape().rank() == 3);
  TEGULA_ASSERT(out_yxs.shape()[1] == block.width && out_yxs.shape()[2] == block.samples());
  const std::int64_t rows = out_yxs.shape()[0];
  return Decode(block, rows, {out_yxs.as<JSAMPLE>(), static_cast<JDIMENSION>(rows), [](JDIMENSION, JDIMENSION) {}});
}

Status DecodeJpegRows(const JpegBlock& block, std::int64_t rows, TakeJpegRows take) {
  const std::int64_t at_once = std::min(rows, kRowsAtOnce);
  TEGULA_ASSIGN_OR_RETURN(Tensor strip, Tensor::Allocate(DType::kU8, {at_once, block.width, block.samples()}));
  const auto hand_over = [&](JDIMENSION begin, JDIMENSION count) {
    take(begin, std::as_const(strip).view().Slice(0, 0, count));
  };
  return Decode(block, rows, {strip.values<JSAMPLE>().data(), static_cast<JDIMENSION>(at_once), hand_over});
}

}  // namespace tegula::image
