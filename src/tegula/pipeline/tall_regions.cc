#include "tegula/pipeline/tall_regions.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "tegula/objects/region_rows.h"
#include "tegula/ops/rank_counter.h"
#include "tegula/pipeline/channel_values.h"
#include "tegula/pipeline/ordered_sum.h"

namespace tegula::pipeline {
namespace {

constexpr std::int64_t kSlabBytes = 64 << 20;
// Digits of 8 bits need four passes and 2 kB per percentile, region and channel; those of 16 half the passes and 256
// times the memory.
constexpr int kDigitBits = 8;

struct PercentileRequest {
  ops::Measure measure;
  double percentile;
};

// Statistics of one channel that grow over passes.
class PassStatistics {
 public:
  PassStatistics(const std::vector<PercentileRequest>& percentiles, std::int64_t pixels) {
    if (!percentiles.empty()) ranks_.emplace(kDigitBits, percentiles, pixels, 1, 1);
  }

  bool done() const noexcept { return passes_ > 0 && (!ranks_ || ranks_->done()); }

  // The next values, in order.
  void Add(std::span<const float> numbers) noexcept {
    if (passes_ == 0) {
      sum_.Add(numbers);
      count_ += static_cast<std::int64_t>(numbers.size());
      for (const float value : numbers) min_ = std::min(min_, value), max_ = std::max(max_, value);
    }
    if (!ranks_) return;
    if (passes_ == 1)
      squares_.Add(numbers, [mean = mean_](float value) {
        const double from_mean = static_cast<double>(value) - mean;
        return from_mean * from_mean;
      });
    const auto n = static_cast<std::int64_t>(numbers.size());
    if (!ranks_->done()) ranks_->Add(n, 0, 0, [&](auto&& row) { row(numbers.data(), 1, n); });
  }

  void FinishPass(const std::vector<PercentileRequest>& percentiles) {
    if (ranks_ && !ranks_->done()) ranks_->FinishPass(percentiles);
    mean_ = sum_.Sum() / static_cast<double>(count_);
    ++passes_;
  }

  objects::ChannelStatistics Result(std::span<const double> percentiles) const {
    if (count_ == 0) return NoStatistics(percentiles);
    objects::ChannelStatistics statistics;
    statistics.sum = sum_.Sum();
    statistics.mean = mean_;
    if (!ranks_) return statistics;
    statistics.deviation = std::sqrt(squares_.Sum() / static_cast<double>(count_));
    statistics.min = static_cast<double>(min_);
    statistics.max = static_cast<double>(max_);
    for (std::size_t i = 0; i < percentiles.size(); ++i) statistics.percentiles.push_back(ranks_->Percentile(i, 0));
    return statistics;
  }

 private:
  std::optional<ops::RankCounter<float>> ranks_;  // none if only the mean is wanted
  int passes_ = 0;
  std::int64_t count_ = 0;
  OrderedSum sum_, squares_;
  double mean_ = 0;
  float min_ = std::numeric_limits<float>::infinity(), max_ = -std::numeric_limits<float>::infinity();
};

class TallMeasuring {
 public:
  TallMeasuring(const RunContext& context, const MeasuredPlanes& planes, const objects::MeasurementPlan& plan,
                std::span<const objects::Region> regions)
      : context_(context), planes_(planes), plan_(plan), regions_(regions) {
    for (const double p : plan.percentiles()) percentiles_.push_back({ops::Measure::kPercentile, p});
    for (const objects::Region& region : regions)
      statistics_.emplace_back(static_cast<std::size_t>(planes.channels()),
                               PassStatistics(percentiles_, region.area_px));
  }

  Status Run() {
    while (!statistics_.front().front().done()) {
      TEGULA_TRY(Pass());
      for (std::vector<PassStatistics>& of_region : statistics_)
        for (PassStatistics& of_channel : of_region) of_channel.FinishPass(percentiles_);
    }
    return Ok();
  }

