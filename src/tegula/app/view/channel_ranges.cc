#include "tegula/app/view/channel_ranges.h"

#include <algorithm>
#include <cmath>

#include "tegula/app/contrast.h"
#include "tegula/app/view/rendering.h"
#include "tegula/image/thumbnail.h"
#include "tegula/tensor/kernels.h"

namespace tegula::app {
namespace {

constexpr std::int64_t kEdge = 512;
constexpr std::size_t kSteps = 128;

}  // namespace

Result<std::vector<ChannelRange>> ChannelRangesOf(const image::Source& source, std::int64_t z, std::int64_t t) {
  const image::ImageInfo& info = source.info();
  TEGULA_TRY(CheckPlane(info, z, t));
  std::vector<ChannelRange> ranges;
  for (std::size_t c = 0; c < info.channels.size(); ++c) {
    const std::int64_t channel[] = {static_cast<std::int64_t>(c)};
    TEGULA_ASSIGN_OR_RETURN(const image::Thumbnail small, image::ReadThumbnail(source, kEdge, channel, z, t));
    TEGULA_ASSIGN_OR_RETURN(Tensor floats, Tensor::Allocate(DType::kF32, small.pixels_cyx.shape()));
    ConvertCopy(small.pixels_cyx.view(), floats.view());
    std::vector<float> values;
    for (const float value : floats.values<float>())
      if (std::isfinite(value)) values.push_back(value);
    ChannelRange range{
        info.channels[c].name, ColourOf(info.channels, c), 0, 0, 0, 0, std::vector<std::int64_t>(kSteps, 0)};
    if (!values.empty()) {
      const auto [least, most] = std::minmax_element(values.begin(), values.end());
      range.min = *least, range.max = *most;
      const double width = range.max - range.min;
      for (const float value : values) {
        const double share = width > 0 ? (static_cast<double>(value) - range.min) / width : 0;
        ++range.counts[std::min(kSteps - 1, static_cast<std::size_t>(share * kSteps))];
      }
      range.low = static_cast<double>(TakeQuantile(values, kContrastLow));
      range.high = static_cast<double>(TakeQuantile(values, kContrastHigh));
      if (!(range.high > range.low))
        range.low = range.min, range.high = range.max > range.min ? range.max : range.min + 1;
    }
    ranges.push_back(std::move(range));
  }
  return ranges;
}

}  // namespace tegula::app
