#include "tegula/objects/annotations/geojson_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "tegula/objects/annotations/testing/parse_geojson.h"

namespace tegula::objects {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::StartsWith;

// As outputs/geojson.h writes it.
constexpr std::string_view kWritten = R"({"type":"FeatureCollection","features":[
{"type":"Feature","id":"83d8d26c-1c16-836c-928a-075ed2b433bd","geometry":{"type":"Polygon","coordinates":[[[12.5,8],[16.5,8],[16.5,12.25],[12.5,8]]]},"properties":{"objectType":"detection","classification":{"name":"Tumour \"A\" µ","color":[230,159,0]},"measurements":{"Area µm^2":1.2450050000000001,"Centroid X µm":0.4491,"Mean nucleus":"NaN"}}},
{"type":"Feature","id":"19d8f814-cb51-880b-b922-7a726d173164","geometry":{"type":"MultiPolygon","coordinates":[[[[0,0],[9,0],[9,9],[0,9],[0,0]],[[1,1],[1,2],[2,2],[1,1]]],[[[9,9],[10,9],[10,10],[9,9]]]]},"properties":{"objectType":"annotation","isLocked":true}}
]}
)";

// As QuPath 0.6 writes a cell with PRETTY_JSON.
constexpr std::string_view kPretty = R"({
  "type": "FeatureCollection",
  "features": [
    {
      "type": "Feature",
      "id": "731da230-0660-470d-b865-fe92e9f1e862",
      "geometry": {
        "type": "Polygon",
        "coordinates": [
          [
            [1024.25, 0],
            [0, 0],
            [0, 592],
            [1024.25, 0]
          ]
        ],
        "plane": {"c": -1, "z": 2, "t": 5}
      },
      "nucleusGeometry": {"type": "Polygon", "coordinates": [[[5, 5], [6, 5], [6, 6], [5, 5]]]},
      "properties": {
        "objectType": "cell",
        "name": "the first",
        "color": [255, 0, 10, 128],
        "classification": {"names": ["Tumor", "Positive"], "color": [200, 0, 7]},
        "isLocked": true,
        "measurements": {"b": -1e3, "a": "-Infinity"},
        "metadata": {"coordinates": "left [upper", "key": null}
      }
    }
  ]
})";

TEST(GeoJsonReader, ReadsWhatTheWriterWrites) {
  const std::vector<Annotation> all = ReadAll(kWritten);
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_EQ(all[0].index, 0);
  EXPECT_EQ(all[0].id, "83d8d26c-1c16-836c-928a-075ed2b433bd");
  EXPECT_EQ(all[0].object_type, "detection");
  EXPECT_EQ(all[0].class_name, "Tumour \"A\" µ");
  EXPECT_EQ(all[0].class_colour, (Colour{230, 159, 0}));
  EXPECT_EQ(all[0].colour, std::nullopt);
  ASSERT_THAT(all[0].geometry.polygons, SizeIs(1));
  EXPECT_THAT(all[0].geometry.polygons[0].outer,
              ElementsAre(Point{8, 12.5}, Point{8, 16.5}, Point{12.25, 16.5}, Point{8, 12.5}));
  ASSERT_THAT(all[0].measurements, SizeIs(3));
  EXPECT_THAT(all[0].measurements[0], Pair("Area µm^2", 1.2450050000000001));
  EXPECT_THAT(all[0].measurements[1], Pair("Centroid X µm", 0.4491));
  EXPECT_TRUE(std::isnan(all[0].measurements[2].second));
  EXPECT_EQ(all[1].index, 1);
  EXPECT_EQ(all[1].class_name, "");
  ASSERT_THAT(all[1].geometry.polygons, SizeIs(2));
  EXPECT_THAT(all[1].geometry.polygons[0].holes, ElementsAre(PointRing{{1, 1}, {2, 1}, {2, 2}, {1, 1}}));
  EXPECT_THAT(all[1].geometry.polygons[1].outer, ElementsAre(Point{9, 9}, Point{9, 10}, Point{10, 10}, Point{9, 9}));
}

