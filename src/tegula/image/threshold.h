// image/threshold.h — where to cut between background and what stands out of it: the triangle method on a histogram.
//
// G. W. Zack, W. E. Rogers, S. A. Latt, "Automatic measurement of sister chromatid exchange frequency" (1977): a line
// is drawn from the histogram's peak to its farther end; the threshold is where the histogram lies farthest below it.
// It fits images of which most is background and what is looked for is faint and varied, for which methods that expect
// two classes of equal right (Otsu) cut off the faint part. Bins and results are those of scikit-image's
// threshold_triangle for floats.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

namespace tegula::image {

/// How often values lie in each of 256 bins of one width between the smallest and the largest of them, as
/// numpy.histogram counts.
struct Histogram {
  static constexpr std::size_t kBins = 256;
  double first = 0, last = 0;  ///< the smallest and the largest value
  std::array<std::int64_t, kBins> counts = {};

  double Edge(std::size_t bin) const noexcept;
  double Centre(std::size_t bin) const noexcept { return (Edge(bin) + Edge(bin + 1)) / 2; }
};

/// Values are finite; at least one.
Histogram HistogramOf(std::span<const float> values) noexcept;

struct TriangleThreshold {
  double value = 0;           ///< the centre of a bin
  bool is_above_peak = true;  ///< what stands out is brighter than most; else darker
};

/// Nothing if all values are the same.
std::optional<TriangleThreshold> FindTriangleThreshold(const Histogram& histogram) noexcept;

}  // namespace tegula::image
