// objects/annotations/annotation.h — one object as a GeoJSON file describes it: a region that a person drew, a cell, a
// point.
//
// What Tegula works with is here as values; everything else that a program has noted about the object (locks, metadata)
// stays in the text, so that a file that is written again loses nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tegula/objects/annotations/point.h"

namespace tegula::objects {

/// 8-bit sRGB.
struct Colour {
  std::uint8_t r = 0, g = 0, b = 0;
  friend constexpr bool operator==(Colour, Colour) = default;
};

/// All parts of a geometry, also of a nested one, in their order. Rings are closed, have at least 4 points and run as
/// they stand in the file; they may cross themselves. An ellipse is the polygon that stands for it.
struct Geometry {
  std::vector<PointPolygon> polygons = {};
  std::vector<PointRing> lines = {};  ///< at least 2 points each
  std::vector<Point> points = {};

  bool empty() const noexcept { return polygons.empty() && lines.empty() && points.empty(); }
};

/// Which image of a stack; channel -1 means all of them.
struct Plane {
  std::int32_t c = -1, z = 0, t = 0;
  friend constexpr bool operator==(Plane, Plane) = default;
};

struct Annotation {
  std::int64_t index = 0;                  ///< its place in the file, or among its parent's children
  std::string id = {};                     ///< empty if there is none
  std::string name = {};                   ///< empty if there is none
  std::string object_type = "annotation";  ///< "detection", "cell", "tile", ...; what QuPath assumes if none is stated
  std::string class_name = {};             ///< empty if unclassified; "A: B" for a class that is derived from A
  std::optional<Colour> class_colour = {};
  std::optional<Colour> colour = {};  ///< its own, which QuPath shows instead of the class's
  Geometry geometry = {};             ///< may be empty
  Geometry nucleus = {};              ///< of a cell
  Plane plane = {};
  std::vector<std::pair<std::string, double>> measurements = {};  ///< in their order; NaN where there is no number
  std::vector<Annotation> children = {};                          ///< objects that the file nests within this one
  /// The feature as it stands in the file, or the geometry if the file holds nothing else. A child's text is part of
  /// its parent's, and empty.
  std::string json = {};
};

}  // namespace tegula::objects
