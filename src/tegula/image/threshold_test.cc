#include "tegula/image/threshold.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

namespace tegula::image {
namespace {

// 2000 values of which most lie around 0.15 and every tenth may be brighter. The expected numbers are those of
// scikit-image 0.26 and NumPy 2.4 for the same values.
std::vector<float> Values() {
  std::vector<double> uniform;
  std::uint32_t state = 7;
  for (int i = 0; i < 4000; ++i) {
    state = state * 1664525U + 1013904223U;
    uniform.push_back(state / 4294967296.0);
  }
  std::vector<float> values;
  for (std::size_t i = 0; i < 2000; ++i) {
    const double background = 0.1 + 0.05 * uniform[i] + 0.05 * uniform[2000 + i];
    values.push_back(static_cast<float>(background + (i % 10 == 0 ? uniform[2 * i] * 2 : 0)));
  }
  return values;
}

TEST(Histogram, CountsAsNumpyDoes) {
  const Histogram histogram = HistogramOf(Values());
  const std::vector<std::int64_t> first(histogram.counts.begin(), histogram.counts.begin() + 12);
  EXPECT_EQ(first, (std::vector<std::int64_t>{35, 64, 139, 174, 220, 263, 267, 223, 162, 121, 104, 30}));
  EXPECT_EQ(std::accumulate(histogram.counts.begin(), histogram.counts.end(), std::int64_t{0}), 2000);
}

TEST(TriangleThreshold, IsThatOfScikitImage) {
  std::vector<float> values = Values();
  const std::optional<TriangleThreshold> bright = FindTriangleThreshold(HistogramOf(values));
  ASSERT_TRUE(bright);
  EXPECT_TRUE(bright->is_above_peak);
  EXPECT_DOUBLE_EQ(bright->value, 0.20182573355850764);

  for (float& value : values) value = static_cast<float>(3 - static_cast<double>(value));
  const std::optional<TriangleThreshold> dark = FindTriangleThreshold(HistogramOf(values));
  ASSERT_TRUE(dark);
  EXPECT_FALSE(dark->is_above_peak);
  EXPECT_DOUBLE_EQ(dark->value, 2.798174252267927);

  values = Values();
  for (float& value : values) value = static_cast<float>(std::nearbyint(static_cast<double>(value) * 100));
  EXPECT_DOUBLE_EQ(FindTriangleThreshold(HistogramOf(values))->value, 18.44921875);
}

TEST(TriangleThreshold, OfOneValueThereIsNone) {
  EXPECT_FALSE(FindTriangleThreshold(HistogramOf(std::vector<float>(5, 7))));
  EXPECT_TRUE(FindTriangleThreshold(HistogramOf(std::vector<float>{1, 2})));
}

}  // namespace
}  // namespace tegula::image
