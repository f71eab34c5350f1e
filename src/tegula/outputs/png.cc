#include "tegula/outputs/png.h"

#include <fmt/format.h>
#include <png.h>

#include "tegula/tensor/kernels.h"

namespace tegula::outputs {
namespace {

constexpr std::int64_t kEdgeLimit = 1 << 20;

png_uint_32 FormatOf(std::int64_t channels) {
  return channels == 1 ? PNG_FORMAT_GRAY : channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_RGBA;
}

}  // namespace

Result<std::string> EncodePng(const ConstView& pixels_yxc) {
  const Shape& shape = pixels_yxc.shape();
  const std::int64_t channels = shape.rank() == 3 ? shape[2] : 1;
  const bool has_form = (shape.rank() == 2 || shape.rank() == 3) && (channels == 1 || channels == 3 || channels == 4);
  if (!has_form || pixels_yxc.elements() == 0 || pixels_yxc.dtype() != DType::kU8)
    return InvalidError(fmt::format("a {} array of {} is no picture that PNG can hold", DTypeName(pixels_yxc.dtype()),
                                    ToString(shape)));
  if (shape[0] > kEdgeLimit || shape[1] > kEdgeLimit)
    return ExhaustedError(fmt::format("a picture of {} pixels is too large for PNG; at most {} along an edge",
                                      ToString(shape), kEdgeLimit));

  Tensor packed;
  const std::byte* pixels = pixels_yxc.data();
  if (!pixels_yxc.is_contiguous()) {
    TEGULA_ASSIGN_OR_RETURN(packed, Tensor::Allocate(DType::kU8, shape));
    ConvertCopy(pixels_yxc, packed.view());
    pixels = packed.view().data();
  }
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.height = static_cast<png_uint_32>(shape[0]);
  image.width = static_cast<png_uint_32>(shape[1]);
  image.format = FormatOf(channels);
  image.flags = PNG_IMAGE_FLAG_FAST;  // a quarter to a third of the time, and what is shown here is smaller, too
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  std::string file(size, '\0');
  if (png_image_write_to_memory(&image, file.data(), &size, 0, pixels, 0, nullptr) == 0)
    return InternalError(fmt::format("libpng: {}", image.message));
  file.resize(size);
  return file;
}

}  // namespace tegula::outputs
