#include "tegula/app/make_objects.h"

#include <fmt/format.h>

#include <algorithm>

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

std::vector<std::string> NotesOf(const ObjectRequest& request, const ObjectSource& source,
                                 const pipeline::ObjectsSummary& summary) {
  std::vector<std::string> notes;
  for (const std::string& name : source.channels)
    if (name.ends_with('*') && std::ranges::find(request.classes, "all") != request.classes.end() &&
        std::ranges::find(request.classes, name) == request.classes.end())
      notes.push_back(fmt::format("no objects are made of {}, because its name ends with *", name));
  if (summary.at_edge > 0)
    notes.push_back(request.drops_border ? fmt::format("{} objects touch the edge and were left out", summary.at_edge)
                                         : fmt::format("{} objects are cut by the edge", summary.at_edge));
  if (request.split.method != objects::SplitMethod::kNone)
    notes.push_back(fmt::format("{} regions were split", summary.split));
  if (summary.too_large > 0)
    notes.push_back(fmt::format("{} regions were not split, because their boxes have more than {} million pixels",
                                summary.too_large, objects::kLargestSplitBox >> 20));
  return notes;
}

}  // namespace

Status CheckObjects(const ObjectRequest& request, const std::vector<std::string>& channels,
                    const objects::MapFrame& frame) {
  TEGULA_ASSIGN_OR_RETURN(const objects::MeasureOptions measure, MeasureOptionsOf(request.measure, frame));
  TEGULA_TRY(objects::MeasurementPlan::Create(measure, {.map = channels}, frame));
  TEGULA_ASSIGN_OR_RETURN(const std::vector<std::int32_t> labels, LabelsOf(request.classes, channels));
  TEGULA_TRY(ObjectsOptionsOf(request, labels, channels, frame));
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
  TEGULA_ASSIGN_OR_RETURN(const pipeline::ObjectsOptions options,
                          ObjectsOptionsOf(request, labels, source.channels, source.frame));
  TEGULA_ASSIGN_OR_RETURN(const outputs::GeoJsonFormat format,
                          outputs::GeoJsonFormat::Create(GeoJsonOptionsOf(request, source, plan)));
  const pipeline::MeasuredPlanes planes{source.map, measure.intensity ? source.image : nullptr};
  TEGULA_ASSIGN_OR_RETURN(const pipeline::FindResult found,
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
  pictures.LookAt(found.objects.entries());
  TEGULA_TRY(found.objects.Stream(context, prepare, take));
  TEGULA_TRY(geojson.Commit());
  made.notes = NotesOf(request, source, found.summary);
  return made;
}

}  // namespace tegula::app
