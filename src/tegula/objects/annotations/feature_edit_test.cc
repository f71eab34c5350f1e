#include "tegula/objects/annotations/feature_edit.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "tegula/objects/annotations/testing/parse_geojson.h"

namespace tegula::objects {
namespace {

using Json = nlohmann::ordered_json;

std::string Edited(const std::string& text, const std::vector<FeatureEdit>& edits) {
  const std::vector<Annotation> all = ReadAll(text);
  if (all.size() != 1) return "";
  const Result<std::string> edited = EditFeature(all.front(), edits);
  EXPECT_TRUE(edited.ok());
  return edited.ok() ? *edited : "";
}

TEST(EditFeature, ChangesTheClassAndNothingElse) {
  const std::string text =
      FeatureText(kSquare, R"({"objectType":"cell","classification":{"name":"Old","color":[1,2,3]},"isLocked":true,)"
                           R"("metadata":{"stain":"HE"},"measurements":{"a":0.1,"b":"NaN"}})");
  Json expected = Json::parse(text);
  expected["properties"]["classification"] = {{"name", "New"}, {"color", {4, 5, 6}}};
  EXPECT_EQ(Edited(text, {{FeatureEdit::Class{"New", {4, 5, 6}}, {}}}), expected.dump());
}

TEST(EditFeature, WithoutAnythingToDoGivesTheSameValuesInTheSameOrder) {
  const std::string text = FeatureText(kSquare, R"({"z":1e-300,"y":[0.1,12345678901234],"x":{"ü":null}})");
  EXPECT_EQ(Edited(text, {FeatureEdit{}}), Json::parse(text).dump());
}

TEST(EditFeature, TakesAClassAway) {
  const std::string text = FeatureText(kSquare, R"({"classification":"Old","name":"n"})");
  EXPECT_EQ(Edited(text, {{FeatureEdit::Class{}, {}}}), Json::parse(FeatureText(kSquare, R"({"name":"n"})")).dump());
}

TEST(EditFeature, AddsMeasurementsAndReplacesThoseOfTheSameName) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::string text = FeatureText(kSquare, R"({"measurements":{"a":1,"b":2}})");
  const std::vector<Annotation> read = ReadAll(Edited(text, {{{}, {{"b", 2.5}, {"c", nan}}}}));
  ASSERT_EQ(read.size(), 1U);
  ASSERT_EQ(read[0].measurements.size(), 3U);
  EXPECT_EQ(read[0].measurements[0], (std::pair<std::string, double>{"a", 1.0}));
  EXPECT_EQ(read[0].measurements[1], (std::pair<std::string, double>{"b", 2.5}));
  EXPECT_TRUE(std::isnan(read[0].measurements[2].second));
}

TEST(EditFeature, KeepsTheListOfMeasurementsThatOldVersionsWrote) {
  const std::string text = FeatureText(kSquare, R"({"measurements":[{"name":"a","value":1}]})");
  const std::vector<Annotation> read = ReadAll(Edited(text, {{{}, {{"a", 3}, {"b", 4}}}}));
  ASSERT_EQ(read.size(), 1U);
  EXPECT_EQ(read[0].measurements, (std::vector<std::pair<std::string, double>>{{"a", 3.0}, {"b", 4.0}}));
}

TEST(EditFeature, GoesThroughChildrenInTheirOrder) {
  const std::string leaf = FeatureText(kSquare);
  const std::string child = FeatureText(kSquare, R"({"childObjects":[)" + leaf + "]}");
  const std::string text = FeatureText(kSquare, R"({"childObjects":[)" + child + "," + leaf + "]}");
  std::vector<FeatureEdit> edits;
  for (const char* name : {"0", "1", "2", "3"}) edits.push_back({FeatureEdit::Class{name, {}}, {}});
  const std::vector<Annotation> read = ReadAll(Edited(text, edits));
  ASSERT_EQ(read.size(), 1U);
  const std::vector<const Annotation*> all = AllOf(read[0]);
  ASSERT_EQ(all.size(), 4U);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i]->class_name, std::to_string(i));
}

TEST(EditFeature, MakesAFeatureOfABareGeometry) {
  const std::vector<Annotation> read =
      ReadAll(Edited(std::string(kSquare), {{FeatureEdit::Class{"New", {4, 5, 6}}, {}}}));
  ASSERT_EQ(read.size(), 1U);
  EXPECT_EQ(read[0].class_name, "New");
  EXPECT_EQ(read[0].geometry.polygons.size(), 1U);
}

TEST(EditFeature, RefusesEditsThatBelongToAnotherFeature) {
  const std::vector<Annotation> all = ReadAll(FeatureText(kSquare));
  ASSERT_EQ(all.size(), 1U);
  EXPECT_FALSE(EditFeature(all[0], std::vector<FeatureEdit>(2)).ok());
}

}  // namespace
}  // namespace tegula::objects
