// PNG is one compressed stream without a way in: the image is decoded once, at open, within the limits.
#include <fmt/format.h>
#include <png.h>

#include <algorithm>
#include <bit>
#include <csetjmp>
#include <cstring>

#include "tegula/image/formats.h"
#include "tegula/tensor/kernels.h"

namespace tegula::image {
namespace {

// Holds the decoded image. Immutable and thread-safe.
class PngSource final : public Source {
 public:
  PngSource(Tensor pixels_yxc, ImageInfo info) : pixels_yxc_(std::move(pixels_yxc)), info_(std::move(info)) {}
  const ImageInfo& info() const noexcept override { return info_; }

  Status Read(const ReadRequest& request, const View& out_cyx) const override {
    AssertReadable(info_, request, out_cyx);
    const Shape& yxc = pixels_yxc_.shape();
    const ConstView cyx(pixels_yxc_.view().data(), info_.dtype, {yxc[2], yxc[0], yxc[1]}, {1, yxc[1] * yxc[2], yxc[2]});
    const ConstView region =
        cyx.Slice(1, request.box.y.begin, request.box.height()).Slice(2, request.box.x.begin, request.box.width());
    for (std::int64_t i = 0; i < request.planes(info_); ++i)
      ConvertCopy(region.Slice(0, request.channel(i), 1), out_cyx.Slice(0, i, 1));
    return Ok();
  }

 private:
  Tensor pixels_yxc_;
  ImageInfo info_;
};

// libpng reports errors by longjmp. So every function between setjmp and libpng has only plain values; all that owns
// something lives in the caller.
struct Reading {
  const RandomAccessFile* file = nullptr;
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
  bool read = false;
  if (static_cast<std::int64_t>(size) <= reading->file->size() - reading->position)
    read = reading->file->Read(reading->position, {reinterpret_cast<std::byte*>(out), size}).ok();
  if (!read) png_error(png, "the file ends too early");
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

template <class T>
bool IsOpaque(std::span<const T> pixels, std::int64_t channels) {
  for (std::size_t i = static_cast<std::size_t>(channels) - 1; i < pixels.size();
       i += static_cast<std::size_t>(channels))
    if (pixels[i] != std::numeric_limits<T>::max()) return false;
  return true;
}

Result<Tensor> Decode(const std::string& name, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(const RandomAccessFile file, RandomAccessFile::Open(name));
  Reading reading;
  reading.file = &file;
  reading.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reading, &OnError, &OnWarning);
  reading.info = reading.png == nullptr ? nullptr : png_create_info_struct(reading.png);
  const auto destroy = [](Reading* r) { png_destroy_read_struct(&r->png, &r->info, nullptr); };
  const std::unique_ptr<Reading, decltype(destroy)> owner(&reading, destroy);
  if (reading.info == nullptr) return ExhaustedError("no memory for libpng");
  png_set_read_fn(reading.png, &reading, &OnRead);

  Layout layout;
  if (!ReadLayout(reading, layout, limits.axis_size)) return CorruptError(fmt::format("libpng: {}", reading.message));
  const DType dtype = layout.bits == 16 ? DType::kU16 : DType::kU8;
  TEGULA_ASSIGN_OR_RETURN(Tensor pixels,
                          Tensor::Allocate(dtype, {layout.height, layout.width, layout.channels}, limits));
  const std::int64_t row_bytes = pixels.bytes() / layout.height;
  std::vector<png_bytep> rows;
  for (std::int64_t y = 0; y < layout.height; ++y)
    rows.push_back(reinterpret_cast<png_bytep>(pixels.view().data() + y * row_bytes));
  if (!ReadPixels(reading, rows.data())) return CorruptError(fmt::format("libpng: {}", reading.message));
  return pixels;
}

Result<std::unique_ptr<Source>> OpenPicture(const std::string& name, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(Tensor pixels, Decode(name, limits));
  const std::int64_t stored = pixels.shape()[2];
  if (stored == 2 || stored == 4) {
    const Tensor& p = pixels;
    const bool opaque = p.dtype() == DType::kU8 ? IsOpaque(p.values<std::uint8_t>(), stored)
                                                : IsOpaque(p.values<std::uint16_t>(), stored);
    if (!opaque) return UnsupportedError("the picture has transparent pixels; save it without transparency");
  }
  ImageInfo info;
  info.format = "png";
  info.dtype = pixels.dtype();
  info.levels = {{.height = pixels.shape()[0], .width = pixels.shape()[1]}};
  info.is_rgb = stored >= 3;
  info.channels = DefaultChannels(1, info.is_rgb);
  return std::unique_ptr<Source>(new PngSource(std::move(pixels), std::move(info)));
}

}  // namespace

Status ProbePng(const ProbeInput& input) {
  constexpr std::size_t kSignature = 8;
  if (input.head.size() >= kSignature &&
      png_sig_cmp(reinterpret_cast<png_const_bytep>(input.head.data()), 0, kSignature) == 0)
    return Ok();
  return UnsupportedError("it does not begin like a PNG");
}

Result<std::unique_ptr<Source>> OpenPng(const std::string& name, const Limits& limits) {
  return OpenPicture(name, limits).Context(name);
}

}  // namespace tegula::image
