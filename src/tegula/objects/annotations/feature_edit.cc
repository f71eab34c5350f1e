#include "tegula/objects/annotations/feature_edit.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace tegula::objects {
namespace {

using Json = nlohmann::ordered_json;

void Collect(const Annotation& annotation, std::vector<const Annotation*>& all) {
  all.push_back(&annotation);
  for (const Annotation& child : annotation.children) Collect(child, all);
}

Json JsonOf(double number) {
  if (std::isfinite(number)) return number;
  return std::isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity";
}

// QuPath before 0.4 wrote measurements as a list of names and values.
void SetMeasurement(Json& measurements, const std::string& name, double value) {
  if (!measurements.is_array()) {
    measurements[name] = JsonOf(value);
    return;
  }
  const auto found = std::find_if(measurements.begin(), measurements.end(), [&](const Json& entry) {
    return entry.is_object() && entry.contains("name") && entry["name"] == name;
  });
  if (found != measurements.end()) {
    (*found)["value"] = JsonOf(value);
  } else {
    measurements.push_back({{"name", name}, {"value", JsonOf(value)}});
  }
}

void Apply(const FeatureEdit& edit, Json& properties) {
  if (edit.classification && edit.classification->name.empty()) {
    properties.erase("classification");
  } else if (edit.classification) {
    const Colour colour = edit.classification->colour;
    properties["classification"] = {{"name", edit.classification->name},
                                    {"color", Json::array({colour.r, colour.g, colour.b})}};
  }
  if (edit.measurements.empty()) return;
  Json& measurements = properties["measurements"];
  for (const auto& [name, value] : edit.measurements) SetMeasurement(measurements, name, value);
}

void ApplyAll(std::span<const FeatureEdit> edits, std::size_t& next, Json& feature) {
  Json& properties = feature["properties"];
  if (!properties.is_object()) properties = Json::object();
  Apply(edits[next++], properties);
  for (const char* key : {"childObjects", "children"}) {
    const auto children = properties.find(key);
    if (children == properties.end() || children->is_null()) continue;
    for (Json& child : *children) ApplyAll(edits, next, child);
    return;
  }
}

}  // namespace

std::vector<const Annotation*> AllOf(const Annotation& annotation) {
  std::vector<const Annotation*> all;
  Collect(annotation, all);
  return all;
}

Result<std::string> EditFeature(const Annotation& annotation, std::span<const FeatureEdit> edits) {
  Json feature = Json::parse(annotation.json, nullptr, /*allow_exceptions=*/false);
  if (!feature.is_object() || AllOf(annotation).size() != edits.size())
    return InvalidError("the feature cannot be written again: its text is not the one that was read");
  if (feature.value("type", "") != "Feature")
    feature = Json{{"type", "Feature"}, {"geometry", std::move(feature)}, {"properties", Json::object()}};
  std::size_t next = 0;
  ApplyAll(edits, next, feature);
  return feature.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace tegula::objects
