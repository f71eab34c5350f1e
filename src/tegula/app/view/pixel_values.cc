#include "tegula/app/view/pixel_values.h"

#include <fmt/format.h>

#include "tegula/app/view/rendering.h"
#include "tegula/tensor/kernels.h"

namespace tegula::app {

Result<std::vector<double>> PixelValues(const image::Source& source, const PixelPlace& place) {
  const image::ImageInfo& info = source.info();
  TEGULA_TRY(CheckPlane(info, place.z, place.t));
  const image::Level& whole = info.levels.front();
  if (place.y < 0 || place.y >= whole.height || place.x < 0 || place.x >= whole.width)
    return InvalidError(fmt::format("there is no pixel x {} y {} in an image of {} x {} pixels (width x height)",
                                    place.x, place.y, whole.width, whole.height));
  const auto channels = static_cast<std::int64_t>(info.channels.size());
  TEGULA_ASSIGN_OR_RETURN(Tensor pixel, Tensor::Allocate(info.dtype, {channels, 1, 1}));
  TEGULA_ASSIGN_OR_RETURN(Tensor values, Tensor::Allocate(DType::kF64, {channels, 1, 1}));
  TEGULA_TRY(
      source.Read({.t = place.t, .z = place.z, .box = {{place.y, place.y + 1}, {place.x, place.x + 1}}}, pixel.view()));
  ConvertCopy(pixel.view(), values.view());
  const auto all = values.values<double>();
  return std::vector<double>(all.begin(), all.end());
}

}  // namespace tegula::app
