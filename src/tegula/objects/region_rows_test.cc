#include "tegula/objects/region_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tegula/objects/testing/class_maps.h"

namespace tegula::objects {
namespace {

using ::testing::ElementsAre;

TEST(RegionRows, AreThePixelsThatTheOutlineHolds) {
  std::mt19937 random(11);
  for (int round = 0; round < 1500 && !HasFailure(); ++round) {
    const testing::Map map = testing::RandomMap(random, 16);
    SCOPED_TRACE(testing::ToString(map));
    const Connectivity connectivity = round % 2 == 0 ? Connectivity::kEdges : Connectivity::kCorners;
    const auto regions = TraceRegions(map.view(), {.connectivity = connectivity});
    ASSERT_TRUE(regions.ok());
    for (const Region& region : regions.value()) {
      testing::Pixels pixels;
      std::int32_t before = -1;
      for (RegionRows rows(region.polygons); rows.Next();) {
        EXPECT_LT(before, rows.y());
        before = rows.y();
        std::int32_t end = -1;
        for (const PixelRun run : rows.runs()) {
          EXPECT_LT(end, run.begin) << "runs touch";
          EXPECT_LT(run.begin, run.end);
          end = run.end;
          for (std::int32_t x = run.begin; x < run.end; ++x) pixels.insert({rows.y(), x});
        }
      }
      EXPECT_EQ(pixels, testing::Rasterise(region));
    }
  }
}

TEST(RegionRows, PassOverRowsBetweenPartsThatAreFarApart) {
  std::vector<Polygon> parts(2);
  parts[0].outer = {{1, 1}, {1, 3}, {2, 3}, {2, 1}, {1, 1}};
  parts[1].outer = {{9, 0}, {9, 1}, {10, 1}, {10, 0}, {9, 0}};
  RegionRows rows(parts);
  ASSERT_TRUE(rows.Next());
  EXPECT_EQ(rows.y(), 1);
  EXPECT_THAT(rows.runs(), ElementsAre(PixelRun{1, 3}));
  ASSERT_TRUE(rows.Next());
  EXPECT_EQ(rows.y(), 9);
  EXPECT_THAT(rows.runs(), ElementsAre(PixelRun{0, 1}));
  EXPECT_FALSE(rows.Next());
  EXPECT_FALSE(rows.Next());
}

}  // namespace
}  // namespace tegula::objects
