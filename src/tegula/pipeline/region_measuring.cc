#include "tegula/pipeline/region_measuring.h"

#include <algorithm>

#include "tegula/core/interval.h"
#include "tegula/objects/region_rows.h"
#include "tegula/pipeline/channel_values.h"

namespace tegula::pipeline {
namespace {

constexpr std::int64_t kWindowBytes = 192 << 20;
constexpr std::int64_t kBands = 2;   // at hand: an object as tall as one is measured on them
constexpr std::int64_t kBatch = 64;  // objects measured by one worker at a time
// Objects that are too tall for the window wait until there are so many of them, or so long outlines.
constexpr std::size_t kTallRegions = 512;
constexpr std::int64_t kTallCorners = 8 << 20;

std::int64_t BandRows(std::int64_t row_bytes, std::int64_t chunk_rows) {
  const std::int64_t most = std::max<std::int64_t>(1, kWindowBytes / kBands / std::max<std::int64_t>(1, row_bytes));
  return CeilDiv(chunk_rows, CeilDiv(chunk_rows, std::min(chunk_rows, most)));
}

std::int64_t Corners(const objects::Region& region) {
  std::size_t corners = 0;
  for (const objects::Polygon& polygon : region.polygons) {
    corners += polygon.outer.size();
    for (const objects::Ring& hole : polygon.holes) corners += hole.size();
  }
  return static_cast<std::int64_t>(corners);
}

}  // namespace

Result<RowWindow> WindowFor(const PlaneReader& map, std::int64_t channels, const Limits& limits) {
  const std::int64_t height = map.shape()[1], width = map.shape()[2];
  const std::int64_t row_bytes = width * std::max<std::int64_t>(1, channels) * DTypeSize(DType::kF32);
  return RowWindow::Create(channels, width, std::min(height, BandRows(row_bytes, map.chunk_rows())), kBands, limits);
}

Status RegionMeasuring::MeasureFound() {
  const auto tall = std::stable_partition(found_.begin(), found_.end(), [&](const objects::Region& region) {
    return window_.channels() == 0 || region.bounds.y.begin >= window_.held().begin;
  });
  for (auto region = tall; region != found_.end(); ++region) {
    waiting_corners_ += Corners(*region);
    waiting_.push_back(std::move(*region));
  }
  found_.erase(tall, found_.end());
  const auto count = static_cast<std::int64_t>(found_.size());
  const std::size_t columns = plan_.columns();
  std::vector<double> values(found_.size() * columns);
  const auto of = [&](std::size_t object) { return std::span(values).subspan(object * columns, columns); };
  const auto measure = [&](std::int64_t batch, int) -> Status {
    for (std::int64_t i = batch * kBatch; i < std::min(count, (batch + 1) * kBatch); ++i)
      Measure(found_[static_cast<std::size_t>(i)], of(static_cast<std::size_t>(i)));
    return Ok();
  };
  TEGULA_TRY(ForEach(context_.executor, CeilDiv(count, kBatch), context_.stop, measure));
  for (std::size_t i = 0; i < found_.size(); ++i) TEGULA_TRY(spool_.Add(found_[i], of(i)));
  found_.clear();
  return waiting_.size() < kTallRegions && waiting_corners_ < kTallCorners ? Ok() : MeasureWaiting();
}

void RegionMeasuring::Measure(const objects::Region& region, std::span<double> values) const {
  std::vector<objects::ChannelStatistics> statistics;
  std::vector<float> numbers;
  for (std::int64_t c = 0; c < window_.channels(); ++c) {
    numbers.clear();
    for (objects::RegionRows rows(region.polygons); rows.Next();) {
      const std::span<const float> row = window_.Row(c, rows.y());
      for (const objects::PixelRun run : rows.runs())
        AppendNumbers(row.subspan(static_cast<std::size_t>(run.begin), static_cast<std::size_t>(run.end - run.begin)),
                      numbers);
    }
    statistics.push_back(StatisticsOf(numbers, plan_.percentiles()));
  }
  plan_.Fill(region, statistics, values);
}

Status RegionMeasuring::MeasureWaiting() {
  const auto keep = [&](const objects::Region& region, std::span<const double> values) {
    return spool_.Add(region, values);
  };
  TEGULA_TRY(MeasureTall(context_, planes_, plan_, waiting_, keep));
  waiting_.clear();
  waiting_corners_ = 0;
  return Ok();
}

Result<FoundObjects> RegionMeasuring::Finish() && {
  TEGULA_TRY(MeasureFound());
  TEGULA_TRY(MeasureWaiting());
  TEGULA_TRY(spool_.Finish());
  return FoundObjects::Create(context_, std::move(spool_), plan_);
}

}  // namespace tegula::pipeline
