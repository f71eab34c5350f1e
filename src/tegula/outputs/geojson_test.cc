#include "tegula/outputs/geojson.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "tegula/objects/region_tracer.h"

namespace tegula::outputs {
namespace {

using nlohmann::json;
using objects::Region;
using ::testing::HasSubstr;

// An L of three pixels from (2, 3) on, class 1.
Region SomeRegion() {
  Region region{.label = 1, .first = {2, 3}, .pixels = 3};
  region.polygons = {{{{2, 3}, {2, 4}, {3, 4}, {3, 5}, {4, 5}, {4, 3}, {2, 3}}, {}}};
  objects::MeasureOutline(region);
  return region;
}

GeoJsonOptions SomeOptions() {
  GeoJsonOptions options;
  options.frame = {.origin_x = 0.5, .scale_y = 4, .scale_x = 4};
  options.classes = {{"Stroma", {122, 143, 23}}, {"Tumour \"A\" µ", {200, 0, 7}}};
  options.measurements = {"Area µm^2", "nucleus: Mean"};
  options.seed = 42;
  return options;
}

class GeoJsonWriterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto folder = TemporaryFolder::Create("tegula-geojson");
    ASSERT_TRUE(folder.ok());
    folder_.emplace(std::move(folder).value());
  }
  Path path() const { return folder_->path() / "objects.geojson"; }
  std::string Text(const GeoJsonOptions& options, const std::vector<Region>& regions,
                   std::vector<double> values = {12.5, 0.75}) {
    const auto format = GeoJsonFormat::Create(options);
    auto writer = GeoJsonWriter::Create(path());
    EXPECT_TRUE(format.ok() && writer.ok());
    values.resize(options.measurements.size());
    for (const Region& region : regions) {
      std::string feature;
      EXPECT_TRUE(format->Append(region, values, feature).ok());
      EXPECT_TRUE(writer->Add(feature).ok());
    }
    EXPECT_TRUE(writer->Commit().ok());
    EXPECT_EQ(writer->objects(), static_cast<std::int64_t>(regions.size()));
    auto text = ReadFile(path(), 1 << 28);
    EXPECT_TRUE(text.ok());
    return text.ok() ? std::move(text).value() : std::string();
  }
  json Written(const GeoJsonOptions& options, const std::vector<Region>& regions,
               const std::vector<double>& values = {12.5, 0.75}) {
    return json::parse(Text(options, regions, values));
  }
  std::optional<TemporaryFolder> folder_;
};

TEST_F(GeoJsonWriterTest, WritesTheFieldsThatQuPathReads) {
  const json file = Written(SomeOptions(), {SomeRegion()});
  EXPECT_EQ(file["type"], "FeatureCollection");
  ASSERT_EQ(file["features"].size(), 1U);
  const json& feature = file["features"][0];
  EXPECT_EQ(feature["type"], "Feature");
  const std::string id = feature["id"];
  ASSERT_EQ(id.size(), 36U);
  for (std::size_t i = 0; i < id.size(); ++i) {
    const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
    EXPECT_NE(std::string(is_dash ? "-" : "0123456789abcdef").find(id[i]), std::string::npos) << id;
  }
  EXPECT_EQ(id[14], '8') << "the version";
  EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos) << "the variant";
  EXPECT_EQ(feature["geometry"]["type"], "Polygon");
  EXPECT_EQ(feature["geometry"]["coordinates"],
            json::parse("[[[12.5,8],[16.5,8],[16.5,12],[20.5,12],[20.5,16],[12.5,16],[12.5,8]]]"));
  const json& properties = feature["properties"];
  EXPECT_EQ(properties["objectType"], "detection");
  EXPECT_EQ(properties["classification"]["name"], "Tumour \"A\" µ");
  EXPECT_EQ(properties["classification"]["color"], json::parse("[200,0,7]"));
  EXPECT_FALSE(properties.contains("isLocked"));
  const json& measurements = properties["measurements"];
  EXPECT_EQ(measurements.size(), 2U);
  EXPECT_EQ(measurements["Area µm^2"], 12.5);
  EXPECT_EQ(measurements["nucleus: Mean"], 0.75);
}

TEST_F(GeoJsonWriterTest, ACellHasItsNucleusBesideItsGeometryAndUnderItsName) {
  GeoJsonOptions options = SomeOptions();
  options.type = ObjectType::kCell;
  const GeoJsonFormat format = GeoJsonFormat::Create(options).value();
  const Region nucleus = SomeRegion();
  Region cell{.label = 0, .first = {1, 2}, .pixels = 20};
  cell.polygons = {{{{1, 2}, {1, 6}, {6, 6}, {6, 2}, {1, 2}}, {}}};
  std::string text;
  const std::vector<double> values = {12.5, 0.75};
  ASSERT_TRUE(format.Append(nucleus, values, text, {.cell = &cell}).ok());
  const json feature = json::parse(text), alone = Written(options, {nucleus})["features"][0];
  EXPECT_EQ(feature["geometry"],
            json::parse(R"({"type":"Polygon","coordinates":[[[8.5,4],[24.5,4],[24.5,24],[8.5,24],[8.5,4]]]})"));
  EXPECT_EQ(feature["nucleusGeometry"], alone["geometry"]);
  EXPECT_EQ(feature["id"], alone["id"]);
  EXPECT_EQ(feature["properties"], alone["properties"]);
  EXPECT_EQ(feature["properties"]["objectType"], "cell");

  const std::vector<objects::PointPolygon> outline = {{{{1.5, 2}, {1, 6}, {6, 6}, {1.5, 2}}, {}}};
  std::string drawn;
  ASSERT_TRUE(
      format.Append(nucleus, values, drawn, {.outline = &outline, .cell = &cell, .cell_outline = &outline}).ok());
  EXPECT_EQ(json::parse(drawn)["geometry"],
            json::parse(R"({"type":"Polygon","coordinates":[[[8.5,6],[24.5,4],[24.5,24],[8.5,6]]]})"));
  EXPECT_EQ(json::parse(drawn)["nucleusGeometry"], json::parse(drawn)["geometry"]);
}

