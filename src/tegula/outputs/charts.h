// outputs/charts.h — the charts of a report as inline SVG. Colours come from the page's style, so that they follow
// its light and dark form.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tegula::outputs {

/// Counts of values in bins of equal, round width from 0. The last bin also holds what is larger than the bins reach,
/// so that a few huge values do not squeeze the rest into one bar.
struct Histogram {
  double bin_width = 1;
  std::vector<std::int64_t> counts;
  std::int64_t above = 0;  ///< of the last bin: values beyond its right edge
  double median = 0;
};

/// Up to 40 bins that reach to the 99th percentile. Negative values and those that are not finite are left out; no bins
/// if nothing is left.
Histogram HistogramOf(std::span<const double> values);

/// The histogram with axes; `unit` is that of the values.
std::string HistogramSvg(const Histogram& histogram, std::string_view unit);

/// The largest difference over the distance at which it was found, on a logarithmic scale whose lower end is 0, with
/// the difference that is allowed as a line. As many values as distances, which ascend.
std::string DeviationSvg(std::span<const std::int64_t> distances, std::span<const double> values, double allowed,
                         std::string_view unit);

/// A bar as long as `fraction` (0..1) of the width it is given.
std::string BarSvg(double fraction);

}  // namespace tegula::outputs
