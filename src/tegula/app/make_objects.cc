#include "tegula/app/make_objects.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tegula/core/text.h"
#include "tegula/outputs/geojson.h"
#include "tegula/pipeline/instance_objects.h"

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
    options.classes.push_back({source.channels[c], outputs::ColourOf(source.colours, c)});
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

namespace {

// Takes objects one by one: for the file, the record and the pictures.
class ObjectsTaker {
 public:
  ObjectsTaker(const ObjectSource& source, const std::vector<std::int32_t>& labels, outputs::GeoJsonWriter writer,
               Pictures& pictures)
      : source_(source), labels_(labels), writer_(std::move(writer)), pictures_(pictures) {
    made_.areas_in_um2 = source.frame.in_um();
    for (const std::int32_t label : labels)
      made_.classes.push_back(
          {.class_name = source.channels[static_cast<std::size_t>(label)],
           .channel = label,
           .colour = outputs::TextOf(outputs::ColourOf(source.colours, static_cast<std::size_t>(label)))});
  }

  Status Take(const objects::Region& region, std::string_view feature) {
    const double slide_px = source_.frame.scale_y * source_.frame.scale_x, unit = source_.frame.pixel_area();
    const auto at = static_cast<std::size_t>(std::find(labels_.begin(), labels_.end(), region.label) - labels_.begin());
    outputs::ObjectsRecord& of_class = made_.classes[at];
    ++of_class.count;
    of_class.area_px += static_cast<double>(region.area_px) * slide_px;
    if (made_.areas_in_um2) of_class.area_um2 += static_cast<double>(region.area_px) * unit;
    made_.areas.push_back(static_cast<double>(region.area_px) * unit);
    if (source_.asked != nullptr) {
      const Shape& map = source_.map.shape();
      TEGULA_ASSIGN_OR_RETURN(const bool touches,
                              pipeline::TouchesEdge(region, *source_.asked, {{0, map[1]}, {0, map[2]}}));
      made_.touching += touches ? 1 : 0;
    }
    pictures_.AddOutlines(region);
    return writer_.Add(feature);
  }

  Result<MadeObjects> Finish() {
    TEGULA_TRY(writer_.Commit());
    return std::move(made_);
  }

 private:
  const ObjectSource& source_;
  const std::vector<std::int32_t>& labels_;
  outputs::GeoJsonWriter writer_;
  Pictures& pictures_;
  MadeObjects made_;
};

// Objects that have numbers already, with the measurements of the plan and their number.
Status TakeNumbered(const ObjectSource& source, std::int64_t min_area_px, const objects::MeasurementPlan& plan,
                    const outputs::GeoJsonFormat& format, ObjectsTaker& taker, const RunContext& context) {
  std::vector<double> values(plan.columns() + 1);
  std::string feature;
  const auto take = [&](const objects::Region& region) -> Status {
    feature.clear();
    plan.Fill(region, {}, std::span(values).first(plan.columns()));
    values.back() = static_cast<double>(region.number);
    TEGULA_TRY(format.Append(region, values, feature));
    return taker.Take(region, feature);
  };
  return pipeline::TraceInstances(context, *source.numbers, min_area_px, take);
}

}  // namespace

Result<MadeObjects> MakeObjects(const ObjectRequest& request, const ObjectSource& source,
                                const std::vector<std::int32_t>& labels, const Path& folder, const Path& scratch,
                                Pictures& pictures, const RunContext& context) {
  const bool is_numbered = source.numbers != nullptr;
  TEGULA_ASSIGN_OR_RETURN(const objects::MeasureOptions measure, MeasureOptionsOf(request.measure, source.frame));
  if (is_numbered && (measure.intensity || measure.neighbours))
    return UnsupportedError(
        "of objects that the model numbers only their shape is measured; ask for --measure basic or shape");
  objects::MeasuredChannels channels;
  if (!is_numbered) channels = {.map = source.channels, .image = source.image_channels, .labels_are_channels = true};
  TEGULA_ASSIGN_OR_RETURN(const objects::MeasurementPlan plan,
                          objects::MeasurementPlan::Create(measure, channels, source.frame));
  TEGULA_ASSIGN_OR_RETURN(const double min_area, AreaInMapPixels("--min-area", request.min_area, source.frame));
  const auto min_area_px = static_cast<std::int64_t>(std::ceil(min_area));
  outputs::GeoJsonOptions form = GeoJsonOptionsOf(request, source, plan);
  if (is_numbered) form.measurements.emplace_back("Label");
  TEGULA_ASSIGN_OR_RETURN(const outputs::GeoJsonFormat format, outputs::GeoJsonFormat::Create(form));
  TEGULA_ASSIGN_OR_RETURN(outputs::GeoJsonWriter geojson, outputs::GeoJsonWriter::Create(folder / kObjectsFile));
  ObjectsTaker taker(source, labels, std::move(geojson), pictures);
  if (is_numbered) {
    TEGULA_TRY(TakeNumbered(source, min_area_px, plan, format, taker, context));
    return taker.Finish();
  }
  pipeline::ObjectsOptions options{.passes = PassesOf(request, labels, source.channels.size()), .filter = {}};
  options.filter.min_area_px = min_area_px;
  options.asked = source.asked;
  const pipeline::MeasuredPlanes planes{source.map, measure.intensity ? source.image : nullptr};
  TEGULA_ASSIGN_OR_RETURN(const pipeline::FoundObjects found,
                          pipeline::FindObjects(context, planes, options, plan, scratch / "objects"));
  const auto prepare = [&](pipeline::StreamedObject& object) {
    return format.Append(object.object.region, object.object.values, object.geojson);
  };
  const auto take = [&](const pipeline::StreamedObject& object) {
    return taker.Take(object.object.region, object.geojson);
  };
  TEGULA_TRY(found.Stream(context, prepare, take));
  return taker.Finish();
}

}  // namespace tegula::app
