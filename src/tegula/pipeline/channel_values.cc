#include "tegula/pipeline/channel_values.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "tegula/pipeline/ordered_sum.h"

namespace tegula::pipeline {
namespace {

// Ranks in ascending order; each search leaves the values before it smaller and those behind it larger.
class Selection {
 public:
  explicit Selection(std::vector<float>& values) : values_(values) {}
  double Rank(std::int64_t rank) {
    const auto at = values_.begin() + rank;
    if (rank >= settled_) {
      std::nth_element(values_.begin() + settled_, at, values_.end());
      settled_ = rank + 1;
    }
    return static_cast<double>(*at);
  }

 private:
  std::vector<float>& values_;
  std::int64_t settled_ = 0;  // values before it stand where they would when sorted, if they were asked for
};

std::vector<double> PercentilesOf(std::vector<float>& values, std::span<const double> percentiles) {
  struct Wanted {
    std::int64_t rank;
    double value;
  };
  const auto n = static_cast<std::int64_t>(values.size());
  std::vector<Wanted> ranks;
  for (const double p : percentiles) {
    const ops::Ranks r = ops::RanksOf(ops::Measure::kPercentile, p, n);
    ranks.push_back({r.low, 0});
    ranks.push_back({r.high, 0});
  }
  std::vector<std::size_t> order(ranks.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return ranks[i].rank; });
  Selection selection(values);
  for (const std::size_t i : order) ranks[i].value = selection.Rank(ranks[i].rank);
  std::vector<double> found;
  for (std::size_t i = 0; i < percentiles.size(); ++i)
    found.push_back(ops::Interpolate(ranks[2 * i].value, ranks[2 * i + 1].value,
                                     ops::RanksOf(ops::Measure::kPercentile, percentiles[i], n).weight));
  return found;
}

}  // namespace

void AppendNumbers(std::span<const float> row, std::vector<float>& values) {
  const std::size_t before = values.size();
  values.resize(before + row.size());
  std::size_t to = before;
  for (const float value : row) {
    values[to] = value + 0.0F;
    to += value == value ? 1 : 0;
  }
  values.resize(to);
}

objects::ChannelStatistics NoStatistics(std::span<const double> percentiles) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  return {kNone, kNone, kNone, kNone, kNone, std::vector<double>(percentiles.size(), kNone)};
}

objects::ChannelStatistics StatisticsOf(std::vector<float>& values, std::span<const double> percentiles) {
  if (values.empty()) return NoStatistics(percentiles);
  const auto n = static_cast<double>(values.size());
  OrderedSum sum;
  sum.Add(values);
  objects::ChannelStatistics statistics;
  statistics.sum = sum.Sum();
  statistics.mean = statistics.sum / n;
  if (percentiles.empty()) return statistics;
  OrderedSum squares;
  const double mean = statistics.mean;
  squares.Add(values, [mean](float value) {
    const double from_mean = static_cast<double>(value) - mean;
    return from_mean * from_mean;
  });
  statistics.deviation = std::sqrt(squares.Sum() / n);
  const auto [least, largest] = std::ranges::minmax_element(values);
  statistics.min = static_cast<double>(*least);
  statistics.max = static_cast<double>(*largest);
  statistics.percentiles = PercentilesOf(values, percentiles);
  return statistics;
}

}  // namespace tegula::pipeline
