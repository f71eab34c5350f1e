#include "tegula/pipeline/region_measuring.h"

#include <algorithm>

#include "tegula/core/interval.h"

namespace tegula::pipeline {
namespace {

constexpr std::int64_t kWindowBytes = 192 << 20;
constexpr std::int64_t kBands = 2;   // at hand: an object as tall as one is measured on them
constexpr std::int64_t kBatch = 32;  // regions that a worker takes at a time
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

Result<RowWindow> WindowFor(const PlaneReader& map, std::int64_t channels, std::int64_t more_rows,
                            const Limits& limits) {
  const std::int64_t height = map.shape()[1], width = map.shape()[2];
  const std::int64_t row_bytes = width * std::max<std::int64_t>(1, channels) * DTypeSize(DType::kF32);
  const std::int64_t rows = std::min(height, BandRows(row_bytes, map.chunk_rows()));
  return RowWindow::Create(channels, width, rows, kBands + CeilDiv(more_rows, rows), limits);
}

// Large regions one after the other, the others side by side.
Status RegionMeasuring::MeasureFound() {
  const auto large = std::stable_partition(found_.begin(), found_.end(),
                                           [&](const objects::Region& region) { return !worker_.IsLarge(region); });
  for (auto region = large; region != found_.end(); ++region) {
    if (context_.stop.stop_requested()) return CancelledError();
    WorkedRegions worked;
    TEGULA_TRY(worker_.Work(std::move(*region), worked));
    TEGULA_TRY(Take(std::move(worked)));
  }
  found_.erase(large, found_.end());
  const auto count = static_cast<std::int64_t>(found_.size());
  std::vector<WorkedRegions> worked(static_cast<std::size_t>(CeilDiv(count, kBatch)));
  const auto work = [&](std::int64_t batch, int) -> Status {
    for (std::int64_t i = batch * kBatch; i < std::min(count, (batch + 1) * kBatch); ++i)
      TEGULA_TRY(worker_.Work(std::move(found_[static_cast<std::size_t>(i)]), worked[static_cast<std::size_t>(batch)]));
    return Ok();
  };
  TEGULA_TRY(ForEach(context_.executor, CeilDiv(count, kBatch), context_.stop, work));
  found_.clear();
  for (WorkedRegions& batch : worked) TEGULA_TRY(Take(std::move(batch)));
  return waiting_.size() < kTallRegions && waiting_corners_ < kTallCorners ? Ok() : MeasureWaiting();
}

Status RegionMeasuring::Take(WorkedRegions worked) {
  summary_ += worked.summary;
  for (WorkedRegions::Object& object : worked.objects) {
    if (object.is_measured) {
      TEGULA_TRY(spool_.Add(object.region, object.values));
      continue;
    }
    waiting_corners_ += Corners(object.region);
    waiting_.push_back(std::move(object.region));
  }
  return Ok();
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

Result<FindResult> RegionMeasuring::Finish() {
  TEGULA_TRY(MeasureFound());
  TEGULA_TRY(MeasureWaiting());
  TEGULA_TRY(spool_.Finish());
  TEGULA_ASSIGN_OR_RETURN(FoundObjects objects, FoundObjects::Create(context_, std::move(spool_), plan_));
  return FindResult{std::move(objects), summary_};
}

}  // namespace tegula::pipeline
