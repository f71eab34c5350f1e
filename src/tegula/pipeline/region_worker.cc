#include "tegula/pipeline/region_worker.h"

#include <algorithm>

#include "tegula/objects/region_rows.h"
#include "tegula/pipeline/channel_values.h"

namespace tegula::pipeline {
namespace {

constexpr std::int64_t kLargeBox = 1 << 20;
constexpr std::int64_t kSlabPixels = 1 << 20;  // of a channel that is read anew

}  // namespace

Result<bool> IsDropped(const objects::Region& region, const Box& whole, const RegionOfInterest* asked,
                       bool drops_border, ObjectsSummary& summary) {
  const Box& box = region.bounds;
  const bool at_edge = box.y.begin == whole.y.begin || box.x.begin == whole.x.begin || box.y.end == whole.y.end ||
                       box.x.end == whole.x.end;
  bool at_asked_edge = false;
  if (asked != nullptr) {
    TEGULA_ASSIGN_OR_RETURN(at_asked_edge, TouchesEdge(region, *asked, whole));
  }
  const bool is_dropped = drops_border && (at_edge || at_asked_edge);
  summary.at_edge += at_edge ? 1 : 0;
  summary.at_asked_edge += at_asked_edge ? 1 : 0;
  summary.dropped += is_dropped ? 1 : 0;
  return is_dropped;
}

bool RegionWorker::IsLarge(const objects::Region& region) const noexcept {
  return options_.split.method != objects::SplitMethod::kNone && region.bounds.area() > kLargeBox;
}

Status RegionWorker::Work(objects::Region region, WorkedRegions& out) const {
  if (options_.split.method != objects::SplitMethod::kNone) {
    TEGULA_ASSIGN_OR_RETURN(std::vector<objects::Region> parts, Parts(region, out.summary));
    for (objects::Region& part : parts)
      if (objects::EnclosedArea(part) >= options_.filter.min_area_px) TEGULA_TRY(Add(std::move(part), out));
    if (!parts.empty()) return Ok();
  }
  return Add(std::move(region), out);
}

Result<std::vector<objects::Region>> RegionWorker::Parts(const objects::Region& region, ObjectsSummary& summary) const {
  if (region.bounds.area() > objects::kLargestSplitBox) {
    ++summary.too_large;
    return std::vector<objects::Region>();
  }
  const std::int64_t channel = options_.split_channel >= 0 ? options_.split_channel : region.label;
  const auto read = [&](const Box& box, std::span<float> values) { return ReadChannel(channel, box, values); };
  const objects::ImageSides sides =
      objects::ImageSides::Of(region.bounds, planes_.map.shape()[1], planes_.map.shape()[2]);
  TEGULA_ASSIGN_OR_RETURN(std::vector<objects::Region> parts,
                          objects::SplitRegion(region, options_.split, sides, read));
  summary.split += parts.empty() ? 0 : 1;
  return parts;
}

// From the rows at hand, or the map itself where they do not reach.
Status RegionWorker::ReadChannel(std::int64_t channel, const Box& box, std::span<float> values) const {
  const auto width = static_cast<std::size_t>(box.width());
  if (window_.held().Contains(box.y)) {
    for (std::int64_t y = box.y.begin; y < box.y.end; ++y)
      std::ranges::copy(window_.Row(channel, y).subspan(static_cast<std::size_t>(box.x.begin), width),
                        values.begin() + (y - box.y.begin) * box.width());
    return Ok();
  }
  const std::int64_t channels = planes_.map.shape()[0];
  const std::int64_t rows = std::max<std::int64_t>(1, kSlabPixels / (box.width() * channels));
  TEGULA_ASSIGN_OR_RETURN(Tensor slab,
                          Tensor::Allocate(DType::kF32, {channels, std::min(rows, box.height()), box.width()}));
  for (std::int64_t y = box.y.begin; y < box.y.end; y += rows) {
    const std::int64_t n = std::min(rows, box.y.end - y);
    const View part = slab.view().Slice(1, 0, n);
    TEGULA_TRY(planes_.map.Read({{y, y + n}, box.x}, part));
    std::copy_n(part.Slice(0, channel, 1).as<float>(), n * box.width(),
                values.begin() + (y - box.y.begin) * box.width());
  }
  return Ok();
}

Status RegionWorker::Add(objects::Region region, WorkedRegions& out) const {
  const Box whole{{0, planes_.map.shape()[1]}, {0, planes_.map.shape()[2]}};
  TEGULA_ASSIGN_OR_RETURN(const bool is_dropped,
                          IsDropped(region, whole, options_.asked, options_.drops_border, out.summary));
  if (is_dropped) return Ok();
  WorkedRegions::Object object{.region = std::move(region)};
  object.is_measured = window_.channels() == 0 || object.region.bounds.y.begin >= window_.held().begin;
  if (object.is_measured) object.values = Measure(object.region);
  out.objects.push_back(std::move(object));
  return Ok();
}

std::vector<double> RegionWorker::Measure(const objects::Region& region) const {
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
  std::vector<double> values(plan_.columns());
  plan_.Fill(region, statistics, values);
  return values;
}

}  // namespace tegula::pipeline