  Status HandOut(MeasuredSink sink) const {
    std::vector<double> values(plan_.columns());
    for (std::size_t i = 0; i < regions_.size(); ++i) {
      std::vector<objects::ChannelStatistics> found;
      for (const PassStatistics& of_channel : statistics_[i]) found.push_back(of_channel.Result(plan_.percentiles()));
      plan_.Fill(regions_[i], found, values);
      TEGULA_TRY(sink(regions_[i], values));
    }
    return Ok();
  }

 private:
  Status Pass() {
    const Shape& map = planes_.map.shape();
    const std::int64_t row_bytes = planes_.channels() * map[2] * static_cast<std::int64_t>(sizeof(float));
    const std::int64_t slab = std::clamp<std::int64_t>(kSlabBytes / row_bytes, 1, planes_.map.chunk_rows());
    std::vector<objects::RegionRows> rows;
    for (const objects::Region& region : regions_) {
      rows.emplace_back(region.polygons);
      rows.back().Next();
    }
    for (std::int64_t y = 0; y < map[1]; y += slab) {
      const Interval band{y, std::min(y + slab, map[1])};
      Interval columns{map[2], 0};
      for (const objects::Region& region : regions_) {
        if (Intersect(region.bounds.y, band).empty()) continue;
        columns = {std::min(columns.begin, region.bounds.x.begin), std::max(columns.end, region.bounds.x.end)};
      }
      if (columns.begin < columns.end) TEGULA_TRY(Slab({band, columns}, rows));
    }
    return Ok();
  }

  Status Slab(const Box& box, std::vector<objects::RegionRows>& rows) {
    TEGULA_ASSIGN_OR_RETURN(
        Tensor values, Tensor::Allocate(DType::kF32, {planes_.channels(), box.height(), box.width()}, context_.limits));
    const std::int64_t edge = planes_.map.chunk_columns(), first = box.x.begin / edge;
    const auto read = [&](std::int64_t piece, int) -> Status {
      const Interval x = Intersect(box.x, Interval{(first + piece) * edge, (first + piece + 1) * edge});
      const View out = values.view().Slice(2, x.begin - box.x.begin, x.size());
      return planes_.Read({box.y, x}, out);
    };
    TEGULA_TRY(ForEach(context_.executor, CeilDiv(box.x.end, edge) - first, context_.stop, read));
    const auto add = [&](std::int64_t region, int) -> Status {
      AddRows(box, std::as_const(values), static_cast<std::size_t>(region), rows[static_cast<std::size_t>(region)]);
      return Ok();
    };
    return ForEach(context_.executor, static_cast<std::int64_t>(regions_.size()), context_.stop, add);
  }

  // The rows of one region in a slab.
  void AddRows(const Box& box, const Tensor& values_cyx, std::size_t region, objects::RegionRows& rows) {
    std::vector<float> numbers;
    while (box.y.Contains(rows.y())) {
      for (std::int64_t c = 0; c < planes_.channels(); ++c) {
        numbers.clear();
        const float* const row =
            values_cyx.view().as<float>() + (c * box.height() + rows.y() - box.y.begin) * box.width() - box.x.begin;
        for (const objects::PixelRun run : rows.runs())
          AppendNumbers({row + run.begin, static_cast<std::size_t>(run.end - run.begin)}, numbers);
        statistics_[region][static_cast<std::size_t>(c)].Add(numbers);
      }
      if (!rows.Next()) return;
    }
  }

  const RunContext& context_;
  const MeasuredPlanes& planes_;
  const objects::MeasurementPlan& plan_;
  std::span<const objects::Region> regions_;
  std::vector<PercentileRequest> percentiles_;
  std::vector<std::vector<PassStatistics>> statistics_;  // by region and channel
};

}  // namespace

Status MeasureTall(const RunContext& context, const MeasuredPlanes& planes, const objects::MeasurementPlan& plan,
                   std::span<const objects::Region> regions, MeasuredSink sink) {
  if (regions.empty()) return Ok();
  TallMeasuring measuring(context, planes, plan, regions);
  TEGULA_TRY(measuring.Run());
  return measuring.HandOut(sink);
}

}  // namespace tegula::pipeline
