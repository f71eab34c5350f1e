// objects/testing/parse_geojson.h — GeoJSON in tests: texts of features, and all annotations of a text at once.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tegula/objects/annotations/geojson_reader.h"

namespace tegula::objects {

inline constexpr std::string_view kSquare = R"({"type":"Polygon","coordinates":[[[0,0],[2,0],[2,2],[0,2],[0,0]]]})";

inline std::string FeatureText(std::string_view geometry, std::string_view properties = "{}") {
  return R"({"type":"Feature","geometry":)" + std::string(geometry) + R"(,"properties":)" + std::string(properties) +
         "}";
}

/// Of a file that messages call regions.geojson.
inline Result<std::vector<Annotation>> ParseAll(std::string_view text, const GeoJsonLimits& limits = {}) {
  std::vector<Annotation> all;
  TEGULA_TRY(ParseGeoJson(text, "regions.geojson", limits, [&](Annotation annotation) {
    all.push_back(std::move(annotation));
    return Ok();
  }));
  return all;
}

/// Of a text that is right.
inline std::vector<Annotation> ReadAll(std::string_view text, const GeoJsonLimits& limits = {}) {
  auto all = ParseAll(text, limits);
  EXPECT_TRUE(all.ok()) << (all.ok() ? "" : ToString(all.error()));
  return all.ok() ? std::move(all).value() : std::vector<Annotation>();
}

/// What is said about a text that is not.
inline std::string RefusalOf(std::string_view text, const GeoJsonLimits& limits = {}) {
  const auto all = ParseAll(text, limits);
  EXPECT_FALSE(all.ok()) << text;
  return all.ok() ? "" : ToString(all.error());
}

}  // namespace tegula::objects
