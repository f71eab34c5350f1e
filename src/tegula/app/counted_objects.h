// app/counted_objects.h — objects of a file as points with classes, to be counted within areas.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tegula/core/files.h"
#include "tegula/objects/annotations/annotation.h"

namespace tegula::app {

struct ObjectCounts {
  std::int64_t all = 0;
  std::map<std::string, std::int64_t>
      of_class;  ///< with 0 for classes that only others have; without those of no class
};

/// The share of positive among positive and negative objects, whose classes are called so or end in ": Positive" and ":
/// Negative"; nothing if there are none.
std::optional<double> PositiveShareOf(const ObjectCounts& counts);

/// Immutable and thread-safe. Memory: 24 bytes per object.
class CountedObjects {
 public:
  /// All detections, cells and annotations of a GeoJSON file, at the centroids of their nuclei or outlines. Errors of
  /// ReadGeoJson.
  static Result<CountedObjects> Read(const Path& file);

  ObjectCounts All() const;
  /// Those whose centroid lies in the geometry. Cost: all objects, and the edges of the geometry for those near it.
  ObjectCounts Within(const objects::Geometry& geometry) const;

 private:
  struct Object {
    objects::Point at;
    std::int32_t class_number = -1;
  };
  ObjectCounts Nothing() const;
  void Count(const Object& object, ObjectCounts& counts) const;

  std::vector<std::string> classes_;
  std::vector<Object> objects_;
};

}  // namespace tegula::app
