#include "tegula/app/tile_size.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tegula/image/open.h"
#include "tegula/pipeline/testing/toy_model.h"

namespace tegula::app {
namespace {

using pipeline::WindowCost;
using pipeline::WindowCosts;
using ::testing::HasSubstr;

constexpr std::int64_t kMega = 1 << 20;

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

// Windows of an image of 8192² pixels, for a network that needs 56 pixels around each of them.
class ChosenTiles : public ::testing::Test {
 protected:
  // The costs: as many seconds and bytes per pixel for windows of any size, unless `large_cost` says otherwise.
  Result<TileChoice> Choose(const MemoryBudget& budget, std::optional<std::int64_t> tile = {}, double large_cost = 1) {
    tiling::TileRequest tiling;
    tiling.SetContext(56);
    if (tile) tiling.SetTile(*tile);
    const WindowCosts costs({{512 * 512, 0.1, 64 * kMega}, {1024 * 1024, 0.4 * large_cost, 256 * kMega}});
    return ChooseTiles(model_, {&feed_, 1}, {{0}, tiling}, &costs, budget, 100 * kMega, 2);
  }
  std::int64_t WindowOf(const TileChoice& choice) {
    return pipeline::PlanFor(model_, {&feed_, 1}, {{0}, choice.tiling})->axes[GridAxis::kX].window;
  }
  const spec::ModelDescription model_ = pipeline::ToyModel("conv 2 1\nconv 3 2\n", {});
  const std::unique_ptr<image::Source> source_ = image::Open("synthetic:noise,height=8192,width=8192,seed=1").value();
  const image::BoundImage bound_ = image::Bind(*source_, {}, {}).value();
  const pipeline::InputFeed feed_{.image = &bound_};
};

TEST_F(ChosenTiles, AreAsLargeAsPays) {
  const TileChoice choice = Choose({64LL << 30}).value();
  EXPECT_GT(WindowOf(choice), 2048);
  EXPECT_GT(choice.bytes, 4 * 256 * kMega);
  EXPECT_LT(WindowOf(Choose({64LL << 30}, {}, 2).value()), 1024) << "where large windows cost twice as much per pixel";
}

TEST_F(ChosenTiles, KeepWithinTheMemory) {
  std::int64_t last = 0;
  for (const std::int64_t megabytes : {300, 600, 1200, 2400}) {
    const TileChoice choice = Choose({megabytes * kMega}).value();
    EXPECT_LE(choice.bytes, megabytes * kMega);
    EXPECT_GT(WindowOf(choice), last) << megabytes;
    last = WindowOf(choice);
  }
}

TEST_F(ChosenTiles, ThatCannotFitAreRefusedWithWhatIsNeeded) {
  const Result<TileChoice> nothing = Choose({110 * kMega, true});
  ASSERT_FALSE(nothing.ok());
  EXPECT_EQ(nothing.error().code, Code::kExhausted);
  EXPECT_THAT(nothing.error().what, HasSubstr("allow more with --memory"));
  const Result<TileChoice> asked = Choose({300 * kMega, true}, 1024);
  ASSERT_FALSE(asked.ok());
  EXPECT_THAT(asked.error().what, HasSubstr("ask for smaller windows with --tile"));
  EXPECT_EQ(WindowOf(Choose({600 * kMega, true}, 1024).value()), 1024);
}

}  // namespace
}  // namespace tegula::app
