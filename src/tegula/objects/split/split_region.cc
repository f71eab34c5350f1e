#include "tegula/objects/split/split_region.h"

#include <cmath>
#include <limits>
#include <utility>

#include "tegula/objects/split/distance.h"
#include "tegula/objects/split/steps.h"
#include "tegula/objects/split/tops.h"
#include "tegula/objects/split/watershed.h"

namespace tegula::objects {
namespace {

using Labels = std::vector<std::uint32_t>;

Labels LabelsOf(std::span<const std::size_t> tops, std::size_t places) {
  Labels labels(places);
  for (std::size_t i = 0; i < tops.size(); ++i) labels[tops[i]] = static_cast<std::uint32_t>(i + 1);
  return labels;
}

// Connected pixels of the region that reach the threshold, numbered by their first ones; how many there are.
std::uint32_t MarkSeeds(const MaskBox& mask, std::span<const float> values, const SplitOptions& options,
                        Labels& labels) {
  const Steps steps(options.connectivity, mask.height(), mask.width());
  const auto is_seed = [&](std::size_t i) {
    return mask.inside[i] != 0 && static_cast<double>(values[i]) >= options.seed_threshold;
  };
  std::uint32_t seeds = 0;
  std::vector<std::size_t> open;
  for (std::size_t first = 0; first < labels.size(); ++first) {
    if (labels[first] != 0 || !is_seed(first)) continue;
    labels[first] = ++seeds;
    open.push_back(first);
    while (!open.empty()) {
      const std::size_t place = open.back();
      open.pop_back();
      steps.ForEach(place, [&](std::size_t next) {
        if (labels[next] != 0 || !is_seed(next)) return;
        labels[next] = seeds;
        open.push_back(next);
      });
    }
  }
  return seeds;
}

// Which seed each pixel belongs to; nothing if there are fewer than two.
Labels DivideByDistance(const MaskBox& mask, const SplitOptions& options, const ImageSides& sides) {
  const std::vector<std::int32_t> squared = SquaredDistances(mask, sides);
  const std::vector<std::size_t> tops = TopsOfDistances(mask, squared, options.depth, options.connectivity);
  if (tops.size() < 2) return {};
  return Flood(mask, squared, LabelsOf(tops, squared.size()), options.connectivity);
}

Result<Labels> DivideByValues(const MaskBox& mask, const SplitOptions& options, const BoxValues& read) {
  std::vector<float> values(mask.inside.size());
  TEGULA_TRY(read(mask.box, values));
  for (float& value : values)
    if (std::isnan(value)) value = -std::numeric_limits<float>::infinity();
  Labels labels(values.size());
  if (options.method == SplitMethod::kSeeds) {
    if (MarkSeeds(mask, values, options, labels) < 2) return Labels();
  } else {
    const std::vector<std::size_t> tops = TopsOfValues(mask, values, options.depth, options.connectivity);
    if (tops.size() < 2) return Labels();
    labels = LabelsOf(tops, values.size());
  }
  return Flood(mask, std::span<const float>(values), std::move(labels), options.connectivity);
}

void Move(Region& region, const Box& box, std::int32_t label) {
  const auto y = static_cast<std::int32_t>(box.y.begin), x = static_cast<std::int32_t>(box.x.begin);
  const auto move = [&](Corner& corner) { corner = {corner.y + y, corner.x + x}; };
  for (Polygon& polygon : region.polygons) {
    for (Corner& corner : polygon.outer) move(corner);
    for (Ring& hole : polygon.holes)
      for (Corner& corner : hole) move(corner);
  }
  move(region.first);
  region.label = label;
  MeasureOutline(region);
}

}  // namespace

Result<std::vector<Region>> SplitRegion(const Region& region, const SplitOptions& options, const ImageSides& sides,
                                        const BoxValues& values) {
  TEGULA_ASSERT(region.bounds.area() <= kLargestSplitBox);
  const MaskBox mask(region);
  Labels labels;
  if (options.method == SplitMethod::kDistance) {
    labels = DivideByDistance(mask, options, sides);
  } else {
    TEGULA_ASSIGN_OR_RETURN(labels, DivideByValues(mask, options, values));
  }
  if (labels.empty()) return std::vector<Region>();
  const ConstView view(reinterpret_cast<const std::byte*>(labels.data()), DType::kU32, {mask.height(), mask.width()});
  TEGULA_ASSIGN_OR_RETURN(std::vector<Region> parts,
                          TraceRegions(view, {.connectivity = options.connectivity, .none = 0}));
  for (Region& part : parts) Move(part, mask.box, region.label);
  return parts;
}

}  // namespace tegula::objects
