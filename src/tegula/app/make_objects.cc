#include "tegula/app/make_objects.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tegula/core/text.h"
#include "tegula/outputs/geojson.h"

namespace tegula::app {
namespace {

outputs::GeoJsonOptions GeoJsonOptionsOf(const ObjectRequest& request, const ObjectSource& source,
                                         const objects::MeasurementPlan& plan) {
  outputs::GeoJsonOptions options;
  options.type =
      request.object_type == "annotation" ? outputs::ObjectType::kAnnotation : outputs::ObjectType::kDetection;
  options.frame = source.frame;
  for (std::size_t i = 0; i < plan.columns(); ++i) options.measurements.push_back(plan.Name(i));
  for (std::size_t c = 0; c < source.channels.size(); ++c)
    options.classes.push_back({source.channels[c], outputs::PaletteColour(static_cast<std::int64_t>(c))});
  options.seed = source.seed;
  return options;
}

}  // namespace

Result<std::vector<std::int32_t>> LabelsOf(const std::vector<std::string>& classes,
                                           const std::vector<std::string>& channels) {
  std::vector<std::int32_t> labels;
  for (const std::string& wanted : classes) {
    if (wanted == "all") {
      for (std::size_t i = 0; i < channels.size(); ++i) labels.push_back(static_cast<std::int32_t>(i));
      continue;
    }
    auto found = std::find(channels.begin(), channels.end(), wanted);
    const std::optional<std::int64_t> index = ParseInt(wanted);
    if (found == channels.end() && index && *index >= 0 && *index < static_cast<std::int64_t>(channels.size()))
      found = channels.begin() + *index;
    if (found == channels.end())
      return InvalidError(
          fmt::format("there is no channel {} to make objects of; there are {}", wanted, fmt::join(channels, ", ")));
    labels.push_back(static_cast<std::int32_t>(found - channels.begin()));
  }
  std::sort(labels.begin(), labels.end());
  labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
  return labels;
}

std::vector<pipeline::ObjectPass> PassesOf(const ObjectRequest& request, const std::vector<std::int32_t>& labels,
                                           std::size_t channels) {
  if (channels > 1 && !request.threshold) return {{objects::Argmax{}, labels}};
  std::vector<pipeline::ObjectPass> passes;
  for (const std::int32_t label : labels)
    passes.push_back({objects::Threshold{label, request.threshold.value_or(0.5)}, {}, label});
  return passes;
}

Status CheckObjects(const ObjectRequest& request, const objects::MapFrame& frame) {
  TEGULA_ASSIGN_OR_RETURN(const objects::MeasureOptions measure, MeasureOptionsOf(request.measure, frame));
  TEGULA_TRY(objects::MeasurementPlan::Create(measure, {}, frame));
  TEGULA_TRY(AreaInMapPixels("--min-area", request.min_area, frame));
  return Ok();
}

Result<MadeObjects> MakeObjects(const ObjectRequest& request, const ObjectSource& source,
                                const std::vector<std::int32_t>& labels, const Path& folder, const Path& scratch,
                                Pictures& pictures, const RunContext& context) {
  TEGULA_ASSIGN_OR_RETURN(const objects::MeasureOptions measure, MeasureOptionsOf(request.measure, source.frame));
  TEGULA_ASSIGN_OR_RETURN(
      const objects::MeasurementPlan plan,
      objects::MeasurementPlan::Create(
          measure, {.map = source.channels, .image = source.image_channels, .labels_are_channels = true},
          source.frame));
  TEGULA_ASSIGN_OR_RETURN(const double min_area, AreaInMapPixels("--min-area", request.min_area, source.frame));
  pipeline::ObjectsOptions options{.passes = PassesOf(request, labels, source.channels.size()), .filter = {}};
  options.filter.min_area_px = static_cast<std::int64_t>(std::ceil(min_area));
  TEGULA_ASSIGN_OR_RETURN(const outputs::GeoJsonFormat format,
                          outputs::GeoJsonFormat::Create(GeoJsonOptionsOf(request, source, plan)));
  const pipeline::MeasuredPlanes planes{source.map, measure.intensity ? source.image : nullptr};
  TEGULA_ASSIGN_OR_RETURN(const pipeline::FoundObjects found,
                          pipeline::FindObjects(context, planes, options, plan, scratch / "objects"));

  TEGULA_ASSIGN_OR_RETURN(outputs::GeoJsonWriter geojson, outputs::GeoJsonWriter::Create(folder / kObjectsFile));
  MadeObjects made;
  made.areas_in_um2 = source.frame.in_um();
  for (const std::int32_t label : labels)
    made.classes.push_back({.class_name = source.channels[static_cast<std::size_t>(label)], .channel = label});
  const double slide_px = source.frame.scale_y * source.frame.scale_x, unit = source.frame.pixel_area();
  const auto prepare = [&](pipeline::StreamedObject& object) {
    return format.Append(object.object.region, object.object.values, object.geojson);
  };
  const auto take = [&](const pipeline::StreamedObject& object) -> Status {
    const objects::Region& region = object.object.region;
    const auto at = static_cast<std::size_t>(std::find(labels.begin(), labels.end(), region.label) - labels.begin());
    outputs::ObjectsRecord& of_class = made.classes[at];
    ++of_class.count;
    of_class.area_px += static_cast<double>(region.area_px) * slide_px;
    if (made.areas_in_um2) of_class.area_um2 += static_cast<double>(region.area_px) * unit;
    made.areas.push_back(static_cast<double>(region.area_px) * unit);
    pictures.AddOutlines(region);
    return geojson.Add(object.geojson);
  };
  TEGULA_TRY(found.Stream(context, prepare, take));
  TEGULA_TRY(geojson.Commit());
  return made;
}

}  // namespace tegula::app
