#include "tegula/app/counted_objects.h"

#include <algorithm>
#include <limits>

#include "tegula/objects/annotations/feature_edit.h"
#include "tegula/objects/annotations/geojson_reader.h"
#include "tegula/objects/annotations/placed_geometry.h"

namespace tegula::app {

std::optional<double> PositiveShareOf(const ObjectCounts& counts) {
  std::int64_t positive = 0, negative = 0;
  for (const auto& [name, count] : counts.of_class) {
    if (name == "Positive" || name.ends_with(": Positive")) positive += count;
    if (name == "Negative" || name.ends_with(": Negative")) negative += count;
  }
  if (positive + negative == 0) return std::nullopt;
  return static_cast<double>(positive) / static_cast<double>(positive + negative);
}

Result<CountedObjects> CountedObjects::Read(const Path& file) {
  CountedObjects read;
  std::map<std::string, std::int32_t> numbers;
  TEGULA_TRY(objects::ReadGeoJson(file, {}, [&](const objects::Annotation& top) {
    for (const objects::Annotation* object : objects::AllOf(top)) {
      const std::optional<objects::Point> at =
          objects::CentroidOf(object->nucleus.empty() ? object->geometry : object->nucleus);
      if (!at) continue;
      std::int32_t number = -1;
      if (!object->class_name.empty()) {
        number = numbers.try_emplace(object->class_name, static_cast<std::int32_t>(numbers.size())).first->second;
        if (static_cast<std::size_t>(number) == read.classes_.size()) read.classes_.push_back(object->class_name);
      }
      read.objects_.push_back({*at, number});
    }
    return Ok();
  }));
  return read;
}

ObjectCounts CountedObjects::Nothing() const {
  ObjectCounts counts;
  for (const std::string& name : classes_) counts.of_class[name] = 0;
  return counts;
}

void CountedObjects::Count(const Object& object, ObjectCounts& counts) const {
  ++counts.all;
  if (object.class_number >= 0) ++counts.of_class[classes_[static_cast<std::size_t>(object.class_number)]];
}

ObjectCounts CountedObjects::All() const {
  ObjectCounts counts = Nothing();
  for (const Object& object : objects_) Count(object, counts);
  return counts;
}

ObjectCounts CountedObjects::Within(const objects::Geometry& geometry) const {
  constexpr double kFar = std::numeric_limits<double>::infinity();
  objects::Point least{kFar, kFar}, most{-kFar, -kFar};
  for (const objects::PointPolygon& polygon : geometry.polygons)
    for (const objects::Point& corner : polygon.outer) {
      least = {std::min(least.y, corner.y), std::min(least.x, corner.x)};
      most = {std::max(most.y, corner.y), std::max(most.x, corner.x)};
    }
  ObjectCounts counts = Nothing();
  for (const Object& object : objects_) {
    const bool is_near =
        least.y <= object.at.y && object.at.y <= most.y && least.x <= object.at.x && object.at.x <= most.x;
    if (is_near && objects::Contains(geometry, object.at)) Count(object, counts);
  }
  return counts;
}

}  // namespace tegula::app
