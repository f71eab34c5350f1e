#include "tegula/app/make_objects.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tegula/core/text.h"
#include "tegula/pipeline/numbered_objects.h"

namespace tegula::app {
namespace {

outputs::ObjectType TypeOf(const std::string& name) {
  if (name == "annotation") return outputs::ObjectType::kAnnotation;
  return name == "cell" ? outputs::ObjectType::kCell : outputs::ObjectType::kDetection;
}

outputs::GeoJsonOptions GeoJsonOptionsOf(const ObjectRequest& request, const ObjectSource& source,
                                         const objects::MeasurementPlan& plan) {
  outputs::GeoJsonOptions options;
  options.type = TypeOf(request.object_type);
  options.frame = source.frame;
  for (std::size_t i = 0; i < plan.columns(); ++i) options.measurements.push_back(plan.Name(i));
  options.classes = ClassesOf(source.channels);
  options.seed = source.seed;
  return options;
}

}  // namespace

std::vector<outputs::GeoJsonClass> ClassesOf(const std::vector<std::string>& channels) {
  std::vector<outputs::GeoJsonClass> classes;
  for (std::size_t c = 0; c < channels.size(); ++c)
    classes.push_back({channels[c], outputs::PaletteColour(static_cast<std::int64_t>(c))});
  return classes;
}

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
    for (const std::int32_t label : labels)
      made_.classes.push_back({.class_name = source.channels[static_cast<std::size_t>(label)], .channel = label});
  }

  Status Take(const objects::Region& region, std::span<const double> values, std::string_view feature) {
    const double slide_px = source_.frame.scale_y * source_.frame.scale_x, unit = source_.frame.pixel_area();
    const auto at = static_cast<std::size_t>(std::find(labels_.begin(), labels_.end(), region.label) - labels_.begin());
    outputs::ObjectsRecord& of_class = made_.classes[at];
    ++of_class.count;
    of_class.area_px += static_cast<double>(region.area_px) * slide_px;
    if (source_.frame.in_um()) of_class.area_um2 += static_cast<double>(region.area_px) * unit;
    ++made_.total;
    bool touches = false;
    // Numbered objects are whole.
    if (source_.asked != nullptr && source_.numbers == nullptr) {
      const Shape& map = source_.map.shape();
      TEGULA_ASSIGN_OR_RETURN(touches, pipeline::TouchesEdge(region, *source_.asked, {{0, map[1]}, {0, map[2]}}));
      made_.touching += touches ? 1 : 0;
    }
    if (source_.report != nullptr) source_.report->Add(region, values, touches);
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

Result<pipeline::FoundObjects> Find(const ObjectRequest& request, const ObjectSource& source,
                                    const std::vector<std::int32_t>& labels, std::int64_t min_area_px,
                                    const objects::MeasurementPlan& plan, const Path& spool,
                                    const RunContext& context) {
  const pipeline::PlaneReader* const image = request.measure.intensity ? source.image : nullptr;
  if (source.numbers != nullptr)
    return pipeline::FindNumbered(context, *source.numbers, image, source.scores, min_area_px, plan, spool);
  pipeline::ObjectsOptions options{.passes = PassesOf(request, labels, source.channels.size()), .filter = {}};
  options.filter.min_area_px = min_area_px;
  options.asked = source.asked;
  const pipeline::MeasuredPlanes planes{source.map, image};
  return pipeline::FindObjects(context, planes, options, plan, spool);
}

}  // namespace

Result<MadeObjects> MakeObjects(const ObjectRequest& request, const ObjectSource& source,
                                const std::vector<std::int32_t>& labels, const Path& folder, const Path& scratch,
                                Pictures& pictures, const RunContext& context) {
  TEGULA_ASSIGN_OR_RETURN(const objects::MeasureOptions measure, MeasureOptionsOf(request.measure, source.frame));
  objects::MeasuredChannels channels{.map = {}, .image = source.image_channels};
  channels.has_numbers = source.numbers != nullptr;
  channels.has_scores = !source.scores.empty();
  channels.labels_are_channels = !channels.has_numbers;
  if (!channels.has_numbers) channels.map = source.channels;  // numbers have no mean
  TEGULA_ASSIGN_OR_RETURN(const objects::MeasurementPlan plan,
                          objects::MeasurementPlan::Create(measure, channels, source.frame));
  TEGULA_ASSIGN_OR_RETURN(const double min_area, AreaInMapPixels("--min-area", request.min_area, source.frame));
  TEGULA_ASSIGN_OR_RETURN(const outputs::GeoJsonFormat format,
                          outputs::GeoJsonFormat::Create(GeoJsonOptionsOf(request, source, plan)));
  TEGULA_ASSIGN_OR_RETURN(outputs::GeoJsonWriter geojson, outputs::GeoJsonWriter::Create(folder / kObjectsFile));
  if (source.report != nullptr) source.report->Begin(plan, source.seed);
  ObjectsTaker taker(source, labels, std::move(geojson), pictures);
  TEGULA_ASSIGN_OR_RETURN(const pipeline::FoundObjects found,
                          Find(request, source, labels, static_cast<std::int64_t>(std::ceil(min_area)), plan,
                               scratch / "objects", context));
  const auto prepare = [&](pipeline::StreamedObject& object) {
    return format.Append(object.object.region, object.object.values, object.geojson);
  };
  const auto take = [&](const pipeline::StreamedObject& object) {
    return taker.Take(object.object.region, object.object.values, object.geojson);
  };
  TEGULA_TRY(found.Stream(context, prepare, take));
  return taker.Finish();
}

}  // namespace tegula::app
