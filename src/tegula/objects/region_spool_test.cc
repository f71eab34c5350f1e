#include "tegula/objects/region_spool.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tegula/objects/testing/class_maps.h"

namespace tegula::objects {
namespace {

class RegionSpoolTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto folder = TemporaryFolder::Create("tegula-spool");
    ASSERT_TRUE(folder.ok());
    folder_.emplace(std::move(folder).value());
  }
  Path file() const { return folder_->path() / "objects"; }
  std::optional<TemporaryFolder> folder_;
};

TEST_F(RegionSpoolTest, GivesBackWhatWasAddedInTheOrderOfFirstPixels) {
  std::mt19937 random(41);
  for (int round = 0; round < 200 && !HasFailure(); ++round) {
    const testing::Map map = testing::RandomMap(random, 30);
    const auto traced = TraceRegions(map.view(), {.connectivity = Connectivity::kCorners});
    ASSERT_TRUE(traced.ok());
    std::vector<Region> shuffled = traced.value();
    std::shuffle(shuffled.begin(), shuffled.end(), random);
    auto spool = RegionSpool::Create(file());
    ASSERT_TRUE(spool.ok());
    for (const Region& region : shuffled)
      ASSERT_TRUE(spool->Add(region, std::vector{region.centroid_x, -1e300, 0.1}).ok());
    ASSERT_TRUE(spool->Finish().ok());
    ASSERT_EQ(spool->entries().size(), traced->size());
    for (std::size_t i = 0; i < traced->size(); ++i) {
      const Region& expected = traced.value()[i];
      const auto found = spool->Read(i);
      ASSERT_TRUE(found.ok());
      const Region& region = found->region;
      EXPECT_EQ(region.first, expected.first);
      EXPECT_EQ(region.label, expected.label);
      EXPECT_EQ(region.pixels, expected.pixels);
      EXPECT_EQ(region.area_px, expected.area_px);
      EXPECT_EQ(region.centroid_y, expected.centroid_y);
      EXPECT_EQ(region.bounds, expected.bounds);
      ASSERT_EQ(region.polygons.size(), expected.polygons.size());
      for (std::size_t p = 0; p < region.polygons.size(); ++p) {
        EXPECT_EQ(region.polygons[p].outer, expected.polygons[p].outer);
        EXPECT_EQ(region.polygons[p].holes, expected.polygons[p].holes);
      }
      EXPECT_EQ(found->values, (std::vector{expected.centroid_x, -1e300, 0.1}));
      EXPECT_EQ(spool->entries()[i].area_px, expected.area_px);
      EXPECT_EQ(spool->entries()[i].centroid, (Point{expected.centroid_y, expected.centroid_x}));
    }
  }
}

TEST_F(RegionSpoolTest, OrdersOverlappingObjectsOfOnePlaceByLabel) {
  auto spool = RegionSpool::Create(file());
  ASSERT_TRUE(spool.ok());
  for (const std::int32_t label : {2, 0, 1}) {
    Region region{.label = label, .first = {5, 5}};
    region.polygons = {{{{5, 5}, {5, 6}, {6, 6}, {6, 5}, {5, 5}}, {}}};
    MeasureOutline(region);
    ASSERT_TRUE(spool->Add(region, {}).ok());
  }
  spool->Forget([](const RegionSpool::Entry& entry) { return entry.label == 1; });
  ASSERT_TRUE(spool->Finish().ok());
  ASSERT_EQ(spool->entries().size(), 2U);
  EXPECT_EQ(spool->entries()[0].label, 0);
  EXPECT_EQ(spool->entries()[1].label, 2);
}

TEST_F(RegionSpoolTest, LeavesNoFile) {
  {
    auto finished = RegionSpool::Create(file());
    ASSERT_TRUE(finished->Finish().ok());
    auto cut_off = RegionSpool::Create(folder_->path() / "other");
    ASSERT_TRUE(cut_off.ok());
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_->path()));
}

}  // namespace
}  // namespace tegula::objects
