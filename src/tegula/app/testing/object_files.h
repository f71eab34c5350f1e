// app/testing/object_files.h — files of objects for tests.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "tegula/app/view/object_set.h"
#include "tegula/core/executor.h"
#include "tegula/core/random.h"

namespace tegula::app {

/// Of a polygon with these rings, whose class has this name (if any), with measurements as JSON without braces.
inline std::string FeatureText(const std::vector<objects::PointRing>& rings, const std::string& class_name,
                               const std::string& measurements) {
  std::string coordinates;
  for (const objects::PointRing& ring : rings) {
    coordinates += coordinates.empty() ? "[" : ",[";
    for (const objects::Point& point : ring) coordinates += fmt::format("[{},{}],", point.x, point.y);
    coordinates += fmt::format("[{},{}]]", ring.front().x, ring.front().y);
  }
  const std::string classification =
      class_name.empty() ? "" : fmt::format(R"("classification":{{"name":"{}","color":[1,2,3]}},)", class_name);
  return fmt::format(
      R"({{"type":"Feature","id":"id-{}","geometry":{{"type":"Polygon","coordinates":[{}]}},"properties":{{{}"measurements":{{{}}}}}}})",
      class_name, coordinates, classification, measurements);
}

/// `points` around a middle, between 60 % and 100 % of a radius away, in hundredths of a pixel.
inline objects::PointRing Blob(objects::Point middle, double radius, int points, std::uint64_t seed) {
  objects::PointRing ring;
  for (int i = 0; i < points; ++i) {
    const double angle = 2 * std::numbers::pi * i / points, r = radius * (0.6 + 0.4 * UniformAt(seed, 0, i, 1));
    ring.push_back({std::round(100 * (middle.y + r * std::sin(angle))) / 100,
                    std::round(100 * (middle.x + r * std::cos(angle))) / 100});
  }
  return ring;
}

inline Result<std::shared_ptr<const ObjectSet>> ReadObjects(const std::vector<std::string>& features,
                                                            std::int64_t most_bytes = ObjectSet::kMostBytes) {
  std::string text = R"({"type":"FeatureCollection","features":[)";
  for (std::size_t i = 0; i < features.size(); ++i) text += (i == 0 ? "\n" : ",\n") + features[i];
  const TemporaryFolder folder = *TemporaryFolder::Create("objects");
  TEGULA_TRY(WriteFileWhole(folder.path() / "objects.geojson", text + "\n]}"));
  const SerialExecutor executor;
  SilentProgress silent;
  return ObjectSet::Read(
      folder.path() / "objects.geojson", {executor, silent}, []() { return false; }, most_bytes);
}

}  // namespace tegula::app
