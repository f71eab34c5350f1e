#include "tegula/objects/annotations/geojson_geometry.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <span>

namespace tegula::objects {
namespace {

using Kind = JsonValue::Kind;

constexpr std::string_view kCollection = "GeometryCollection";
constexpr std::size_t kLongestName = 60;  // in messages

struct GeometryType {
  std::string_view name;
  std::string_view noun;
  int depth;  ///< lists around a number
};
constexpr GeometryType kTypes[] = {
    {"Point", "point", 1},     {"MultiPoint", "multipoint", 2},
    {"LineString", "line", 2}, {"MultiLineString", "multiline", 3},
    {"Polygon", "polygon", 3}, {"MultiPolygon", "multipolygon", 4},
};

const GeometryType* FindType(std::string_view name) noexcept {
  const auto* const found =
      std::find_if(std::begin(kTypes), std::end(kTypes), [&](const GeometryType& type) { return type.name == name; });
  return found == std::end(kTypes) ? nullptr : found;
}

// The positions of list `index` at the depth that holds positions, whose ends are `ends`.
std::span<const Point> PointsOf(const JsonCoordinates& coordinates, const std::vector<std::size_t>& ends,
                                std::size_t index) {
  const std::size_t begin = index == 0 ? 0 : ends[index - 1];
  return std::span(coordinates.points).subspan(begin, ends[index] - begin);
}

// Reads the coordinates of one geometry. One thread at a time.
class PartsReader {
 public:
  PartsReader(const GeometryType& type, const JsonCoordinates& from, std::string_view whose, Geometry& out)
      : type_(type), from_(from), whose_(whose), out_(out) {}

  Status Read() {
    if (!from_.problem.empty()) return Refused(from_.problem);
    // Without positions there may still be empty lists down to the depth of the type.
    if (from_.depth == 0 && HasListsAt(type_.depth)) return Refused("has a position without numbers");
    if (from_.depth != 0 && from_.depth != type_.depth)
      return Refused(fmt::format("has its positions within {} lists; a {} has them within {}", from_.depth - 1,
                                 type_.name, type_.depth - 1));
    if (type_.name == "Polygon") return AddPolygon(0, from_.ends[1].size());
    if (type_.name == "MultiPolygon") return AddPolygons();
    if (type_.name == "LineString") return from_.points.empty() ? Ok() : AddLine(from_.points);
    if (type_.name == "MultiLineString") return AddLines();
    out_.points.insert(out_.points.end(), from_.points.begin(), from_.points.end());
    return Ok();
  }

 private:
  bool HasListsAt(int depth) const noexcept {
    const auto index = static_cast<std::size_t>(depth - 1);
    return index < from_.ends.size() && !from_.ends[index].empty() && depth > 1;
  }
  Error Refused(std::string_view what) const { return CorruptError(fmt::format("{}{} {}", whose_, type_.noun, what)); }

  // Of the rings [begin, end); none make no polygon.
  Status AddPolygon(std::size_t begin, std::size_t end) {
    if (begin == end) return Ok();
    PointPolygon polygon;
    for (std::size_t ring = begin; ring < end; ++ring) {
      const std::span<const Point> points =
          PointsOf(from_, from_.ends[static_cast<std::size_t>(type_.depth - 2)], ring);
      constexpr std::size_t kFewest = 4;
      if (points.size() < kFewest)
        return Refused(
            fmt::format("has a ring with {} position{}; a ring needs at least 4, the last equal to the first",
                        points.size(), points.size() == 1 ? "" : "s"));
      if (!(points.front() == points.back()))
        return Refused(
            fmt::format("has a ring that is not closed: it begins at x {}, y {} and ends at x {}, y {}; repeat the "
                        "first position at its end",
                        points.front().x, points.front().y, points.back().x, points.back().y));
      if (ring == begin)
        polygon.outer.assign(points.begin(), points.end());
      else
        polygon.holes.emplace_back(points.begin(), points.end());
    }
    out_.polygons.push_back(std::move(polygon));
    return Ok();
  }
  Status AddPolygons() {
    std::size_t begin = 0;
    for (const std::size_t end : from_.ends[1]) {
      TEGULA_TRY(AddPolygon(begin, end));
      begin = end;
    }
    return Ok();
  }
  Status AddLine(std::span<const Point> points) {
    if (points.size() < 2) return Refused("has fewer than 2 positions in a line; a line needs 2 or more");
    out_.lines.emplace_back(points.begin(), points.end());
    return Ok();
  }
  Status AddLines() {
    for (std::size_t line = 0; line < from_.ends[1].size(); ++line)
      TEGULA_TRY(AddLine(PointsOf(from_, from_.ends[1], line)));
    return Ok();
  }

  const GeometryType& type_;
  const JsonCoordinates& from_;
  std::string_view whose_;
  Geometry& out_;
};

}  // namespace

bool IsGeometryType(std::string_view type) noexcept { return type == kCollection || FindType(type) != nullptr; }

Status AddGeometry(const JsonValue& value, std::string_view whose, Geometry& out) {
  const JsonValue* const name = value.Find("type");
  if (name == nullptr || name->kind != Kind::kText)
    return CorruptError(fmt::format("{}geometry has no type; write one such as Polygon", whose));
  if (name->text == kCollection) {
    const JsonValue* const parts = value.Find("geometries");
    if (parts == nullptr || parts->kind != Kind::kList)
      return CorruptError(fmt::format("{}geometry is a collection without a list of geometries", whose));
    for (const JsonValue& part : parts->members) TEGULA_TRY(AddGeometry(part, whose, out));
    return Ok();
  }
  const GeometryType* const type = FindType(name->text);
  if (type == nullptr)
    return UnsupportedError(
        fmt::format("{}geometry has the type '{}', which is none of GeoJSON; draw a polygon in its place", whose,
                    name->text.substr(0, kLongestName)));
  const JsonValue* const coordinates = value.Find("coordinates");
  if (coordinates == nullptr || coordinates->kind != Kind::kCoordinates)
    return CorruptError(fmt::format("{}{} has no list of coordinates", whose, type->noun));
  return PartsReader(*type, *coordinates->coordinates, whose, out).Read();
}

}  // namespace tegula::objects
