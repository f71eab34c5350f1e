#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tegula/objects/testing/class_maps.h"
#include "tegula/pipeline/label_image.h"
#include "tegula/pipeline/object_junctions.h"
#include "tegula/pipeline/testing/find_objects.h"

namespace tegula::pipeline {
namespace {

using testing::Find;
using testing::Found;

// A map of one channel that is 1 where `is_inside(y, x)` holds and 0 elsewhere.
template <class F>
Tensor MapOf(std::int64_t height, std::int64_t width, F&& is_inside) {
  Tensor map = Tensor::Allocate(DType::kF32, {1, height, width}).value();
  float* out = map.values<float>().data();
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x) *out++ = is_inside(y, x) ? 1.0F : 0.0F;
  return map;
}

class ObjectCasesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto folder = TemporaryFolder::Create("tegula-objects");
    ASSERT_TRUE(folder.ok());
    folder_.emplace(std::move(folder).value());
  }

  // Objects of the whole map, after the same have come out in tiles of several sizes with several workers.
  Found FindInTiles(const Tensor& map, const ObjectsOptions& options) {
    const std::int64_t whole = std::max(map.shape()[1], map.shape()[2]);
    const objects::MeasureOptions measure{.shape = true};
    Found expected = Find(folder_->path(), map, nullptr, whole, 1, options, measure);
    for (const std::int64_t tile : {std::int64_t{64}, std::int64_t{257}, std::int64_t{1024}, whole})
      for (const int workers : {1, 2, 8}) {
        SCOPED_TRACE(::testing::Message() << "tiles of " << tile << ", " << workers << " workers");
        ExpectSame(expected, Find(folder_->path(), map, nullptr, tile, workers, options, measure));
        if (HasFailure()) return expected;
      }
    return expected;
  }

  const ObjectsOptions options_{.passes = {{objects::Threshold{0, 0.5}, {}, 0}}};
  std::optional<TemporaryFolder> folder_;
};

TEST_F(ObjectCasesTest, ASlideThatIsAllForegroundIsOneRectangle) {
  const Found found = FindInTiles(MapOf(1100, 1030, [](auto, auto) { return true; }), options_);
  ASSERT_EQ(found.objects.size(), 1U);
  EXPECT_EQ(found.Value(0, "Area px^2"), 1100 * 1030);
  EXPECT_THAT(found.objects[0].region.polygons, ::testing::SizeIs(1));
  EXPECT_EQ(found.objects[0].region.polygons[0].outer.size(), 5U);
  EXPECT_EQ(found.summary.at_edge, 1);
}

TEST_F(ObjectCasesTest, PixelsOfACheckerboardAreObjectsOrOneThatCornersConnect) {
  const Tensor map = MapOf(130, 121, [](auto y, auto x) { return (y + x) % 2 == 0; });
  const Found edges = FindInTiles(map, options_);
  EXPECT_EQ(edges.objects.size(), 130U * 121 / 2);
  ObjectsOptions corners = options_;
  corners.connectivity = objects::Connectivity::kCorners;
  const Found one = FindInTiles(map, corners);
  ASSERT_EQ(one.objects.size(), 1U);
  EXPECT_EQ(one.objects[0].region.polygons.size(), edges.objects.size());
}

TEST_F(ObjectCasesTest, RingsWithinRingsHaveOneHoleEach) {
  const auto ring = [](std::int64_t y, std::int64_t x) { return std::max(std::abs(y - 400), std::abs(x - 400)) / 5; };
  const Found found = FindInTiles(MapOf(801, 801, [&](auto y, auto x) { return ring(y, x) % 2 == 0; }), options_);
  ASSERT_EQ(found.objects.size(), 41U);
  for (std::size_t i = 0; i < 40; ++i) {
    EXPECT_EQ(found.objects[i].region.polygons[0].holes.size(), 1U);
    EXPECT_EQ(found.Value(i, "Centroid Y px"), 400.5);
  }
  EXPECT_EQ(found.Value(40, "Holes"), 0) << "the innermost";
  ObjectsOptions filled = options_;
  filled.filter.fill_holes_below_px = 100 * 100;
  const Found fewer = FindInTiles(MapOf(801, 801, [&](auto y, auto x) { return ring(y, x) % 2 == 0; }), filled);
  EXPECT_EQ(fewer.objects.size(), 41U - 5) << "rings in a hole that is filled vanish in it";
}

