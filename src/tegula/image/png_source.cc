// PNG by libpng: palettes are looked up, fewer than 8 bits are spread over 8, 16 bits stay 16.
#include <fmt/format.h>
#include <png.h>

#include <algorithm>
#include <bit>
#include <csetjmp>
#include <cstring>

#include "tegula/image/formats.h"
#include "tegula/image/picture_source.h"

namespace tegula::image {
namespace {

// libpng reports errors by longjmp. So every function between setjmp and libpng has only plain values; all that owns
// something lives in the caller.
struct Reading {
  const RandomAccessFile* file = nullptr;
  Status* read = nullptr;  // how the last read went
  std::int64_t position = 0;
  png_structp png = nullptr;
  png_infop info = nullptr;
  char message[200] = {};
};

[[noreturn]] void OnError(png_structp png, png_const_charp message) {
  auto* const reading = static_cast<Reading*>(png_get_error_ptr(png));
  std::strncpy(reading->message, message, sizeof reading->message - 1);
  std::longjmp(png_jmpbuf(png), 1);
}

void OnWarning(png_structp, png_const_charp) {}

void OnRead(png_structp png, png_bytep out, std::size_t size) {
  auto* const reading = static_cast<Reading*>(png_get_io_ptr(png));
  if (static_cast<std::int64_t>(size) > reading->file->size() - reading->position)
    png_error(png, "the file ends too early");
  *reading->read = reading->file->Read(reading->position, {reinterpret_cast<std::byte*>(out), size});
  if (!reading->read->ok()) png_error(png, "the file cannot be read");
  reading->position += static_cast<std::int64_t>(size);
}

// What the file is after palettes are looked up and fewer than 8 bits are spread over 8, as the PNG standard means
// them.
struct Layout {
  std::int64_t height = 0, width = 0, channels = 0;
  int bits = 0;
};

bool ReadLayout(Reading& reading, Layout& layout, std::int64_t axis_limit) {
  if (setjmp(png_jmpbuf(reading.png)) != 0) return false;
  png_set_user_limits(reading.png, static_cast<png_uint_32>(std::min<std::int64_t>(axis_limit, PNG_UINT_31_MAX)),
                      static_cast<png_uint_32>(std::min<std::int64_t>(axis_limit, PNG_UINT_31_MAX)));
  png_read_info(reading.png, reading.info);
  png_set_expand(reading.png);
  if constexpr (std::endian::native == std::endian::little) png_set_swap(reading.png);
  png_set_interlace_handling(reading.png);
  png_read_update_info(reading.png, reading.info);
  layout.height = png_get_image_height(reading.png, reading.info);
  layout.width = png_get_image_width(reading.png, reading.info);
  layout.channels = png_get_channels(reading.png, reading.info);
  layout.bits = png_get_bit_depth(reading.png, reading.info);
  return true;
}

bool ReadPixels(Reading& reading, png_bytep* rows) {
  if (setjmp(png_jmpbuf(reading.png)) != 0) return false;
  png_read_image(reading.png, rows);
  png_read_end(reading.png, nullptr);
  return true;
}

Error Failure(const Reading& reading) {
  return reading.read->ok() ? CorruptError(fmt::format("libpng: {}", reading.message)) : reading.read->error();
}

Result<Tensor> Decode(const std::string& name, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(const RandomAccessFile file, RandomAccessFile::Open(name));
  Status read = Ok();
  Reading reading;
  reading.file = &file;
  reading.read = &read;
  reading.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reading, &OnError, &OnWarning);
  reading.info = reading.png == nullptr ? nullptr : png_create_info_struct(reading.png);
  const auto destroy = [](Reading* r) { png_destroy_read_struct(&r->png, &r->info, nullptr); };
  const std::unique_ptr<Reading, decltype(destroy)> owner(&reading, destroy);
  if (reading.info == nullptr) return ExhaustedError("no memory for libpng");
  png_set_read_fn(reading.png, &reading, &OnRead);

  Layout layout;
  if (!ReadLayout(reading, layout, limits.axis_size)) return Failure(reading);
  TEGULA_TRY(CheckPictureSize(layout.height, layout.width, layout.channels, limits));
  const DType dtype = layout.bits == 16 ? DType::kU16 : DType::kU8;
  TEGULA_ASSIGN_OR_RETURN(Tensor pixels,
                          Tensor::Allocate(dtype, {layout.height, layout.width, layout.channels}, limits));
  const std::int64_t row_bytes = pixels.bytes() / layout.height;
  std::vector<png_bytep> rows;
  for (std::int64_t y = 0; y < layout.height; ++y)
    rows.push_back(reinterpret_cast<png_bytep>(pixels.view().data() + y * row_bytes));
  if (!ReadPixels(reading, rows.data())) return Failure(reading);
  return pixels;
}

Result<std::unique_ptr<Source>> OpenPicture(const std::string& name, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(Tensor pixels, Decode(name, limits));
  return NewPictureSource(std::move(pixels), "png");
}

}  // namespace

bool ProbePng(const ProbeInput& input) {
  constexpr std::size_t kSignature = 8;
  return input.head.size() >= kSignature &&
         png_sig_cmp(reinterpret_cast<png_const_bytep>(input.head.data()), 0, kSignature) == 0;
}

Result<std::unique_ptr<Source>> OpenPng(const std::string& name, const Access& access) {
  return OpenPicture(name, access.limits).Context(name);
}

}  // namespace tegula::image
