#include "tegula/image/threshold.h"

#include <algorithm>

namespace tegula::image {

double Histogram::Edge(std::size_t bin) const noexcept {
  if (bin == kBins) return last;
  return first + static_cast<double>(bin) * ((last - first) / static_cast<double>(kBins));
}

Histogram HistogramOf(std::span<const float> values) noexcept {
  Histogram histogram;
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  histogram.first = static_cast<double>(*least);
  histogram.last = static_cast<double>(*most);
  if (histogram.first == histogram.last) {
    histogram.counts[0] = static_cast<std::int64_t>(values.size());
    return histogram;
  }
  const double range = histogram.last - histogram.first;
  for (const float single : values) {
    const auto value = static_cast<double>(single);
    auto bin = static_cast<std::size_t>((value - histogram.first) / range * static_cast<double>(Histogram::kBins));
    bin = std::min(bin, Histogram::kBins - 1);
    // The division may carry a value over an edge.
    if (bin > 0 && value < histogram.Edge(bin)) --bin;
    if (bin + 1 < Histogram::kBins && value >= histogram.Edge(bin + 1)) ++bin;
    ++histogram.counts[bin];
  }
  return histogram;
}

std::optional<TriangleThreshold> FindTriangleThreshold(const Histogram& histogram) noexcept {
  const auto& counts = histogram.counts;
  const auto is_filled = [](std::int64_t count) { return count > 0; };
  const auto low = std::find_if(counts.begin(), counts.end(), is_filled) - counts.begin();
  const auto high =
      std::ssize(counts) - 1 - (std::find_if(counts.rbegin(), counts.rend(), is_filled) - counts.rbegin());
  if (low >= high) return std::nullopt;
  const auto peak = std::max_element(counts.begin(), counts.end()) - counts.begin();
  const bool is_above = peak - low < high - peak;
  // From the farther end towards the peak.
  const std::ptrdiff_t end = is_above ? high : low, step = is_above ? -1 : 1;
  const std::ptrdiff_t width = (peak - end) * step;
  const auto height = static_cast<double>(counts[static_cast<std::size_t>(peak)]);
  double farthest = 0;
  std::ptrdiff_t best = 0;
  for (std::ptrdiff_t i = 0; i < width; ++i) {
    const auto count = static_cast<double>(counts[static_cast<std::size_t>(end + i * step)]);
    const double below = height * static_cast<double>(i) - static_cast<double>(width) * count;
    if (i == 0 || below > farthest) farthest = below, best = i;
  }
  return TriangleThreshold{histogram.Centre(static_cast<std::size_t>(end + best * step)), is_above};
}

}  // namespace tegula::image