TEST(GeoJsonReader, ReadsCellsOfQuPath) {
  const std::vector<Annotation> all = ReadAll(kPretty);
  ASSERT_THAT(all, SizeIs(1));
  const Annotation& cell = all[0];
  EXPECT_EQ(cell.object_type, "cell");
  EXPECT_EQ(cell.name, "the first");
  EXPECT_EQ(cell.class_name, "Tumor: Positive");
  EXPECT_EQ(cell.class_colour, (Colour{200, 0, 7}));
  EXPECT_EQ(cell.colour, (Colour{255, 0, 10}));
  EXPECT_EQ(cell.plane, (Plane{-1, 2, 5}));
  EXPECT_THAT(cell.nucleus.polygons, SizeIs(1));
  EXPECT_THAT(cell.measurements, ElementsAre(Pair("b", -1000.0), Pair("a", -INFINITY)));
}

TEST(GeoJsonReader, ReadsWhatOlderVersionsOfQuPathWrote) {
  const std::vector<Annotation> all = ReadAll(R"([{"type":"Feature","id":"PathCellObject","geometry":)" +
                                              std::string(kSquare) + R"(,"properties":{"classification":
      {"parentClass":{"name":"Tumor","colorRGB":-1},"name":"Positive","colorRGB":-3670016},"isLocked":false,
      "measurements":[{"name":"Area","value":4.5},{"name":"Gone","value":null}]}}])");
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_EQ(all[0].object_type, "cell");
  EXPECT_EQ(all[0].id, "");
  EXPECT_EQ(all[0].class_name, "Tumor: Positive");
  EXPECT_EQ(all[0].class_colour, (Colour{200, 0, 0}));
  ASSERT_THAT(all[0].measurements, SizeIs(2));
  EXPECT_THAT(all[0].measurements[0], Pair("Area", 4.5));
  EXPECT_TRUE(std::isnan(all[0].measurements[1].second));
}

TEST(GeoJsonReader, TakesEveryFormOfAFile) {
  const std::string feature = FeatureText(kSquare);
  for (const std::string& text :
       {feature, std::string(kSquare), "[" + feature + "]", "[" + std::string(kSquare) + "]",
        R"({"features":[)" + feature + R"(],"type":"FeatureCollection"})", " \n" + feature + "\r\n ",
        "\xEF\xBB\xBF" + feature,
        R"({"type":"FeatureCollection","crs":{"a":[1,"]}"]},"features" : [ )" + feature + "]}"}) {
    const std::vector<Annotation> all = ReadAll(text);
    ASSERT_THAT(all, SizeIs(1)) << text;
    EXPECT_EQ(all[0].geometry.polygons[0].outer.size(), 5U);
    EXPECT_EQ(all[0].object_type, "annotation");
  }
  for (const std::string_view text : {"[]", "[ ]", R"({"type":"FeatureCollection","features":[]})"})
    EXPECT_THAT(ReadAll(text), IsEmpty());
}

TEST(GeoJsonReader, TakesPointsAndLinesAndCollections) {
  const std::vector<Annotation> all =
      ReadAll("[" +
              FeatureText(R"({"type":"GeometryCollection","geometries":[
      {"type":"Point","coordinates":[1,2.5,7]}, {"type":"MultiPoint","coordinates":[[3,4],[5,6]]},
      {"type":"LineString","coordinates":[[0,0],[1,1]]}, {"coordinates":[[[0,0],[1,1]],[[2,2],[3,3],[4,4]]],"type":"MultiLineString"},
      {"type":"GeometryCollection","geometries":[)" +
                          std::string(kSquare) + R"(]}],"plane":{"z":3}})") +
              "," + FeatureText("null", "null") + "," + FeatureText(R"({"type":"Polygon","coordinates":[]})") + "]");
  ASSERT_THAT(all, SizeIs(3));
  EXPECT_THAT(all[0].geometry.points, ElementsAre(Point{2.5, 1}, Point{4, 3}, Point{6, 5}));
  EXPECT_THAT(all[0].geometry.lines, ElementsAre(SizeIs(2), SizeIs(2), SizeIs(3)));
  EXPECT_THAT(all[0].geometry.polygons, SizeIs(1));
  EXPECT_EQ(all[0].plane, (Plane{-1, 3, 0}));
  EXPECT_TRUE(all[1].geometry.empty());
  EXPECT_TRUE(all[2].geometry.empty());
}

TEST(GeoJsonReader, KeepsTheTextOfFeatures) {
  const std::string odd = R"({ "type":"Feature","geometry":null, "properties":{"isLocked":true,"x":[{"y":"\u00e9}"}],
    "metadata":{"a":1},"metadata":{"a":2}} })";
  for (const std::string& text : {odd, "[" + odd + "]", R"({"features":[)" + odd + "]}"}) {
    const std::vector<Annotation> all = ReadAll(text);
    ASSERT_THAT(all, SizeIs(1));
    EXPECT_EQ(all[0].json, odd);
    EXPECT_THAT(ReadAll(all[0].json), SizeIs(1));
  }
}

