#include "tegula/pipeline/label_parts.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <vector>

namespace tegula::pipeline {
namespace {

using objects::Region;
using objects::RegionSpool;

constexpr std::size_t kAtOnce = 512;  // objects that are measured together

void Join(Region& region, Region part) {
  region.first = std::min(region.first, part.first);
  region.pixels += part.pixels;
  std::move(part.polygons.begin(), part.polygons.end(), std::back_inserter(region.polygons));
}

}  // namespace

Result<RegionSpool> JoinLabelParts(const RunContext& context, const MeasuredPlanes& planes,
                                   const ObjectsOptions& options, const objects::MeasurementPlan& plan,
                                   RegionSpool found, const Path& path, ObjectsSummary& summary) {
  std::vector<std::size_t> by_label(found.entries().size());
  std::iota(by_label.begin(), by_label.end(), std::size_t{0});
  std::ranges::stable_sort(by_label, {}, [&](std::size_t i) { return found.entries()[i].label; });
  Path other = path;
  other += ".joined";
  TEGULA_ASSIGN_OR_RETURN(RegionSpool joined, RegionSpool::Create(other));
  std::vector<Region> waiting;
  std::vector<bool> at_edge;
  const auto keep = [&](const Region& region, std::span<const double> values, bool is_at_edge) -> Status {
    if (region.area_px < options.filter.min_area_px) return Ok();
    summary.at_edge += is_at_edge ? 1 : 0;
    return is_at_edge && options.drops_border ? Ok() : joined.Add(region, values, is_at_edge);
  };
  const auto measure = [&]() -> Status {
    std::size_t next = 0;
    const auto add = [&](const Region& region, std::span<const double> values) {
      return keep(region, values, at_edge[next++]);
    };
    TEGULA_TRY(MeasureTall(context, planes, plan, waiting, add));
    waiting.clear();
    at_edge.clear();
    return Ok();
  };
  for (std::size_t i = 0; i < by_label.size();) {
    const std::int32_t label = found.entries()[by_label[i]].label;
    std::size_t end = i;
    bool is_at_edge = false;
    for (; end < by_label.size() && found.entries()[by_label[end]].label == label; ++end)
      is_at_edge = is_at_edge || found.entries()[by_label[end]].at_edge;
    TEGULA_ASSIGN_OR_RETURN(objects::MeasuredRegion object, found.Read(by_label[i]));
    if (end == i + 1) {
      TEGULA_TRY(keep(object.region, object.values, is_at_edge));
    } else {
      for (std::size_t part = i + 1; part < end; ++part) {
        TEGULA_ASSIGN_OR_RETURN(objects::MeasuredRegion more, found.Read(by_label[part]));
        Join(object.region, std::move(more.region));
      }
      std::ranges::sort(object.region.polygons, {}, [](const objects::Polygon& p) { return p.outer.front(); });
      objects::MeasureOutline(object.region);
      waiting.push_back(std::move(object.region));
      at_edge.push_back(is_at_edge);
      if (waiting.size() == kAtOnce) TEGULA_TRY(measure());
    }
    i = end;
  }
  TEGULA_TRY(measure());
  TEGULA_TRY(joined.Finish());
  return joined;
}

}  // namespace tegula::pipeline
