#include "tegula/objects/split/split_region.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "tegula/core/random.h"
#include "tegula/objects/split/distance.h"
#include "tegula/objects/split/steps.h"
#include "tegula/objects/split/tops.h"
#include "tegula/objects/split/watershed.h"
#include "tegula/objects/testing/class_maps.h"

namespace tegula::objects {
namespace {

using testing::Draw;
using testing::Map;
using testing::Pixels;
using ::testing::SizeIs;

std::vector<Region> Traced(const Map& map, Connectivity connectivity = Connectivity::kEdges) {
  auto regions = TraceRegions(map.view(), {.connectivity = connectivity});
  EXPECT_TRUE(regions.ok());
  return std::move(regions).value();
}

Connectivity Alternating(int round) { return round % 2 == 0 ? Connectivity::kEdges : Connectivity::kCorners; }

TEST(SquaredDistances, AreThoseToTheNearestPixelThatIsNotOfTheRegion) {
  std::mt19937 random(51);
  for (int round = 0; round < 600 && !HasFailure(); ++round) {
    const Map map = testing::RandomMap(random, 14);
    SCOPED_TRACE(testing::ToString(map));
    for (const Region& region : Traced(map, Alternating(round))) {
      const MaskBox mask(region);
      const std::vector<std::int32_t> squared =
          SquaredDistances(mask, ImageSides::Of(region.bounds, map.height, map.width));
      const Pixels pixels = testing::Rasterise(region);
      for (std::int64_t y = region.bounds.y.begin; y < region.bounds.y.end; ++y)
        for (std::int64_t x = region.bounds.x.begin; x < region.bounds.x.end; ++x) {
          std::int64_t nearest = kNoEdge;
          for (std::int32_t ny = 0; ny < map.height; ++ny)
            for (std::int32_t nx = 0; nx < map.width; ++nx)
              if (pixels.count({ny, nx}) == 0)
                nearest = std::min<std::int64_t>(nearest, (y - ny) * (y - ny) + (x - nx) * (x - nx));
          EXPECT_EQ(squared[mask.At(y, x)], nearest) << "y=" << y << " x=" << x;
        }
    }
  }
}

// How far one must go down from a pixel to reach one that is higher, or as high and before it; infinitely far from the
// first of the highest.
double DepthByFlooding(const MaskBox& mask, const std::vector<float>& heights, std::size_t from, const Steps& steps) {
  std::vector<float> levels;
  for (std::size_t i = 0; i < heights.size(); ++i)
    if (mask.inside[i] != 0 && heights[i] <= heights[from]) levels.push_back(heights[i]);
  std::ranges::sort(levels, std::greater<>());
  for (const float level : levels) {
    std::vector<bool> seen(heights.size());
    std::vector<std::size_t> open{from};
    seen[from] = true;
    while (!open.empty()) {
      const std::size_t place = open.back();
      open.pop_back();
      if (heights[place] > heights[from] || (heights[place] == heights[from] && place < from))
        return static_cast<double>(heights[from]) - static_cast<double>(level);
      steps.ForEach(place, [&](std::size_t next) {
        if (mask.inside[next] == 0 || seen[next] || heights[next] < level) return;
        seen[next] = true;
        open.push_back(next);
      });
    }
  }
  return std::numeric_limits<double>::infinity();
}

TEST(TopsOfValues, RiseAboveThePassToWhatIsHigher) {
  std::mt19937 random(52);
  for (int round = 0; round < 200 && !HasFailure(); ++round) {
    const Map map = testing::RandomMap(random, 9);
    SCOPED_TRACE(testing::ToString(map));
    for (const Region& region : Traced(map, Alternating(round))) {
      const MaskBox mask(region);
      const Steps steps(Alternating(round), mask.height(), mask.width());
      std::vector<float> heights(mask.inside.size());
      for (float& height : heights) height = static_cast<float>(random() % 6);
      for (const double depth : {1.0, 2.0, 4.0}) {
        std::vector<std::size_t> expected;
        for (std::size_t i = 0; i < heights.size(); ++i)
          if (mask.inside[i] != 0 && DepthByFlooding(mask, heights, i, steps) >= depth) expected.push_back(i);
        EXPECT_EQ(TopsOfValues(mask, heights, depth, Alternating(round)), expected) << "depth " << depth;
      }
    }
  }
}

TEST(TopsOfDistances, CompareRootsOfSquares) {
  const Region region = Traced(Draw({"00000"})).front();
  const MaskBox mask(region);
  const std::vector<std::int32_t> squared = {25, 9, 16, 1, 4};
  EXPECT_EQ(TopsOfDistances(mask, squared, 1, Connectivity::kEdges), (std::vector<std::size_t>{0, 2, 4}));
  EXPECT_EQ(TopsOfDistances(mask, squared, 1.01, Connectivity::kEdges), (std::vector<std::size_t>{0}));
  const std::vector<std::int32_t> high = {1'000'000, 250'000, 640'000, 0, 1};  // sorted, not counted
  EXPECT_EQ(TopsOfDistances(mask, high, 300, Connectivity::kEdges), (std::vector<std::size_t>{0, 2}));
}

// The same rule, with a list that is searched through.
std::vector<std::uint32_t> FloodByHand(const MaskBox& mask, const std::vector<float>& heights,
                                       std::vector<std::uint32_t> labels, const Steps& steps) {
  std::vector<std::size_t> front;
  for (std::size_t i = 0; i < labels.size(); ++i)
    if (labels[i] != 0) front.push_back(i);
  while (!front.empty()) {
    const auto next = std::ranges::max_element(front, {}, [&](std::size_t i) { return heights[i]; });  // the first
    const std::size_t place = *next;
    front.erase(next);
    steps.ForEach(place, [&](std::size_t to) {
      if (mask.inside[to] == 0 || labels[to] != 0) return;
      labels[to] = labels[place];
      front.push_back(to);
    });
  }
  return labels;
}

TEST(Flood, TakesTheHighestPixelAndOfEqualOnesTheOldest) {
  std::mt19937 random(53);
  for (int round = 0; round < 300 && !HasFailure(); ++round) {
    const Map map = testing::RandomMap(random, 12);
    for (const Region& region : Traced(map, Alternating(round))) {
      const MaskBox mask(region);
      std::vector<float> heights(mask.inside.size());
      std::vector<std::uint32_t> seeds(heights.size());
      for (std::size_t i = 0; i < heights.size(); ++i) {
        heights[i] = static_cast<float>(random() % 5);
        if (mask.inside[i] != 0 && random() % 8 == 0) seeds[i] = 1 + static_cast<std::uint32_t>(random() % 3);
      }
      const Steps steps(Alternating(round), mask.height(), mask.width());
      EXPECT_EQ(Flood(mask, std::span<const float>(heights), seeds, Alternating(round)),
                FloodByHand(mask, heights, seeds, steps));
    }
  }
}

void ExpectPartition(const Region& region, const std::vector<Region>& parts) {
  Pixels all;
  for (const Region& part : parts) {
    EXPECT_EQ(part.label, region.label);
    const Pixels pixels = testing::Rasterise(part);
    EXPECT_EQ(part.pixels, static_cast<std::int64_t>(pixels.size()));
    EXPECT_EQ(part.first, *pixels.begin());
    for (const Corner p : pixels) EXPECT_TRUE(all.insert(p).second) << "in two parts";
  }
  EXPECT_EQ(all, testing::Rasterise(region));
  EXPECT_TRUE(std::ranges::is_sorted(parts, {}, &Region::first));
}

// Two discs that overlap, moved by (y, x).
Map TwoDiscs(std::int32_t y, std::int32_t x) {
  Map map = testing::Filled(40 + y, 60 + x, kNoClass8);
  for (std::int32_t row = 0; row < 40; ++row)
    for (std::int32_t column = 0; column < 60; ++column) {
      const auto is_in = [&](double cy, double cx, double r) { return std::hypot(row - cy, column - cx) <= r; };
      if (is_in(20, 18, 13) || is_in(20, 41, 13))
        map.labels[static_cast<std::size_t>((row + y) * map.width + column + x)] = 2;
    }
  return map;
}

TEST(SplitRegion, TakesDiscsApartWhereTheyMeetWhereverTheyAre) {
  std::vector<std::vector<Region>> found;
  for (const auto& [y, x] : {std::pair(0, 0), std::pair(7, 13)}) {
    const Map map = TwoDiscs(y, x);
    const Region region = Traced(map).front();
    const auto parts =
        SplitRegion(region, {.method = SplitMethod::kDistance}, ImageSides::Of(region.bounds, map.height, map.width));
    ASSERT_TRUE(parts.ok());
    ASSERT_THAT(*parts, SizeIs(2));
    ExpectPartition(region, *parts);
    EXPECT_NEAR(static_cast<double>((*parts)[0].area_px), static_cast<double>((*parts)[1].area_px), 40);
    found.push_back(*parts);
  }
  for (std::size_t i = 0; i < 2; ++i)
    for (std::size_t k = 0; k < found[0][i].polygons[0].outer.size(); ++k) {
      const Corner a = found[0][i].polygons[0].outer[k], b = found[1][i].polygons[0].outer[k];
      EXPECT_EQ((Corner{a.y + 7, a.x + 13}), b);
    }
}

TEST(SplitRegion, LeavesOneObjectWhole) {
  for (const double depth : {0.75, 20.0}) {
    const Map map = depth < 1 ? testing::Filled(20, 30, 0) : TwoDiscs(0, 0);
    const Region region = Traced(map).front();
    const auto parts = SplitRegion(region, {.method = SplitMethod::kDistance, .depth = depth}, {});
    ASSERT_TRUE(parts.ok());
    EXPECT_THAT(*parts, SizeIs(0));
  }
}

TEST(SplitRegion, PartitionsAnyRegionByValuesAndBySeeds) {
  std::mt19937 random(54);
  int split = 0;
  for (int round = 0; round < 300 && !HasFailure(); ++round) {
    const Map map = testing::RandomMap(random, 25);
    const auto read = [&](const Box& box, std::span<float> values) -> Status {
      std::size_t i = 0;
      for (std::int64_t y = box.y.begin; y < box.y.end; ++y)
        for (std::int64_t x = box.x.begin; x < box.x.end; ++x) {
          const double value = UniformAt(9, round, y, x);
          values[i++] = value < 0.05 ? std::nanf("") : static_cast<float>(value);
        }
      return Ok();
    };
    for (const Region& region : Traced(map, Alternating(round))) {
      const SplitOptions options{.method = round % 3 == 0 ? SplitMethod::kSeeds : SplitMethod::kValues,
                                 .depth = 0.3,
                                 .seed_threshold = 0.8,
                                 .connectivity = Alternating(round)};
      const auto parts = SplitRegion(region, options, {}, read);
      ASSERT_TRUE(parts.ok());
      if (parts->empty()) continue;
      ++split;
      EXPECT_GE(parts->size(), 2U);
      ExpectPartition(region, *parts);
    }
  }
  EXPECT_GT(split, 100);
}

TEST(SplitRegion, PassesOnWhatReadingSays) {
  const Region region = Traced(testing::Filled(3, 3, 0)).front();
  const auto fail = [](const Box&, std::span<float>) -> Status { return IoError("the disk is gone"); };
  EXPECT_EQ(SplitRegion(region, {.method = SplitMethod::kSeeds}, {}, fail).error().code, Code::kIo);
}

}  // namespace
}  // namespace tegula::objects
