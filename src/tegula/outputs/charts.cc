#include "tegula/outputs/charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tegula/outputs/html.h"

namespace tegula::outputs {
namespace {

constexpr double kWidth = 640, kHeight = 220;
constexpr double kLeft = 56, kRight = 12, kTop = 18, kBottom = 40;
constexpr double kPlotWidth = kWidth - kLeft - kRight, kPlotHeight = kHeight - kTop - kBottom;

// The smallest of 1, 2, 5 times a power of ten that is not below `least` > 0.
double RoundUp(double least) {
  const double power = std::pow(10.0, std::floor(std::log10(least)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= least * (1 - 1e-9)) return factor * power;
  return 10 * power;
}

double Quantile(std::vector<double>& values, double quantile) {
  const auto rank = static_cast<std::ptrdiff_t>(quantile * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + rank, values.end());
  return values[static_cast<std::size_t>(rank)];
}

std::string Line(double x0, double y0, double x1, double y1, std::string_view style) {
  return fmt::format("<line class=\"{}\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>", style, x0, y0, x1,
                     y1);
}
std::string Label(double x, double y, std::string_view anchor, std::string_view text) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>", x, y, anchor, EscapeHtml(text));
}

}  // namespace

Histogram HistogramOf(std::span<const double> values) {
  std::vector<double> finite;
  std::ranges::copy_if(values, std::back_inserter(finite), [](double v) { return std::isfinite(v) && v >= 0; });
  Histogram histogram;
  if (finite.empty()) return histogram;
  histogram.median = Quantile(finite, 0.5);
  const double percentile99 = Quantile(finite, 0.99);
  const double reach = percentile99 > 1e-12 ? percentile99 : 1;  // nearly all are 0: any axis will do
  histogram.bin_width = RoundUp(reach / 39);
  histogram.counts.resize(static_cast<std::size_t>(reach / histogram.bin_width) + 1);
  const double end = histogram.bin_width * static_cast<double>(histogram.counts.size());
  for (const double value : finite) {
    histogram.above += value >= end ? 1 : 0;
    const double bin = std::min(value / histogram.bin_width, static_cast<double>(histogram.counts.size() - 1));
    ++histogram.counts[static_cast<std::size_t>(bin)];
  }
  return histogram;
}

std::string HistogramSvg(const Histogram& histogram, std::string_view unit) {
  if (histogram.counts.empty()) return {};
  const auto bins = static_cast<double>(histogram.counts.size());
  const double end = bins * histogram.bin_width;
  const auto highest = static_cast<double>(*std::ranges::max_element(histogram.counts));
  const auto x_of = [&](double value) { return kLeft + value / end * kPlotWidth; };
  const auto y_of = [&](double count) { return kTop + kPlotHeight * (1 - count / highest); };

  std::string svg =
      fmt::format("<svg class=\"chart\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"Histogram\">", kWidth, kHeight);
  const double count_step = std::max(1.0, RoundUp(highest / 4));
  for (double count = 0; count <= highest; count += count_step) {
    svg += Line(kLeft, y_of(count), kWidth - kRight, y_of(count), "grid");
    svg += Label(kLeft - 8, y_of(count) + 4, "end", GroupedInteger(std::llround(count)));
  }
  for (std::size_t bin = 0; bin < histogram.counts.size(); ++bin) {
    const auto count = static_cast<double>(histogram.counts[bin]);
    const double from = x_of(static_cast<double>(bin) * histogram.bin_width),
                 to = x_of(static_cast<double>(bin + 1) * histogram.bin_width);
    const bool holds_more = bin + 1 == histogram.counts.size() && histogram.above > 0;
    svg += fmt::format("<rect class=\"{}\" x=\"{:.2f}\" y=\"{:.2f}\" width=\"{:.2f}\" height=\"{:.2f}\"/>",
                       holds_more ? "bar more" : "bar", from + 0.5, y_of(count), std::max(to - from - 1, 0.5),
                       kTop + kPlotHeight - y_of(count));
  }
  const double tick = RoundUp(end / 8);
  for (int i = 0; i * tick <= end * (1 + 1e-9); ++i)
    svg += Label(x_of(i * tick), kTop + kPlotHeight + 16, "middle", ReadableNumber(i * tick));
  svg += Label(kLeft + kPlotWidth / 2, kHeight - 6, "middle", unit);
  if (histogram.median < end) {
    svg += Line(x_of(histogram.median), kTop - 15, x_of(histogram.median), kTop + kPlotHeight, "median");
    const bool is_right = histogram.median > 0.7 * end;
    svg += Label(x_of(histogram.median) + (is_right ? -5 : 5), kTop - 7, is_right ? "end" : "start",
                 fmt::format("median {}", ReadableNumber(histogram.median)));
  }
  return svg + "</svg>";
}

std::string DeviationSvg(std::span<const std::int64_t> distances, std::span<const double> values, double allowed,
                         std::string_view unit) {
  if (distances.empty()) return {};
  // Decades from the smallest number to the largest; the lowest one stands for 0.
  constexpr double kMostDecades = 12;
  double least = INFINITY, most = 0;
  const auto reach = [&](double value) {
    if (std::isfinite(value) && value > 0) least = std::min(least, value), most = std::max(most, value);
  };
  reach(allowed);
  for (const double value : values) reach(value);
  if (most == 0) least = most = 1;
  const double top = std::ceil(std::log10(most) + 1e-9);
  const double bottom = std::max(std::floor(std::log10(least)) - 1, top - kMostDecades);
  const auto y_of = [&](double value) {
    const double exponent = value > 0 ? std::clamp(std::log10(value), bottom, top) : bottom;
    return kTop + kPlotHeight * (1 - (exponent - bottom) / (top - bottom));
  };
  const auto farthest = static_cast<double>(std::max<std::int64_t>(1, distances.back()));
  const auto x_of = [&](double distance) { return kLeft + distance / farthest * kPlotWidth; };
  std::string svg = fmt::format(
      "<svg class=\"chart\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"Largest difference by distance\">", kWidth,
      kHeight);
  const double step = std::ceil((top - bottom) / 6);
  for (double exponent = bottom; exponent <= top; exponent += step) {
    const double y = y_of(std::pow(10.0, exponent));
    svg += Line(kLeft, y, kWidth - kRight, y, "grid");
    svg += Label(kLeft - 8, y + 4, "end", exponent == bottom ? "0" : fmt::format("1e{:g}", exponent));
  }
  std::string points;
  for (std::size_t i = 0; i < distances.size(); ++i)
    points += fmt::format("{:.1f},{:.1f} ", x_of(static_cast<double>(distances[i])), y_of(values[i]));
  svg += fmt::format("<polyline class=\"line\" fill=\"none\" points=\"{}\"/>", points);
  svg += Line(kLeft, y_of(allowed), kWidth - kRight, y_of(allowed), "median");
  svg += Label(kWidth - kRight, y_of(allowed) - 5, "end", "allowed: " + ReadableNumber(allowed));
  const double tick = std::max(1.0, RoundUp(farthest / 8));
  for (int i = 0; i * tick <= farthest; ++i)
    svg += Label(x_of(i * tick), kTop + kPlotHeight + 16, "middle", ReadableNumber(i * tick));
  svg += Label(kLeft + kPlotWidth / 2, kHeight - 6, "middle", unit);
  return svg + "</svg>";
}

std::string BarSvg(double fraction) {
  return fmt::format(
      "<svg class=\"meter\" viewBox=\"0 0 100 1\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
      "<rect class=\"bar\" width=\"{:.2f}\" height=\"1\"/></svg>",
      100 * std::clamp(fraction, 0.0, 1.0));
}

}  // namespace tegula::outputs