TEST_F(ObjectCasesTest, AnObjectMayPassThroughAllTiles) {
  // A line that turns back at both sides, a pixel wide and a pixel apart.
  const auto line = [](std::int64_t y, std::int64_t x) { return y % 2 == 0 || x == (y % 4 == 1 ? 1029 : 0); };
  const Found found = FindInTiles(MapOf(1101, 1030, line), options_);
  ASSERT_EQ(found.objects.size(), 1U);
  EXPECT_EQ(found.Value(0, "Area px^2"), 551 * 1030 + 550);
  EXPECT_EQ(found.Value(0, "Holes"), 0);
  EXPECT_EQ(found.objects[0].region.bounds, (Box{{0, 1101}, {0, 1030}}));
}

TEST_F(ObjectCasesTest, LabelImagesHaveTheNumbersOfTheObjects) {
  const Tensor map =
      MapOf(150, 90, [](auto y, auto x) { return (y % 15 - 7) * (y % 15 - 7) + (x % 11 - 5) * (x % 11 - 5) < 40; });
  ObjectsOptions options = options_;
  options.split.method = objects::SplitMethod::kDistance;
  SilentProgress progress;
  const SerialExecutor executor;
  const RunContext context{executor, progress};
  const testing::MemoryPlane plane(map, 64);
  const auto plan = objects::MeasurementPlan::Create({}, {.map = {"a"}}, {}).value();
  const FindResult found = FindObjects(context, {plane}, options, plan, folder_->path() / "spool").value();
  ASSERT_GT(found.objects.size(), 10);
  outputs::StoreOptions store_options{.name = "labels", .axes = {{'y', 150, 32}, {'x', 90, 40}}, .dtype = DType::kU16};
  store_options.is_label = true, store_options.levels = 1;
  const auto store = outputs::ChunkStore::Create(folder_->path() / "labels", store_options).value();
  ASSERT_TRUE(WriteLabels(context, found.objects, store).ok());
  Tensor labels = Tensor::Allocate(DType::kI32, {150, 90}).value();
  ASSERT_TRUE(store.ReadBox(0, {0, 0}, labels.view()).ok());

  std::vector<std::int32_t> expected(150 * 90);
  for (std::int64_t i = 0; i < found.objects.size(); ++i)
    for (const objects::Corner p : objects::testing::Rasterise(found.objects.Read(static_cast<std::size_t>(i))->region))
      expected[static_cast<std::size_t>(p.y * 90 + p.x)] = static_cast<std::int32_t>(i) + 1;
  EXPECT_TRUE(std::ranges::equal(labels.values<std::int32_t>(), expected));

  // Outlines meet where more than two of the four edges at a corner part objects.
  const objects::Junctions junctions = JunctionsOf(context, found.objects, 150, 90).value();
  const auto at = [&](std::int64_t y, std::int64_t x) {
    const bool is_inside = y >= 0 && y < 150 && x >= 0 && x < 90;
    return is_inside ? expected[static_cast<std::size_t>(y * 90 + x)] : 0;
  };
  std::size_t meetings = 0;
  for (std::int32_t y = 0; y <= 150; ++y) {
    std::vector<objects::Corner> by_hand, there;
    for (std::int32_t x = 0; x <= 90; ++x)
      if ((at(y - 1, x - 1) != at(y - 1, x)) + (at(y, x - 1) != at(y, x)) + (at(y - 1, x - 1) != at(y, x - 1)) +
              (at(y - 1, x) != at(y, x)) >
          2)
        by_hand.push_back({y, x});
    junctions.ForEachOn({y, 0}, {y, 91}, [&](objects::Corner corner) { there.push_back(corner); });
    EXPECT_EQ(there, by_hand);
    meetings += by_hand.size();
  }
  EXPECT_GT(meetings, 20U);
}

}  // namespace
}  // namespace tegula::pipeline
