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
#include <string_view>
#include <vector>

#include "tegula/core/status.h"
#include "tegula/spec/model_description.h"
#include "tegula/tensor/tensor.h"

namespace tegula::ops {

enum class Measure : std::uint8_t {
  kMean,        ///< of what is not NaN
  kStd,         ///< population standard deviation (ddof 0); NaN if any pixel of a sample is NaN; of a dataset, a NaN
                ///< pixel counts as if it had the mean
  kPercentile,  ///< linear interpolation between the two nearest ranks, as numpy.quantile's default; NaN is skipped
  kPercentileOfValues,  ///< numpy's "inverted_cdf": always a value that occurs; NaN is skipped
};
std::string_view MeasureName(Measure measure);  ///< "mean", "standard deviation", "percentile"

/// One wanted number per position along the axes that are not reduced.
struct StatisticRequest {
  Measure measure = Measure::kMean;
  double percentile = 0;          ///< 0..100, for percentiles
  std::string tensor_id;          ///< whose raw values
  std::vector<bool> reduced;      ///< one per axis of that tensor
  std::vector<std::string> axes;  ///< the ids of that tensor's axes, slowest first
  bool of_dataset = false;        ///< of all images of a dataset together, not of each
  friend bool operator==(const StatisticRequest&, const StatisticRequest&) = default;
};

/// A value in double for every position along the kept axes (C order over them; size 1 for none). NaN where there is
/// nothing to count.
struct Statistic {
  StatisticRequest request;
  Shape shape;  ///< the tensor's, with 1 for the reduced axes
  std::vector<double> values;
};

/// The answers to all requests of a model. Immutable once filled.
class Statistics {
 public:
  /// Replaces an earlier answer to the same request.
  void Set(Statistic statistic);
  /// kNotFound if it was not computed.
  Result<const Statistic*> Find(const StatisticRequest& request) const;
  const std::vector<Statistic>& all() const noexcept { return all_; }

 private:
  std::vector<Statistic> all_;
};

/// What the ops of a model need: of raw inputs, and of outputs as the network gives them; each request once. kInvalid
/// names an axis or tensor that does not exist.
Result<std::vector<StatisticRequest>> RequiredStatistics(const spec::ModelDescription& model);
/// Those of one tensor.
std::vector<StatisticRequest> RequestsOf(std::string_view tensor_id, const std::vector<StatisticRequest>& requests);

/// Collects the statistics of one tensor from blocks of it. A pass gives every block once; several passes may be
/// needed (exact percentiles of 32- and 64-bit values in bounded memory): while (!c.done()) { all blocks: Add;
/// FinishPass }. Memory: at most 256 MiB of counters, and 32 bytes per block and kept position for floating point
/// moments; it does not grow with the image otherwise. Threads: see Add; everything else one thread at a time.
class StatisticsCollector {
 public:
  /// `requests` are all of this tensor, which has `shape` and `dtype` and of which no more than these elements are
  /// added in a pass; blocks are cut by the caller on a fixed grid of
  /// `blocks` numbered pieces. `workers` is how many threads call Add at once. kExhausted if `shape` keeps too many
  /// positions, kInvalid for a request that does not fit the tensor.
  static Result<StatisticsCollector> Make(std::vector<StatisticRequest> requests, DType dtype, const Shape& shape,
                                          std::int64_t blocks, int workers);
  StatisticsCollector(StatisticsCollector&&) noexcept;
  StatisticsCollector& operator=(StatisticsCollector&&) noexcept;
  ~StatisticsCollector();

  bool done() const noexcept;
  /// Adds block `index`: a part of the tensor with `block`'s shape that begins at `begin` (one per axis).
  /// Threads: one at a time per worker, any number of workers.
  void Add(std::int64_t index, std::span<const std::int64_t> begin, const ConstView& block, int worker) noexcept;
  void FinishPass();

  /// What was counted in this pass, for other machines: each makes a collector with the same requests, dtype, shape and
  /// blocks, adds some of the blocks, and merges what the others counted before it finishes the pass. All then go into
  /// the next pass, and out of the last, with the same numbers as one that added all blocks.
  std::string Partial() const;
  /// Adds it. kInvalid if the other was made for something else, is in another pass, or holds a block that is here
  /// already (where blocks are kept apart: for means of floating point values); kCorrupt; then this collector is of no
  /// further use.
  Status Merge(std::string_view partial);

  /// After the last pass, once.
  std::vector<Statistic> Take();

  struct State;

 private:
  explicit StatisticsCollector(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tegula::ops
