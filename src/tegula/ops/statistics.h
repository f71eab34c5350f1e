// ops/statistics.h — the numbers about a whole image that operations need before the first tile.
//
// zero_mean_unit_variance and scale_range are defined on the raw sample: the whole image, before any op
// and before any padding (design: exactness.md). They are computed in passes over blocks that may come in any order
// from any worker; the result does not depend on either, because integer histograms do not care and floating sums are
// kept per block and reduced in a fixed tree at the end.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tegula/core/status.h"
#include "tegula/spec/model_description.h"
#include "tegula/tensor/tensor.h"

namespace tegula::ops {

enum class Measure : std::uint8_t {
  kMean,
  kStd,         ///< population standard deviation (ddof 0)
  kPercentile,  ///< linear interpolation between the two nearest ranks, as numpy.quantile's default
  kPercentileOfValues,  ///< numpy's "inverted_cdf": always a value that occurs
};

/// One wanted number per position along the axes that are not reduced.
struct StatisticRequest {
  Measure measure = Measure::kMean;
  double percentile = 0;             ///< 0..100, for percentiles
  std::string tensor_id;             ///< whose raw values
  std::vector<bool> reduced;         ///< one per axis of that tensor
  friend bool operator==(const StatisticRequest&, const StatisticRequest&) = default;
};

/// A value in double for every position along the kept axes (C order over them; size 1 for none).
struct Statistic {
  StatisticRequest request;
  std::vector<double> values;
};

/// The answers to all requests of a model. Immutable once filled.
class Statistics {
 public:
  void Set(Statistic statistic);
  /// kNotFound if it was not computed.
  Result<const Statistic*> Find(const StatisticRequest& request) const;
  const std::vector<Statistic>& all() const noexcept { return all_; }

 private:
  std::vector<Statistic> all_;
};

/// What the ops of these tensors need; each request once. kUnsupported names an op that wants statistics that
/// cannot be had (of an output before it exists), kInvalid an axis or tensor that does not exist.
Result<std::vector<StatisticRequest>> RequiredStatistics(const spec::ModelDescription& model);

/// Collects the statistics of one tensor from blocks of it. A pass gives every block once; several passes may be
/// needed (exact percentiles of floats in bounded memory): while (!c.done()) { all blocks: Add; FinishPass }.
class StatisticsCollector {
 public:
  /// `requests` are all of this tensor, which has `shape` and `dtype`; blocks are cut by the caller on a fixed grid of
  /// `blocks` numbered pieces. `workers` is how many threads call Add at once. kExhausted if `shape` keeps too many
  /// positions.
  static Result<StatisticsCollector> Make(std::vector<StatisticRequest> requests, DType dtype, const Shape& shape, std::int64_t blocks, int workers);
  StatisticsCollector(StatisticsCollector&&) noexcept;
  StatisticsCollector& operator=(StatisticsCollector&&) noexcept;
  ~StatisticsCollector();

  bool done() const noexcept;
  /// Adds block `index`: a part of the tensor with `block`'s shape that begins at `begin` (one per axis).
  /// Threads: one at a time per worker, any number of workers.
  void Add(std::int64_t index, std::span<const std::int64_t> begin, const ConstView& block, int worker) noexcept;
  void FinishPass();
  /// After the last pass.
  std::vector<Statistic> Take();

 private:
  struct State;
  explicit StatisticsCollector(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tegula::ops
