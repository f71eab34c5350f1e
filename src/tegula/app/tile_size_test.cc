#include "tegula/app/tile_size.h"

#include <gtest/gtest.h>

namespace tegula::app {
namespace {

using pipeline::WindowCost;
using pipeline::WindowCosts;

TEST(WindowCosts, LieOnTheLinesBetweenWhatWasMeasured) {
  const WindowCosts costs({{4000, 4, 500}, {1000, 1.5, 200}, {1000, 9, 9}});
  ASSERT_EQ(costs.measured().size(), 2u);
  EXPECT_DOUBLE_EQ(costs.Seconds(1000), 1.5);
  EXPECT_DOUBLE_EQ(costs.Seconds(2500), 2.75);
  EXPECT_DOUBLE_EQ(costs.Seconds(500), 0.75) << "a smaller window costs as much per pixel as the smallest";
  EXPECT_DOUBLE_EQ(costs.Seconds(40000), 40) << "a larger one as much per pixel as the largest";
  EXPECT_EQ(costs.Bytes(2500), 350);
  EXPECT_EQ(costs.Bytes(7000), 800);
  EXPECT_EQ(costs.Bytes(0), 100);
}

TEST(WindowCosts, OfOneSizeGrowWithThePixels) {
  const WindowCosts costs({{1000, 2, 300}});
  EXPECT_EQ(costs.Bytes(2000), 600);
  EXPECT_EQ(costs.Bytes(500), 300);
  EXPECT_DOUBLE_EQ(costs.Seconds(2000), 4);
}

TEST(WindowCosts, SurviveTheCache) {
  const WindowCosts costs({{65536, 0.0219, 24195072}, {1048576, 0.6, 283201536}});
  const std::optional<WindowCosts> read = CostsFromJson(CostsToJson(costs));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->measured(), costs.measured());
}

TEST(WindowCosts, ThatCannotBeAreNotRead) {
  for (const char* text : {"", "{}", "[]", R"({"windows": []})", R"({"windows": [{"pixels": 1, "seconds": 1}]})",
                           R"({"windows": [{"pixels": 0, "seconds": 1, "bytes": 1}]})",
                           R"({"windows": [{"pixels": 1, "seconds": -1, "bytes": 1}]})",
                           R"({"windows": [{"pixels": 1, "seconds": 1, "bytes": -1}]})",
                           R"({"windows": [{"pixels": 1, "seconds": "1", "bytes": 1}]})"})
    EXPECT_FALSE(CostsFromJson(text)) << text;
}

TEST(WindowsToMeasure, AreSizesThatTheNetworkTakesAndEachOnce) {
  tiling::ModelGrid plane;
  plane.axes[GridAxis::kY] = plane.axes[GridAxis::kX] = tiling::AxisRules{.sizes = {80, 48}, .grid = 16};
  const std::vector<PerAxis<std::int64_t>> windows = pipeline::WindowsToMeasure(plane);
  ASSERT_EQ(windows.size(), 3u);
  for (const PerAxis<std::int64_t>& window : windows) {
    EXPECT_EQ((window[GridAxis::kY] - 80) % 48, 0);
    EXPECT_EQ(window[GridAxis::kZ], 1);
  }
  EXPECT_GE(windows.back()[GridAxis::kX], 1024);
  plane.axes[GridAxis::kY] = plane.axes[GridAxis::kX] = tiling::AxisRules{.sizes = {512, 0}, .grid = 16};
  EXPECT_EQ(pipeline::WindowsToMeasure(plane).size(), 1u);
}

}  // namespace
}  // namespace tegula::app
