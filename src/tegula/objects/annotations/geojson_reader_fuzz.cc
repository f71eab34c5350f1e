// Any text as GeoJSON: read in pieces of two lengths, its features read again by themselves, its polygons as a mask.

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "tegula/objects/annotations/geojson_reader.h"
#include "tegula/objects/annotations/polygon_mask.h"

namespace {

namespace objects = tegula::objects;

void Require(bool holds) {
  if (!holds) __builtin_trap();
}

void CheckRing(const objects::PointRing& ring) {
  Require(ring.size() >= 4 && ring.front() == ring.back());
  for (const objects::Point point : ring)
    Require(std::abs(point.y) <= objects::kLargestCoordinate && std::abs(point.x) <= objects::kLargestCoordinate);
}

void CheckGeometry(const objects::Geometry& geometry) {
  for (const objects::PointPolygon& polygon : geometry.polygons) {
    CheckRing(polygon.outer);
    for (const objects::PointRing& hole : polygon.holes) CheckRing(hole);
  }
  for (const objects::PointRing& line : geometry.lines) Require(line.size() >= 2);
}

// What is read can always be masked, and a box is the sum of its halves.
void CheckMask(const objects::Geometry& geometry) {
  const tegula::Result<objects::PolygonMask> mask = objects::PolygonMask::Create(geometry.polygons);
  Require(mask.ok());
  const tegula::Interval y = {-20, 60};
  const std::int64_t whole = mask.value().Area({}, {y, {-30, 50}});
  const std::int64_t left = mask.value().Area({}, {y, {-30, 7}}), right = mask.value().Area({}, {y, {7, 50}});
  Require(whole == left + right && left <= 37 * y.size() && right <= 43 * y.size());
  Require(mask.value().Intersects({}, {y, {-30, 50}}) == (whole > 0));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  objects::GeoJsonLimits limits;
  limits.feature_values = 10'000;
  limits.feature_positions = 10'000;
  limits.depth = 12;
  std::vector<std::string> features;
  const tegula::Status read = objects::ParseGeoJson(text, "fuzz", limits, [&](objects::Annotation annotation) {
    Require(annotation.index == static_cast<std::int64_t>(features.size()));
    CheckGeometry(annotation.geometry);
    CheckGeometry(annotation.nucleus);
    CheckMask(annotation.geometry);
    features.push_back(std::move(annotation.json));
    return tegula::Ok();
  });
  if (!read.ok()) Require(!ToString(read.error()).empty());
  // Where a file is cut into pieces does not show.
  limits.piece_bytes = 3;
  std::size_t again = 0;
  const tegula::Status cut = objects::ParseGeoJson(text, "fuzz", limits, [&](const objects::Annotation& annotation) {
    Require(again < features.size() && annotation.json == features[again++]);
    return tegula::Ok();
  });
  Require(cut.ok() == read.ok() && again == features.size());
  if (!cut.ok()) Require(ToString(cut.error()) == ToString(read.error()));
  // The text of a feature is a feature again.
  for (const std::string& feature : features)
    Require(objects::ParseGeoJson("[" + feature + "]", "fuzz", limits, [](const objects::Annotation& /*annotation*/) {
              return tegula::Ok();
            }).ok());
  return 0;
}
