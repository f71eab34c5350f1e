#include "tegula/app/view/object_set.h"

#include <gtest/gtest.h>

#include "tegula/app/testing/object_files.h"

namespace tegula::app {
namespace {

const objects::PointRing kSquare = {{10, 20}, {10, 30.25}, {15.5, 30.25}, {15.5, 20}};

TEST(ObjectSet, HoldsWhatTheFileSays) {
  const auto set =
      *ReadObjects({FeatureText({kSquare, {{12, 22}, {12, 23}, {13, 23}}}, "Nucleus", R"("Area":3.5)"),
                    FeatureText({kSquare}, "", R"("Mean":-1,"Area":"NaN")"), FeatureText({kSquare}, "Nucleus", "")});
  ASSERT_EQ(set->size(), 3);
  ASSERT_EQ(set->classes().size(), 2U);
  EXPECT_EQ(set->classes()[0].name, "Nucleus");
  EXPECT_EQ(set->classes()[0].colour, (outputs::Rgb{1, 2, 3}));
  EXPECT_EQ(set->classes()[0].objects, 2);
  EXPECT_EQ(set->classes()[1].name, "");
  EXPECT_EQ(set->class_of(2), 0U);
  EXPECT_EQ(set->measurements(), (std::vector<std::string>{"Area", "Mean"}));
  EXPECT_EQ(set->value(0, 0), 3.5);
  EXPECT_TRUE(std::isnan(set->value(0, 1)) && std::isnan(set->value(1, 0)) && std::isnan(set->value(2, 1)));
  EXPECT_EQ(set->value(1, 1), -1);
  EXPECT_EQ(set->id(0), "id-Nucleus");
  EXPECT_EQ(set->name(0), "");
  EXPECT_EQ(set->area(0), 10.25 * 5.5 - 0.5);
  EXPECT_EQ(set->area(1), 10.25 * 5.5);
  const ObjectBox box = set->box(0);
  EXPECT_EQ(std::vector<double>({box.y0, box.x0, box.y1, box.x1}), std::vector<double>({10, 20, 15.5, 30.25}));
  std::vector<objects::PointRing> rings;
  set->RingsOf(0, rings);
  ASSERT_EQ(rings.size(), 2U);
  EXPECT_EQ(rings[0], kSquare);
  EXPECT_TRUE(set->Contains(0, {11, 21}));
  EXPECT_FALSE(set->Contains(0, {12.2, 22.9}));  // in the hole
  EXPECT_FALSE(set->Contains(0, {16, 21}));
}

TEST(ObjectSet, FindsThoseWhoseBoxesMeet) {
  std::vector<std::string> features;
  std::vector<objects::PointRing> rings;
  for (int i = 0; i < 400; ++i) {
    const double y = 2000 * UniformAt(1, 0, i, 0) - 200, x = 2000 * UniformAt(1, 0, i, 1) - 200;
    rings.push_back(Blob({y, x}, i % 50 == 0 ? 500 : 10, 12, static_cast<std::uint64_t>(i)));
    features.push_back(FeatureText({rings.back()}, "a", ""));
  }
  const auto set = *ReadObjects(features);
  for (int n = 0; n < 200; ++n) {
    ObjectBox box;
    box.y0 = 2000 * UniformAt(2, 0, n, 0) - 200, box.x0 = 2000 * UniformAt(2, 0, n, 1) - 200;
    box.y1 = box.y0 + 30 * (n % 9), box.x1 = box.x0 + 30 * (n % 7);
    std::vector<std::int64_t> found, expected;
    set->ForEachMeeting(box, [&](std::int64_t i) { found.push_back(i); });
    std::sort(found.begin(), found.end());
    for (std::int64_t i = 0; i < set->size(); ++i) {
      const ObjectBox own = set->box(i);
      if (own.y0 <= box.y1 && box.y0 <= own.y1 && own.x0 <= box.x1 && box.x0 <= own.x1) expected.push_back(i);
    }
    EXPECT_EQ(found, expected) << n;
  }
}

TEST(ObjectSet, ShowsLinesPointsAndNestedObjectsAndSaysWhatHasNoPlace) {
  const auto set = *ReadObjects(
      {R"({"type":"Feature","geometry":{"type":"LineString","coordinates":[[0,0],[5,0],[5,9]]},"properties":{}})",
       R"({"type":"Feature","geometry":{"type":"Point","coordinates":[7,8]},"properties":{"name":"spot"}})",
       R"({"type":"Feature","geometry":null,"properties":{}})"});
  ASSERT_EQ(set->size(), 3);
  std::vector<objects::PointRing> rings;
  set->RingsOf(0, rings);
  ASSERT_EQ(rings.size(), 1U);
  EXPECT_EQ(rings[0], (objects::PointRing{{0, 0}, {0, 5}, {9, 5}, {0, 5}}));
  EXPECT_EQ(set->area(0), 0);
  EXPECT_EQ(set->name(1), "spot");
  EXPECT_EQ(set->box(1).x1 - set->box(1).x0, 2 * ObjectSet::kPointRadius);
  ASSERT_EQ(set->notes().size(), 1U);
  EXPECT_TRUE(set->notes()[0].starts_with("1 objects have no geometry"));
  set->ForEachMeeting({-1e6, -1e6, 1e6, 1e6}, [](std::int64_t i) { EXPECT_NE(i, 2); });
}

TEST(ObjectSet, RefusesWhatIsOnNoImageOrTakesTooMuch) {
  const auto far = ReadObjects({FeatureText({{{0, 0}, {0, 1e9}, {1, 1}}}, "", "")});
  ASSERT_FALSE(far.ok());
  EXPECT_EQ(far.error().code, Code::kInvalid);
  const auto large = ReadObjects(std::vector<std::string>(100, FeatureText({kSquare}, "", R"("Area":1)")), 5000);
  ASSERT_FALSE(large.ok());
  EXPECT_EQ(large.error().code, Code::kExhausted);
  std::string many;
  for (std::size_t i = 0; i <= ObjectSet::kMostMeasurements; ++i) many += fmt::format(R"({}"m{}":1)", i ? "," : "", i);
  EXPECT_EQ(ReadObjects({FeatureText({kSquare}, "", many)}).error().code, Code::kExhausted);
}

TEST(ObjectSet, GivesUpWhenNobodyWaits) {
  const TemporaryFolder folder = *TemporaryFolder::Create("objects");
  ASSERT_TRUE(WriteFileWhole(folder.path() / "a.geojson", "[" + FeatureText({kSquare}, "", "") + "]").ok());
  const SerialExecutor executor;
  SilentProgress silent;
  const auto set = ObjectSet::Read(folder.path() / "a.geojson", {executor, silent}, []() { return true; });
  EXPECT_EQ(set.error().code, Code::kCancelled);
}

}  // namespace
}  // namespace tegula::app
