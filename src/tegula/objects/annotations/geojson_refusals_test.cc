#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tegula/objects/annotations/testing/parse_geojson.h"

namespace tegula::objects {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST(GeoJsonReader, RefusalsNameTheFeature) {
  const std::string good = FeatureText(kSquare);
  const auto ring = [](std::string_view positions) {
    return R"({"type":"Polygon","coordinates":[[)" + std::string(positions) + "]]}";
  };
  EXPECT_EQ(RefusalOf("[" + good + "," + FeatureText(ring("[0,0],[1,1],[0,0]"), R"({"name":"Tumour"})") + "]"),
            "feature 1 (Tumour) of regions.geojson: its polygon has a ring with 3 positions; a ring needs at least 4, "
            "the last equal to the first");
  EXPECT_EQ(RefusalOf(FeatureText(ring("[0,0],[1,1],[0,1],[0.5,0]"), R"({"classification":"Stroma"})")),
            "feature 0 (Stroma) of regions.geojson: its polygon has a ring that is not closed: it begins at x 0, y 0 "
            "and ends at x 0.5, y 0; repeat the first position at its end");
  EXPECT_EQ(RefusalOf(FeatureText(ring("[0,0],[1,1],[3e9,1],[0,0]"))),
            "feature 0 of regions.geojson: its polygon has the coordinate 3000000000; use pixels of the slide, from "
            "-2^31 to 2^31");
  EXPECT_EQ(
      RefusalOf(FeatureText(R"({"type":"Circle","coordinates":[1,2],"radius":3})")),
      "feature 0 of regions.geojson: its geometry has the type 'Circle', which is none of GeoJSON; draw a polygon "
      "in its place");
  EXPECT_EQ(
      RefusalOf(FeatureText(kSquare,
                            R"({"name":"P","childObjects":[)" + FeatureText(ring("[0,0]"), R"({"name":"C"})") + "]}")),
      "feature 0 (P) of regions.geojson: its child 0 (C): its polygon has a ring with 1 position; a ring needs at "
      "least 4, the last equal to the first");
}

struct Case {
  std::string text, sentence;
};

TEST(GeoJsonReader, RefusesGeometriesThatAreNone) {
  for (const Case& wrong : std::vector<Case>{
           {R"({"type":"Polygon","coordinates":[[["0","0"],[2,0],[2,2],[0,0]]]})", "its polygon has text"},
           {R"({"type":"Polygon","coordinates":[[[null,0],[2,0],[2,2],[0,0]]]})", "its polygon has text"},
           {R"({"type":"Polygon","coordinates":[[{"x":1}]]})", "its polygon has an object where"},
           {R"({"type":"Polygon","coordinates":[[0,0],[2,0],[2,2],[0,0]]})",
            "its polygon has its positions within 1 lists; a Polygon has them within 2"},
           {R"({"type":"MultiPolygon","coordinates":[[[0,0],[2,0],[2,2],[0,0]]]})",
            "its multipolygon has its positions"},
           {R"({"type":"Polygon","coordinates":[[[0,0],[2,0],[[2,2]],[0,0]]]})", "unevenly nested"},
           {R"({"type":"Polygon","coordinates":[[[0,0],[2,0],[2,[2]],[0,0]]]})", "position that is not two numbers"},
           {R"({"type":"Polygon","coordinates":[[[0,0],[2],[2,2],[0,0]]]})", "has a position of one number; x and y"},
           {R"({"type":"Polygon","coordinates":[[[0,0],[],[2,2],[0,0]]]})", "has a position of no number"},
           {R"({"type":"Polygon","coordinates":[[]]})", "has a ring with 0 positions"},
           {R"({"type":"Polygon","coordinates":[[[]]]})", "has a position without numbers"},
           {R"({"type":"Polygon","coordinates":[[[[[[1]]]]]]})", "unevenly nested"},
           {R"({"type":"Polygon","coordinates":[[[[[]]]]]})", "nested too deeply"},
           {R"({"type":"Polygon","coordinates":7})", "its polygon has no list of coordinates"},
           {R"({"type":"Polygon"})", "its polygon has no list of coordinates"},
           {R"({"type":"LineString","coordinates":[[1,2]]})", "its line has fewer than 2 positions in a line"},
           {R"({"type":"GeometryCollection"})", "collection without a list of geometries"},
           {R"({"coordinates":[1,2]})", "its geometry has no type"},
           {R"([1,2])", "its geometry has no type"},
           {R"({"type":"Point","coordinates":[1,2],"plane":{"z":1.5}})", "the 'z' of its plane is no index"},
       })
    EXPECT_THAT(RefusalOf(FeatureText(wrong.text)), HasSubstr(wrong.sentence)) << wrong.text;
  EXPECT_THAT(
      RefusalOf(R"({"type":"Feature","geometry":null,"nucleusGeometry":{"type":"Polygon","coordinates":[[]]}})"),
      HasSubstr("its nucleus's polygon has a ring with 0"));
}

TEST(GeoJsonReader, RefusesPropertiesThatItWouldHaveToGuess) {
  for (const Case& wrong : std::vector<Case>{
           {R"([])", "its 'properties' are no object"},
           {R"({"name":["a"]})", "its 'name' is no text"},
           {R"({"name":"a","name":"b"})", "its 'name' is there 2 times; leave one"},
           {R"({"classification":7})", "its classification is neither a name nor an object"},
           {R"({"classification":{"names":[1]}})", "no list of names"},
           {R"({"classification":{"name":"a","color":[1,2]}})", "its 'color' is no colour; write [red, green, blue]"},
           {R"({"classification":{"name":"a","color":[1,2,256]}})", "its 'color' is no colour"},
           {R"({"color":"red"})", "its 'color' is no colour"},
           {R"({"measurements":{"Area":"12"}})", "its measurement 'Area' is no number; write one without quotes"},
           {R"({"measurements":[{"value":12}]})", "one of its measurements has no name"},
           {R"({"measurements":3})", "its 'measurements' are neither"},
           {R"({"childObjects":{}})", "its 'childObjects' are no list"},
           {R"({"childObjects":[3]})", "its child 0: it is no feature"},
       })
    EXPECT_THAT(RefusalOf(FeatureText(kSquare, wrong.text)), HasSubstr(wrong.sentence)) << wrong.text;
  EXPECT_THAT(RefusalOf(R"([{"type":"FeatureCollection","features":[]}])"),
              HasSubstr("its type is 'FeatureCollection'"));
  EXPECT_THAT(RefusalOf(R"({"geometry":null})"), HasSubstr("its type is not stated"));
}

TEST(GeoJsonReader, RefusesFilesThatAreNone) {
  for (const Case& wrong : std::vector<Case>{
           {"", "regions.geojson: it is empty"},
           {" \n", "regions.geojson: it is empty"},
           {"\xEF\xBB\xBF", "it is no GeoJSON"},
           {"17", "regions.geojson: it is no GeoJSON, which begins with { or ["},
           {"PK\x03\x04", "unpack it first"},
           {"\x1F\x8B\x08", "unpack it first"},
           {std::string("\xFF\xFE{\0", 4), "save it as UTF-8"},
           {"[] []", "something follows after its end, at byte 3; remove it"},
           {std::string("[]\0", 3), "something follows after its end, at byte 2"},
           {R"({"type":"FeatureCollection"})", "without a list of features"},
           {R"({"type":"FeatureCollection","features":{}})", "without a list of features"},
           {R"({"type":"Topology","features":[]})", "its type is not FeatureCollection"},
           {R"({"features":[],"features":[]})", "two lists of features"},
           {R"({"features":[],"a":tru})", "broken before or after the list of features"},
           {R"({"features":[])", "regions.geojson: it ends in the middle; copy or export the file again"},
           {R"({"features":[ )", "it ends in the middle"},
           {R"({"a")", "it ends in the middle"},
           {R"({"a":)", "it ends in the middle"},
           {R"({"a":1 "b":2})", "its JSON is broken at byte 7 of the file"},
           {R"([,])", "its JSON is broken at byte 1 of the file"},
           {R"([{"type":"Feature"},])", "its JSON is broken at byte 20 of the file"},
           {R"([{"type":"Feature"} {"type":"Feature"}])", "its JSON is broken at byte 20 of the file"},
           {R"([ {"type":"Feature","a":tru}])",
            "feature 0 of regions.geojson: its JSON is broken at byte 27 of the file"},
           {R"([{"type":"Feature","a":)", "feature 0 of regions.geojson: the file ends in the middle of it"},
           {R"([{"type":"Feature","a":"])", "feature 0 of regions.geojson: the file ends in the middle of it"},
           {R"([{"type":"Feature","a":[}]}])", "feature 0 of regions.geojson: its JSON is broken at byte 24"},
           {R"([{"a":1e999}])", "a number is too large"},
           {R"([{"a":NaN}])", "NaN and Infinity must stand in quotes"},
           {R"([{"a":-Infinity}])", "NaN and Infinity must stand in quotes"},
           {"[{\"a\":\"\xFF\"}]", "its JSON is broken at byte 7 of the file"},
       }) {
    const auto all = ParseAll(wrong.text);
    ASSERT_FALSE(all.ok()) << wrong.text;
    EXPECT_EQ(all.error().code, Code::kCorrupt);
    EXPECT_THAT(ToString(all.error()), HasSubstr(wrong.sentence));
  }
}