TEST_F(GeoJsonWriterTest, OmitsWhatIsUnknownAndLocksAnnotations) {
  GeoJsonOptions options = SomeOptions();
  options.classes.clear();
  options.measurements.clear();
  options.type = ObjectType::kAnnotation;
  options.locked = true;
  const json properties = Written(options, {SomeRegion()})["features"][0]["properties"];
  EXPECT_EQ(properties["objectType"], "annotation");
  EXPECT_EQ(properties["isLocked"], true);
  EXPECT_FALSE(properties.contains("classification"));
  EXPECT_FALSE(properties.contains("measurements"));
}

TEST_F(GeoJsonWriterTest, WritesAnEmptyCollectionForNoObjects) { EXPECT_TRUE(Written({}, {})["features"].empty()); }

TEST_F(GeoJsonWriterTest, WritesSeveralPolygonsAsOneObject) {
  Region region = SomeRegion();
  region.polygons.push_back({{{4, 5}, {4, 6}, {5, 6}, {5, 5}, {4, 5}}, {}});
  const json geometry = Written(SomeOptions(), {region})["features"][0]["geometry"];
  EXPECT_EQ(geometry["type"], "MultiPolygon");
  EXPECT_EQ(geometry["coordinates"].size(), 2U);
  EXPECT_EQ(geometry["coordinates"][1][0].size(), 5U);
}

TEST_F(GeoJsonWriterTest, RoundsCoordinatesToTwoDecimalsInTheirShortestForm) {
  GeoJsonOptions options = SomeOptions();
  options.frame = {.origin_x = -1.2, .scale_y = 0.1, .scale_x = 1.0 / 3};
  EXPECT_THAT(Text(options, {SomeRegion()}),
              HasSubstr("[[[-0.2,0.2],[0.13,0.2],[0.13,0.3],[0.47,0.3],[0.47,0.4],[-0.2,0.4],[-0.2,0.2]]]"));
}

TEST_F(GeoJsonWriterTest, WritesWhatIsNoNumberAsQuPathDoes) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN(),
                   kInfinity = std::numeric_limits<double>::infinity();
  const json measurements =
      Written(SomeOptions(), {SomeRegion()}, {kNone, -kInfinity})["features"][0]["properties"]["measurements"];
  EXPECT_EQ(measurements["Area µm^2"], "NaN");
  EXPECT_EQ(measurements["nucleus: Mean"], "-Infinity");
}

TEST_F(GeoJsonWriterTest, SameRunSameBytesOtherSeedOtherIds) {
  GeoJsonOptions options = SomeOptions();
  const std::string text = Text(options, {SomeRegion()});
  EXPECT_EQ(Text(options, {SomeRegion()}), text);
  options.seed = 43;
  EXPECT_NE(Text(options, {SomeRegion()}), text);
}

TEST_F(GeoJsonWriterTest, GivesEveryTracedRegionAnIdAndItsRings) {
  std::mt19937 random(5);
  std::vector<std::uint8_t> labels(200 * 300);
  for (std::uint8_t& label : labels)
    label = random() % 2 == 0 ? objects::kNoClass8 : static_cast<std::uint8_t>(random() % 2);
  const auto regions =
      objects::TraceRegions({reinterpret_cast<const std::byte*>(labels.data()), DType::kU8, {200, 300}});
  ASSERT_TRUE(regions.ok());
  GeoJsonOptions options = SomeOptions();
  const json file = Written(options, regions.value());
  ASSERT_EQ(file["features"].size(), regions.value().size());
  std::set<std::string> ids;
  for (std::size_t i = 0; i < regions.value().size(); ++i) {
    const json& feature = file["features"][i];
    ids.insert(feature["id"]);
    EXPECT_EQ(feature["geometry"]["coordinates"].size(), 1 + regions.value()[i].polygons[0].holes.size());
  }
  EXPECT_EQ(ids.size(), regions.value().size());
}

TEST_F(GeoJsonWriterTest, LeavesNothingWithoutCommit) {
  {
    auto writer = GeoJsonWriter::Create(path());
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE(writer->Add("{}").ok());
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_->path()));
}

TEST_F(GeoJsonWriterTest, RefusesWhatWouldMakeAWrongFile) {
  GeoJsonOptions options = SomeOptions();
  options.frame.scale_x = 0.001;
  EXPECT_THAT(GeoJsonFormat::Create(options).error().what, HasSubstr("0.001 pixels of the slide"));
  options = SomeOptions();
  options.frame.pixel_size = {{0, 0.5}};
  EXPECT_EQ(GeoJsonFormat::Create(options).error().code, Code::kInvalid);
  options = SomeOptions();
  options.measurements = {"a", "a"};
  EXPECT_THAT(GeoJsonFormat::Create(options).error().what, HasSubstr("two measurements are called a"));
  const auto format = GeoJsonFormat::Create(SomeOptions());
  Region region = SomeRegion();
  std::string text;
  region.label = 2;
  EXPECT_THAT(format->Append(region, std::vector{1.0, 2.0}, text).error().what, HasSubstr("class 2"));
  EXPECT_THAT(format->Append(SomeRegion(), {}, text).error().what, HasSubstr("0 measurements"));
}

}  // namespace
}  // namespace tegula::outputs