TEST(GeoJsonReader, KeepsChildrenWithinTheirParents) {
  const std::string text =
      FeatureText(kSquare, R"({"name":"parent","childObjects":[)" + FeatureText(kSquare, R"({"name":"a"})") + "," +
                               FeatureText("null", R"({"objectType":"tile"})") + "]}");
  const std::vector<Annotation> all = ReadAll(text);
  ASSERT_THAT(all, SizeIs(1));
  ASSERT_THAT(all[0].children, SizeIs(2));
  EXPECT_EQ(all[0].children[0].name, "a");
  EXPECT_EQ(all[0].children[1].object_type, "tile");
  EXPECT_EQ(all[0].children[1].index, 1);
}

TEST(GeoJsonReader, PiecesOfAnyLengthGiveTheSame) {
  GeoJsonLimits limits;
  for (const std::string_view text : {kWritten, kPretty}) {
    const std::vector<Annotation> whole = ReadAll(text);
    for (limits.piece_bytes = 1; limits.piece_bytes < 40; ++limits.piece_bytes) {
      const std::vector<Annotation> pieces = ReadAll(text, limits);
      ASSERT_EQ(pieces.size(), whole.size());
      for (std::size_t i = 0; i < whole.size(); ++i) EXPECT_EQ(pieces[i].json, whole[i].json);
    }
  }
}

TEST(GeoJsonReader, FilesReadAsTexts) {
  const TemporaryFolder folder = TemporaryFolder::Create("tegula-geojson").value();
  const Path path = folder.path() / "objects.geojson";
  ASSERT_TRUE(WriteFileWhole(path, kWritten).ok());
  int count = 0;
  const auto sink = [&](const Annotation& annotation) {
    EXPECT_EQ(annotation.index, count++);
    return Ok();
  };
  GeoJsonLimits limits;
  limits.piece_bytes = 100;
  EXPECT_TRUE(ReadGeoJson(path, limits, sink).ok());
  EXPECT_EQ(count, 2);
  EXPECT_EQ(ReadGeoJson(folder.path() / "none", limits, sink).error().code, Code::kNotFound);
  ASSERT_TRUE(WriteFileWhole(path, "[1]").ok());
  EXPECT_THAT(ToString(ReadGeoJson(path, limits, sink).error()), StartsWith("feature 0 of objects.geojson: it is no"));
}

TEST(GeoJsonReader, SeveralWorkersChangeNothing) {
  std::string long_list = "[";
  for (int i = 0; i < 100'000; ++i)
    long_list += std::string(i > 0 ? "," : "") + R"({"type":"Point","coordinates":[)" + std::to_string(i) + ",1]}";
  std::vector<std::string> texts = {std::string(kWritten), "[]", "[", "[1]", long_list + "]", long_list,
                                    long_list + ",]"};
  // A feature is wrong, and behind it the file is broken as well: what is told is the first.
  std::string wrong = long_list;
  wrong.replace(wrong.find("[50000,"), 6, "[\"a\"  ");
  texts.push_back(wrong + "]");
  texts.push_back(wrong + "} nonsense");
  const std::unique_ptr<Executor> workers = NewThreadExecutor(3);
  for (const std::string& text : texts) {
    const auto read = [&](const Executor& executor) {
      std::vector<std::pair<std::int64_t, std::string>> seen;
      const auto sink = [&](const Annotation& annotation) {
        seen.emplace_back(annotation.index, annotation.json);
        return Ok();
      };
      const Status status = ParseGeoJson(text, "a.geojson", {}, sink, executor);
      return std::pair(seen, status.ok() ? std::string() : ToString(status.error()));
    };
    const auto alone = read(SerialExecutor()), together = read(*workers);
    EXPECT_EQ(alone.second, together.second);
    EXPECT_TRUE(alone.first == together.first) << text.substr(0, 40);
  }
}

TEST(GeoJsonReader, TheSinkMayStop) {
  int count = 0;
  const Status status = ParseGeoJson(kWritten, "a", {}, [&](const Annotation& /*annotation*/) -> Status {
    ++count;
    return CancelledError();
  });
  EXPECT_EQ(status.error().code, Code::kCancelled);
  EXPECT_THAT(status.error().context, IsEmpty());
  EXPECT_EQ(count, 1);
}

}  // namespace
}  // namespace tegula::objects
