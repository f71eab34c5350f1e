#include "tegula/outputs/tensor_picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tegula/core/interval.h"
#include "tegula/outputs/heat.h"
#include "tegula/outputs/html.h"
#include "tegula/outputs/palette.h"
#include "tegula/outputs/png.h"
#include "tegula/tensor/kernels.h"

namespace tegula::outputs {
namespace {

constexpr std::int64_t kLongestEdge = 512;
constexpr Rgb kNotANumber{0, 114, 178};
constexpr Rgb kLine = PaletteColour(0);

Rgb ColourOf(double fraction, ColourScale scale) {
  if (scale == ColourScale::kGrey) {
    const auto grey = static_cast<std::uint8_t>(std::lround(255 * fraction));
    return {grey, grey, grey};
  }
  return MixedColour(kHeatStops, fraction);
}

std::string Gradient(ColourScale scale) {
  if (scale == ColourScale::kGrey) return "#000,#fff";
  std::vector<std::string> stops;
  for (const Rgb& stop : kHeatStops) stops.push_back(fmt::format("#{:02x}{:02x}{:02x}", stop.r, stop.g, stop.b));
  return fmt::format("{}", fmt::join(stops, ","));
}

// Where a value lies between the ends of a range: 0 to 1.
double FractionOf(double value, ValueRange range, ColourScale scale) {
  if (scale == ColourScale::kHeatByDecades) {
    if (!(value > range.low) || range.high <= range.low) return 0;
    return std::min(1.0, std::log(value / range.low) / std::log(range.high / range.low));
  }
  const double extent = range.high > range.low ? range.high - range.low : 1;
  return std::clamp((value - range.low) / extent, 0.0, 1.0);
}

// Broken lines at rows and columns of the plane, thinned out as it is.
void DrawLines(const TensorPlane& plane, std::int64_t step, const View& picture_yxc) {
  constexpr std::int64_t kDash = 6, kGap = 4;
  const std::int64_t height = picture_yxc.shape()[0], width = picture_yxc.shape()[1];
  const auto dot = [&](std::int64_t y, std::int64_t x) {
    std::uint8_t* to = picture_yxc.as<std::uint8_t>() + (y * width + x) * 3;
    to[0] = kLine.r, to[1] = kLine.g, to[2] = kLine.b;
  };
  for (const std::int64_t row : plane.rows)
    for (std::int64_t x = 0; row / step < height && x < width; ++x)
      if (x % (kDash + kGap) < kDash) dot(row / step, x);
  for (const std::int64_t column : plane.columns)
    for (std::int64_t y = 0; column / step < width && y < height; ++y)
      if (y % (kDash + kGap) < kDash) dot(y, column / step);
}

// As doubles in C order.
Result<Tensor> AsDoubles(const ConstView& values) {
  TEGULA_ASSIGN_OR_RETURN(Tensor doubles, Tensor::Allocate(DType::kF64, values.shape()));
  ConvertCopy(values, doubles.view());
  return doubles;
}

bool IsListed(const spec::Axis& axis) {
  return axis.type == spec::AxisType::kChannel || axis.type == spec::AxisType::kIndex;
}

}  // namespace

TensorPlanes PlanesOf(const spec::TensorDescription& description, const ConstView& tensor, std::size_t most) {
  TensorPlanes found;
  const int y = description.AxisIndex("y"), x = description.AxisIndex("x");
  if (y < 0 || x < 0 || tensor.shape().rank() != static_cast<int>(description.axes.size()) || tensor.elements() == 0)
    return found;
  ConstView plane = tensor;
  int listed = -1;
  std::string where;
  for (int a = 0; a < tensor.shape().rank(); ++a) {
    const spec::Axis& axis = description.axes[static_cast<std::size_t>(a)];
    const std::int64_t size = tensor.shape()[a];
    if (a == y || a == x) continue;
    if (IsListed(axis) && listed < 0) {
      listed = a;
      continue;
    }
    const std::int64_t at = axis.type == spec::AxisType::kBatch ? 0 : size / 2;
    plane = plane.Slice(a, at, 1);
    if (size > 1) where += fmt::format("{}{} {} of {}", where.empty() ? "" : ", ", axis.id, at + 1, size);
  }
  const Shape shape{tensor.shape()[y], tensor.shape()[x]}, strides{tensor.strides()[y], tensor.strides()[x]};
  const std::int64_t count = listed < 0 ? 1 : tensor.shape()[listed];
  for (std::int64_t i = 0; i < count; ++i) {
    if (found.planes.size() == most) {
      found.left_out = count - i;
      break;
    }
    const ConstView one = listed < 0 ? plane : plane.Slice(listed, i, 1);
    std::string caption = where;
    if (listed >= 0) {
      const std::vector<std::string>& names = description.axes[static_cast<std::size_t>(listed)].channel_names;
      const auto index = static_cast<std::size_t>(i);
      caption =
          (index < names.size() ? names[index]
                                : fmt::format("{} {}", description.axes[static_cast<std::size_t>(listed)].id, i)) +
          (where.empty() ? "" : ", " + where);
    }
    found.planes.push_back({std::move(caption), ConstView(one.data(), one.dtype(), shape, strides)});
  }
  return found;
}

ValueRange RangeOf(const ConstView& values) {
  const Result<Tensor> doubles = AsDoubles(values);
  ValueRange range{0, 0};
  bool is_first = true;
  if (!doubles.ok()) return range;
  for (const double value : doubles->values<double>()) {
    if (!std::isfinite(value)) continue;
    range = is_first ? ValueRange{value, value} : ValueRange{std::min(range.low, value), std::max(range.high, value)};
    is_first = false;
  }
  return range;
}

Result<std::string> PlaneHtml(const TensorPlane& plane, ValueRange range, ColourScale scale) {
  TEGULA_ASSIGN_OR_RETURN(const Tensor doubles, AsDoubles(plane.yx));
  const std::int64_t height = plane.yx.shape()[0], width = plane.yx.shape()[1];
  const std::int64_t step = std::max<std::int64_t>(1, CeilDiv(std::max(height, width), kLongestEdge));
  TEGULA_ASSIGN_OR_RETURN(Tensor picture,
                          Tensor::Allocate(DType::kU8, {CeilDiv(height, step), CeilDiv(width, step), 3}));
  std::uint8_t* to = picture.values<std::uint8_t>().data();
  for (std::int64_t y = 0; y < height; y += step)
    for (std::int64_t x = 0; x < width; x += step) {
      const double value = doubles.values<double>()[static_cast<std::size_t>(y * width + x)];
      const Rgb colour = std::isnan(value) ? kNotANumber : ColourOf(FractionOf(value, range, scale), scale);
      *to++ = colour.r, *to++ = colour.g, *to++ = colour.b;
    }
  DrawLines(plane, step, picture.view());
  TEGULA_ASSIGN_OR_RETURN(const std::string png, EncodePng(picture.view()));
  return fmt::format(
      "<img src=\"{}\" alt=\"{}\"><div class=\"scale\"><span>{:.4g}</span><i style=\"background:linear-gradient(to "
      "right,{})\"></i><span>{:.4g}</span></div>",
      PngDataUri(png), EscapeHtml(plane.caption), range.low, Gradient(scale), range.high);
}

std::string DifferenceHistogramSvg(const ConstView& values) {
  constexpr int kBins = 24, kBarWidth = 12, kHeight = 90, kBottom = 18;
  const Result<Tensor> doubles = AsDoubles(values);
  const double high = RangeOf(values).high;
  if (!doubles.ok() || doubles->elements() == 0) return {};
  std::array<std::int64_t, kBins> counts{};
  for (const double value : doubles->values<double>()) {
    if (!std::isfinite(value)) continue;
    const double bin = high > 0 ? value / high * kBins : 0;
    ++counts[static_cast<std::size_t>(std::clamp(bin, 0.0, kBins - 1.0))];
  }
  const double most = std::log1p(static_cast<double>(*std::max_element(counts.begin(), counts.end())));
  std::string svg =
      fmt::format("<svg class=\"chart\" viewBox=\"0 0 {} {}\" role=\"img\">", kBins * kBarWidth, kHeight + kBottom);
  for (int i = 0; i < kBins; ++i) {
    const std::int64_t count = counts[static_cast<std::size_t>(i)];
    const double height = most > 0 ? kHeight * std::log1p(static_cast<double>(count)) / most : 0;
    svg += fmt::format(
        "<rect class=\"bar\" x=\"{}\" y=\"{:.1f}\" width=\"{}\" height=\"{:.1f}\"><title>{} values</title></rect>",
        i * kBarWidth, kHeight - height, kBarWidth - 2, height, count);
  }
  svg += fmt::format(
      "<line class=\"grid\" x1=\"0\" x2=\"{0}\" y1=\"{1}\" y2=\"{1}\"/><text x=\"0\" y=\"{2}\">0</text>"
      "<text x=\"{0}\" y=\"{2}\" text-anchor=\"end\">{3:.3g}</text></svg>",
      kBins * kBarWidth, kHeight, kHeight + kBottom - 3, high);
  return svg;
}

}  // namespace tegula::outputs
