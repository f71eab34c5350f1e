// ops/quantile.h — which sorted values a percentile lies between, and what it is: numpy.quantile's "linear" and
// "inverted_cdf" (numpy/lib/_function_base_impl.py) in the same double arithmetic. For ops/ and pipeline/.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "tegula/ops/statistics.h"

namespace tegula::ops {

/// Two ranks among n > 0 sorted values, and how far the percentile is from the first towards the second.
struct Ranks {
  std::int64_t low = 0;
  std::int64_t high = 0;
  double weight = 0;
};

inline Ranks RanksOf(Measure measure, double percentile, std::int64_t n) noexcept {
  const double q = percentile / 100.0;
  if (measure == Measure::kPercentileOfValues) {
    const auto rank = static_cast<std::int64_t>(std::ceil(static_cast<double>(n) * q - 1.0));
    const std::int64_t inside = std::clamp<std::int64_t>(rank, 0, n - 1);
    return {inside, inside, 0};
  }
  const double position = static_cast<double>(n - 1) * q;
  const double below = std::floor(position);
  if (position >= static_cast<double>(n - 1)) return {n - 1, n - 1, 0};
  return {static_cast<std::int64_t>(below), static_cast<std::int64_t>(below) + 1, position - below};
}

inline double Interpolate(double low, double high, double weight) noexcept {
  if (low == high) return low;  // also of infinite values, of which the difference is not a number
  const double difference = high - low;
  return weight >= 0.5 ? high - difference * (1 - weight) : low + difference * weight;
}

}  // namespace tegula::ops