TEST(GeoJsonReader, LimitsHoldPerFeature) {
  const std::string feature = FeatureText(kSquare);
  std::string many = "[" + feature;
  for (int i = 0; i < 100; ++i) many += "," + feature;
  many += "]";
  GeoJsonLimits limits;
  limits.feature_bytes = 300;
  limits.feature_positions = 5;
  limits.feature_values = 20;
  limits.depth = 6;
  EXPECT_THAT(ReadAll(many, limits), SizeIs(101));
  const auto exhausted = [&](const std::string& text, const std::string& sentence) {
    const auto all = ParseAll(text, limits);
    ASSERT_FALSE(all.ok()) << text;
    EXPECT_EQ(all.error().code, Code::kExhausted);
    EXPECT_THAT(ToString(all.error()), EndsWith(sentence));
  };
  const std::string long_text(300, 'a'), spaces(400, ' ');
  exhausted("[" + FeatureText(kSquare, R"({"name":")" + long_text + "\"}") + "]",
            "feature 0 of regions.geojson: it is larger than 300 B; simplify it or divide it");
  exhausted("{" + spaces + "}", "regions.geojson: it is larger than 300 B; simplify it or divide it");
  exhausted("[" + feature + "," +
                FeatureText(R"({"type":"MultiPoint","coordinates":[[0,0],[0,0],[0,0],[0,0],[0,0],[0,0]]})") + "]",
            "feature 1 of regions.geojson: it has more than 5 positions; simplify it or divide it");
  exhausted(FeatureText("null", R"({"a":[1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9]})"), "divide it into several features");
  exhausted(FeatureText(R"({"type":"Polygon","coordinates":[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[]]})"),
            "divide it into several features");
  exhausted(FeatureText("null", R"({"a":[[[[[]]]]]})"), "its JSON is nested more than 6 deep");
  exhausted(FeatureText(R"({"type":"Polygon","coordinates":[[[[[]]]]]})"), "its JSON is nested more than 6 deep");
}

}  // namespace
}  // namespace tegula::objects
