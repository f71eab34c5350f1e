// JPEG by libjpeg: baseline and progressive, grey or colour (YCbCr comes as RGB).
//
// Pixels come in the order of the file. An Exif orientation is a hint for viewers and is not applied: Pillow, imageio,
// scikit-image and Fiji do not apply it either, and results must lie on the pixels that they show. A JFIF density or an
// Exif resolution is that of paper or screen, so there is no pixel size.
#include <fmt/format.h>

#include <algorithm>

#include "tegula/image/formats.h"
#include "tegula/image/libjpeg.h"
#include "tegula/image/picture_source.h"

namespace tegula::image {
namespace {

constexpr const char* kAdvice = "save the picture as grey or RGB of 8 bits, or as TIFF or PNG";

// A picture that comes from a file piece by piece.
struct Reading : JpegDecoding {
  jpeg_source_mgr source = {};
  const RandomAccessFile* file = nullptr;
  Status* read = nullptr;  // how the last read went
  std::int64_t position = 0;
  JOCTET buffer[1 << 16] = {};
};

Reading& Of(j_decompress_ptr jpeg) { return static_cast<Reading&>(*static_cast<JpegDecoding*>(jpeg->client_data)); }

void NothingOf(j_decompress_ptr) {}

boolean OnFill(j_decompress_ptr jpeg) {
  Reading& reading = Of(jpeg);
  const std::int64_t size =
      std::min(reading.file->size() - reading.position, static_cast<std::int64_t>(sizeof reading.buffer));
  if (size <= 0) FailJpeg(reading, "the file ends too early");
  *reading.read = reading.file->Read(reading.position,
                                     {reinterpret_cast<std::byte*>(reading.buffer), static_cast<std::size_t>(size)});
  if (!reading.read->ok()) FailJpeg(reading, "the file cannot be read");
  reading.position += size;
  reading.source.next_input_byte = reading.buffer;
  reading.source.bytes_in_buffer = static_cast<std::size_t>(size);
  return TRUE;
}

void OnSkip(j_decompress_ptr jpeg, long count) {
  Reading& reading = Of(jpeg);
  if (count <= 0) return;
  const auto wanted = static_cast<std::size_t>(count);
  const std::size_t there = std::min(wanted, reading.source.bytes_in_buffer);
  reading.source.next_input_byte += there;
  reading.source.bytes_in_buffer -= there;
  reading.position += static_cast<std::int64_t>(wanted - there);  // beyond the end: the next OnFill says so
}

bool ReadHeader(Reading& reading) {
  if (setjmp(reading.failed) != 0) return false;
  BeginJpeg(reading);
  reading.source.init_source = &NothingOf;
  reading.source.fill_input_buffer = &OnFill;
  reading.source.skip_input_data = &OnSkip;
  reading.source.resync_to_restart = &jpeg_resync_to_restart;
  reading.source.term_source = &NothingOf;
  reading.jpeg.src = &reading.source;
  jpeg_read_header(&reading.jpeg, TRUE);
  return true;
}

bool ReadPixels(Reading& reading, JSAMPROW pixels, std::size_t row_samples) {
  if (setjmp(reading.failed) != 0) return false;
  jpeg_decompress_struct& jpeg = reading.jpeg;
  StartJpeg(reading);
  while (jpeg.output_scanline < jpeg.output_height) {
    JSAMPROW row = pixels + jpeg.output_scanline * row_samples;
    jpeg_read_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_decompress(&jpeg);  // reads to the end of the picture, so that a cut one is noticed
  return true;
}

Error Failure(const Reading& reading) {
  return reading.read->ok() ? JpegFailure(reading, kAdvice) : reading.read->error();
}

// Grey or RGB, or why not.
Status ChooseColours(jpeg_decompress_struct& jpeg) {
  if (jpeg.data_precision != 8)
    return UnsupportedError(fmt::format("{} bits per sample; {}", jpeg.data_precision, kAdvice));
  switch (jpeg.jpeg_color_space) {
    case JCS_GRAYSCALE: jpeg.out_color_space = JCS_GRAYSCALE; return Ok();
    case JCS_RGB:
    case JCS_YCbCr: jpeg.out_color_space = JCS_RGB; return Ok();
    case JCS_CMYK:
    case JCS_YCCK: return UnsupportedError(fmt::format("the colours are those of ink (CMYK); {}", kAdvice));
    default:
      return UnsupportedError(fmt::format("{} colour components of unknown meaning; {}", jpeg.num_components, kAdvice));
  }
}

Result<Tensor> Decode(const std::string& name, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(const RandomAccessFile file, RandomAccessFile::Open(name));
  const auto reading = std::make_unique<Reading>();
  Status read = Ok();
  reading->file = &file;
  reading->read = &read;
  if (!ReadHeader(*reading)) return Failure(*reading);
  jpeg_decompress_struct& jpeg = reading->jpeg;
  TEGULA_TRY(ChooseColours(jpeg));
  const std::int64_t height = jpeg.image_height, width = jpeg.image_width,
                     channels = jpeg.out_color_space == JCS_RGB ? 3 : 1;
  TEGULA_TRY(CheckPictureSize(height, width, channels, limits));
  TEGULA_TRY(CheckJpegHeader(jpeg, file.size(), limits));
  TEGULA_ASSIGN_OR_RETURN(Tensor pixels, Tensor::Allocate(DType::kU8, {height, width, channels}, limits));
  if (!ReadPixels(*reading, pixels.values<JSAMPLE>().data(), static_cast<std::size_t>(width * channels)))
    return Failure(*reading);
  return pixels;
}

Result<std::unique_ptr<Source>> OpenPicture(const std::string& name, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(Tensor pixels, Decode(name, limits));
  return NewPictureSource(std::move(pixels), "jpeg");
}

}  // namespace

bool ProbeJpeg(const ProbeInput& input) { return input.text().starts_with("\xFF\xD8\xFF"); }

Result<std::unique_ptr<Source>> OpenJpeg(const std::string& name, const Access& access) {
  return OpenPicture(name, access.limits).Context(name);
}

}  // namespace tegula::image
