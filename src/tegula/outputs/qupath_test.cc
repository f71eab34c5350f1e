#include "tegula/outputs/qupath.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <random>

#include "tegula/core/folders.h"
#include "tegula/objects/annotations/feature_edit.h"
#include "tegula/objects/annotations/geojson_reader.h"
#include "tegula/objects/region_tracer.h"

namespace tegula::outputs {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

TEST(QuPathClasses, HavePackedSignedColours) {
  const std::vector<GeoJsonClass> classes = {{"Tumor", {200, 0, 0}}, {"Stroma µ\"", {150, 200, 150}}};
  const json file = json::parse(QuPathClasses(classes));
  EXPECT_EQ(file, json::parse(R"({"pathClasses": [{"name": "Tumor", "color": -3670016},
                                                  {"name": "Stroma µ\"", "color": -6895466}]})"));
}

TEST(QuPathScript, KnowsTheImageItBelongsTo) {
  const std::string script = QuPathScript({"slide 1.svs", 2967, 2220, {}});
  EXPECT_THAT(script, HasSubstr("server.getWidth() != 2220 || server.getHeight() != 2967"));
  EXPECT_THAT(script, HasSubstr("'Open slide 1.svs first"));
  EXPECT_THAT(script, Not(HasSubstr("@")));
}

TEST(QuPathScript, TakesAnyNameOfAnImage) {
  const std::string script = QuPathScript({"it's \"${x}\"\nor C:\\u0041", 1, 1, {}});
  EXPECT_THAT(script, HasSubstr(R"('Open it\'s \"\${x}\" or C:\\u0041 first)"));
  EXPECT_THAT(script, HasSubstr("// Objects that Tegula found in it's \"${x}\" or C: u0041,"));
}

TEST(WriteQuPathFolder, MakesAFolderThatNeedsNothingElse) {
  const auto folder = TemporaryFolder::Create("tegula-qupath").value();
  const std::string objects(9 << 20, 'x');
  ASSERT_TRUE(WriteFileWhole(folder.path() / "found.geojson", objects).ok());
  ASSERT_TRUE(WriteQuPathFolder(folder.path() / "found.geojson", {"a", 1, 2, {}}, folder.path() / "qupath").ok());
  EXPECT_THAT(NamesIn(folder.path() / "qupath").value(),
              UnorderedElementsAre("objects.geojson", "classes.json", "import_objects.groovy"));
  EXPECT_EQ(ReadFile(folder.path() / "qupath/objects.geojson", 1 << 30).value(), objects);
}

TEST(GeoJson, LosesNothingOnItsWayThroughTheReader) {
  std::mt19937 random(11);
  std::vector<std::uint8_t> labels(60 * 80);
  for (std::uint8_t& label : labels) {
    label = random() % 8 == 0 ? std::uint8_t{1} : std::uint8_t{0};
    if (random() % 3 == 0) label = objects::kNoClass8;
  }
  const auto regions = objects::TraceRegions({reinterpret_cast<const std::byte*>(labels.data()), DType::kU8, {60, 80}},
                                             {.connectivity = objects::Connectivity::kCorners});
  ASSERT_TRUE(regions.ok());
  for (const ObjectType type : {ObjectType::kDetection, ObjectType::kAnnotation, ObjectType::kCell}) {
    const GeoJsonOptions options{.type = type,
                                 .locked = type == ObjectType::kAnnotation,
                                 .frame = {.origin_y = -3, .origin_x = 0.5, .scale_y = 0.25, .scale_x = 4},
                                 .classes = {{"Tumor: Positive", {1, 2, 255}}, {"µ \"b\"*", {0, 0, 0}}},
                                 .measurements = {"Area µm^2", "a: Mean", "b: Mean"}};
    const GeoJsonFormat format = GeoJsonFormat::Create(options).value();
    std::size_t holes = 0, parts = 0;
    for (const objects::Region& region : regions.value()) {
      std::string text;
      const std::vector<double> values = {0.1 * static_cast<double>(region.area_px), -1e-300, 1.0 / 3};
      const bool is_cell = type == ObjectType::kCell;
      const objects::Region& cell = regions->back();
      ASSERT_TRUE(format.Append(region, values, text, {.cell = is_cell ? &cell : nullptr}).ok());
      std::vector<objects::Annotation> read;
      const auto keep = [&](objects::Annotation annotation) {
        read.push_back(std::move(annotation));
        return Ok();
      };
      ASSERT_TRUE(objects::ParseGeoJson(text, "text", {}, keep).ok());
      ASSERT_EQ(read.size(), 1U);
      const objects::Annotation& object = read.front();
      EXPECT_EQ(object.id, format.Id(region));
      EXPECT_EQ(object.object_type, type == ObjectType::kDetection    ? "detection"
                                    : type == ObjectType::kAnnotation ? "annotation"
                                                                      : "cell");
      const GeoJsonClass& classification = options.classes[static_cast<std::size_t>(region.label)];
      EXPECT_EQ(object.class_name, classification.name);
      EXPECT_EQ(object.class_colour,
                (objects::Colour{classification.color.r, classification.color.g, classification.color.b}));
      ASSERT_EQ(object.measurements.size(), values.size());
      for (std::size_t i = 0; i < values.size(); ++i) {
        EXPECT_EQ(object.measurements[i].first, options.measurements[i]);
        EXPECT_EQ(object.measurements[i].second, values[i]);
      }
      const auto expect_ring = [&](const objects::PointRing& found, const objects::Ring& ring) {
        ASSERT_EQ(found.size(), ring.size());
        for (std::size_t i = 0; i < ring.size(); ++i) {
          EXPECT_EQ(found[i].y, -3 + 0.25 * ring[i].y);
          EXPECT_EQ(found[i].x, 0.5 + 4 * ring[i].x);
        }
      };
      const objects::Geometry& own = is_cell ? object.nucleus : object.geometry;
      EXPECT_TRUE(!is_cell || object.geometry.polygons.size() == cell.polygons.size());
      ASSERT_EQ(own.polygons.size(), region.polygons.size());
      parts = std::max(parts, region.polygons.size());
      for (std::size_t p = 0; p < region.polygons.size(); ++p) {
        const objects::Polygon& polygon = region.polygons[p];
        const objects::PointPolygon& found = own.polygons[p];
        expect_ring(found.outer, polygon.outer);
        ASSERT_EQ(found.holes.size(), polygon.holes.size());
        for (std::size_t h = 0; h < polygon.holes.size(); ++h) expect_ring(found.holes[h], polygon.holes[h]);
        holes += polygon.holes.size();
      }
      const std::vector<objects::FeatureEdit> none(1);
      EXPECT_EQ(json::parse(objects::EditFeature(object, none).value()), json::parse(text));
    }
    EXPECT_GT(holes, 5U);
    EXPECT_GT(parts, 1U);
  }
}

}  // namespace
}  // namespace tegula::outputs
