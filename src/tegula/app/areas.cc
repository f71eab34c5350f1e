#include "tegula/app/areas.h"

#include <fmt/format.h>

#include <algorithm>

#include "tegula/core/text.h"
#include "tegula/objects/annotations/geojson_reader.h"

namespace tegula::app {
namespace {

void AddAreas(const objects::Annotation& annotation, std::vector<objects::PointPolygon>& areas) {
  areas.insert(areas.end(), annotation.geometry.polygons.begin(), annotation.geometry.polygons.end());
  for (const objects::Annotation& child : annotation.children) AddAreas(child, areas);
}

}  // namespace

std::optional<Box> ParseRectangle(std::string_view text) {
  std::vector<std::int64_t> numbers;
  for (const std::string_view part : Split(text, ','))
    if (const std::optional<std::int64_t> number = ParseInt(Trim(part))) numbers.push_back(*number);
  constexpr std::int64_t kMost = std::int64_t{1} << 31;
  const bool in_range =
      std::all_of(numbers.begin(), numbers.end(), [](std::int64_t n) { return n >= -kMost && n <= kMost; });
  if (numbers.size() != 4 || !in_range || numbers[2] <= 0 || numbers[3] <= 0) return std::nullopt;
  return Box{{numbers[1], numbers[1] + numbers[3]}, {numbers[0], numbers[0] + numbers[2]}};
}

bool IsGeoJsonName(std::string_view name) { return ToLower(Path(name).extension().string()) == ".geojson"; }

Result<std::vector<objects::PointPolygon>> ReadAreas(const Path& file) {
  std::vector<objects::PointPolygon> areas;
  const auto take = [&](const objects::Annotation& annotation) -> Status {
    AddAreas(annotation, areas);
    return Ok();
  };
  TEGULA_TRY(objects::ReadGeoJson(file, {}, take));
  if (areas.empty()) return InvalidError(fmt::format("{} has no areas (polygons)", file.string()));
  return areas;
}

}  // namespace tegula::app
