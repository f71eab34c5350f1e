#include "tegula/image/picture_source.h"

#include <fmt/format.h>

#include <limits>

#include "tegula/tensor/kernels.h"

namespace tegula::image {
namespace {

/// Holds the decoded picture. Immutable and thread-safe.
class PictureSource final : public Source {
 public:
  PictureSource(Tensor pixels_yxc, ImageInfo info) : pixels_yxc_(std::move(pixels_yxc)), info_(std::move(info)) {}
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

template <class T>
bool IsOpaque(std::span<const T> pixels, std::int64_t channels) {
  for (std::size_t i = static_cast<std::size_t>(channels) - 1; i < pixels.size();
       i += static_cast<std::size_t>(channels))
    if (pixels[i] != std::numeric_limits<T>::max()) return false;
  return true;
}

bool IsOpaque(const Tensor& pixels_yxc) {
  const std::int64_t channels = pixels_yxc.shape()[2];
  if (channels != 2 && channels != 4) return true;
  return pixels_yxc.dtype() == DType::kU8 ? IsOpaque(pixels_yxc.values<std::uint8_t>(), channels)
                                          : IsOpaque(pixels_yxc.values<std::uint16_t>(), channels);
}

}  // namespace

Status CheckPictureSize(std::int64_t height, std::int64_t width, std::int64_t channels, const Limits& limits) {
  if (height < 1 || width < 1 || channels < 1)
    return CorruptError(fmt::format("its header announces {} x {} pixels of {} channels", height, width, channels));
  if (height > limits.axis_size || width > limits.axis_size || channels > limits.channels)
    return ExhaustedError(
        fmt::format("the picture of {} x {} pixels with {} channels is larger than allowed", height, width, channels));
  return Ok();
}

Result<std::unique_ptr<Source>> NewPictureSource(Tensor pixels_yxc, std::string format) {
  TEGULA_ASSERT(pixels_yxc.dtype() == DType::kU8 || pixels_yxc.dtype() == DType::kU16);
  if (!IsOpaque(pixels_yxc))
    return UnsupportedError("the picture has transparent pixels; save it without transparency");
  ImageInfo info;
  info.format = std::move(format);
  info.dtype = pixels_yxc.dtype();
  info.levels = {{.height = pixels_yxc.shape()[0], .width = pixels_yxc.shape()[1]}};
  info.is_rgb = pixels_yxc.shape()[2] >= 3;
  info.channels = DefaultChannels(1, info.is_rgb);
  return std::unique_ptr<Source>(new PictureSource(std::move(pixels_yxc), std::move(info)));
}

}  // namespace tegula::image
