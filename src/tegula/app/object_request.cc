#include "tegula/app/object_request.h"

#include <fmt/format.h>

namespace tegula::app {
namespace {

constexpr Quantity kRadius{50, Quantity::Unit::kMicrometre}, kRadiusInPixels{100, Quantity::Unit::kPixel};

std::string ToText(const MeasureRequest& measure) {
  return fmt::format("{}{}{} percentiles {} radius {}", measure.shape ? "shape " : "",
                     measure.intensity ? "intensity " : "", measure.neighbours ? "neighbours " : "",
                     fmt::join(measure.percentiles, ","),
                     measure.neighbour_radius ? ToText(*measure.neighbour_radius) : "default");
}

}  // namespace

Status MeasureRequest::Add(const std::string& group) {
  const std::optional<objects::MeasureGroup> known = objects::MeasureGroupFromName(group);
  if (!known && group != "all")
    return InvalidError(fmt::format("--measure {} is not known: there are {} and all", group,
                                    fmt::join(objects::MeasureGroupNames(), ", ")));
  shape = shape || !known || *known == objects::MeasureGroup::kShape;
  intensity = intensity || !known || *known == objects::MeasureGroup::kIntensity;
  neighbours = neighbours || !known || *known == objects::MeasureGroup::kNeighbours;
  return Ok();
}

std::string ToText(const ObjectRequest& request) {
  return fmt::format("threshold {}; min area {}; measured {}; {}", request.threshold.value_or(-1),
                     ToText(request.min_area), ToText(request.measure), request.object_type);
}

Result<objects::MeasureOptions> MeasureOptionsOf(const MeasureRequest& request, const objects::MapFrame& frame) {
  objects::MeasureOptions options{.shape = request.shape,
                                  .intensity = request.intensity,
                                  .neighbours = request.neighbours,
                                  .percentiles = request.percentiles};
  const Quantity radius = request.neighbour_radius.value_or(frame.in_um() ? kRadius : kRadiusInPixels);
  TEGULA_ASSIGN_OR_RETURN(options.neighbour_radius, LengthInUnits("--neighbour-radius", radius, frame));
  return options;
}

}  // namespace tegula::app
