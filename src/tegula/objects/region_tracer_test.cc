#include "tegula/objects/region_tracer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <string_view>

#include "tegula/objects/testing/class_maps.h"

namespace tegula::objects {
namespace {

using testing::Draw;
using ::testing::ElementsAre;
using testing::Filled;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Map;
using testing::Pixels;
using testing::RandomMap;
using testing::Rasterise;
using ::testing::SizeIs;

// The pixels that `step`s connect to `start` among those for which `member` holds.
template <class Member>
Pixels Flood(Corner start, bool diagonals, Member&& member) {
  Pixels found{start};
  std::vector<Corner> open{start};
  while (!open.empty()) {
    const Corner at = open.back();
    open.pop_back();
    for (int dy = -1; dy <= 1; ++dy)
      for (int dx = -1; dx <= 1; ++dx) {
        const Corner next{at.y + dy, at.x + dx};
        if ((diagonals || dy == 0 || dx == 0) && member(next) && found.insert(next).second) open.push_back(next);
      }
  }
  return found;
}

// Every region of a map by its first pixel, found by flooding.
std::map<Corner, Pixels> FloodRegions(const Map& map, Connectivity connectivity) {
  std::map<Corner, Pixels> regions;
  Pixels seen;
  for (std::int32_t y = 0; y < map.height; ++y)
    for (std::int32_t x = 0; x < map.width; ++x) {
      const std::uint8_t label = map.at(y, x);
      if (label == kNoClass8 || seen.count({y, x}) > 0) continue;
      Pixels pixels =
          Flood({y, x}, connectivity == Connectivity::kCorners, [&](Corner p) { return map.at(p.y, p.x) == label; });
      seen.insert(pixels.begin(), pixels.end());
      regions.emplace(Corner{y, x}, std::move(pixels));
    }
  return regions;
}

// The holes of a set of pixels: what edges connect of the rest and does not reach the outside.
std::vector<Pixels> FloodHoles(const Map& map, const Pixels& pixels) {
  const auto rest = [&](Corner p) {
    return p.y >= -1 && p.y <= map.height && p.x >= -1 && p.x <= map.width && pixels.count(p) == 0;
  };
  Pixels seen = Flood({-1, -1}, false, rest);
  std::vector<Pixels> holes;
  for (std::int32_t y = 0; y < map.height; ++y)
    for (std::int32_t x = 0; x < map.width; ++x) {
      if (!rest({y, x}) || seen.count({y, x}) > 0) continue;
      holes.push_back(Flood({y, x}, false, rest));
      seen.insert(holes.back().begin(), holes.back().end());
    }
  return holes;
}

// Closed, only right angles, starts at its first corner, never twice at one place; the places between go to `edges`.
void ExpectSimpleRing(const Ring& ring, std::set<std::pair<Corner, Corner>>& edges) {
  ASSERT_GE(ring.size(), 5U);
  EXPECT_EQ(ring.front(), ring.back());
  EXPECT_EQ(ring.front(), *std::min_element(ring.begin(), ring.end()));
  std::set<Corner> places;
  for (std::size_t i = 0; i + 1 < ring.size(); ++i) {
    const Corner from = ring[i], to = ring[i + 1], after = i + 2 < ring.size() ? ring[i + 2] : ring[1];
    ASSERT_NE(from.y == to.y, from.x == to.x);
    EXPECT_NE(from.y == to.y, to.y == after.y) << "a corner on a straight line";
    for (Corner at = from; at != to;) {
      const Corner next{at.y + (to.y > at.y) - (to.y < at.y), at.x + (to.x > at.x) - (to.x < at.x)};
      EXPECT_TRUE(places.insert(at).second) << "the ring touches itself at y=" << at.y << " x=" << at.x;
      EXPECT_TRUE(edges.insert(std::minmax(at, next)).second) << "two rings share an edge";
      at = next;
    }
  }
}

void ExpectValidOutline(const Region& region) {
  std::set<std::pair<Corner, Corner>> edges;
  Corner before{-1, -1};
  for (const Polygon& polygon : region.polygons) {
    EXPECT_LT(before, polygon.outer.front());
    before = polygon.outer.front();
    ExpectSimpleRing(polygon.outer, edges);
    EXPECT_GT(MomentsOf(polygon.outer, {}).area, 0);
    for (const Ring& hole : polygon.holes) {
      ExpectSimpleRing(hole, edges);
      EXPECT_LT(MomentsOf(hole, {}).area, 0);
    }
  }
}

void ExpectMeasures(const Region& region, const Pixels& pixels) {
  double sum_y = 0, sum_x = 0;
  Box bounds{{1 << 20, 0}, {1 << 20, 0}};
  for (const Corner p : pixels) {
    sum_y += p.y + 0.5;
    sum_x += p.x + 0.5;
    bounds.y = {std::min<std::int64_t>(bounds.y.begin, p.y), std::max<std::int64_t>(bounds.y.end, p.y + 1)};
    bounds.x = {std::min<std::int64_t>(bounds.x.begin, p.x), std::max<std::int64_t>(bounds.x.end, p.x + 1)};
  }
  const auto area = static_cast<double>(pixels.size());
  EXPECT_EQ(region.area_px, static_cast<std::int64_t>(pixels.size()));
  EXPECT_NEAR(region.centroid_y, sum_y / area, 1e-9);
  EXPECT_NEAR(region.centroid_x, sum_x / area, 1e-9);
  EXPECT_EQ(region.bounds, bounds);
}

std::vector<Region> Trace(const Map& map, TraceOptions options = {}) {
  auto regions = TraceRegions(map.view(), std::move(options));
  EXPECT_TRUE(regions.ok());
  return regions.ok() ? std::move(regions).value() : std::vector<Region>{};
}

// Traces with bands of the given heights, in the order in which regions come.
std::vector<Region> TraceBands(const Map& map, TraceOptions options, std::mt19937& random) {
  options.width = map.width;
  auto tracer = RegionTracer::Create(options);
  EXPECT_TRUE(tracer.ok());
  std::vector<Region> regions;
  const auto keep = [&](Region region) {
    regions.push_back(std::move(region));
    return Ok();
  };
  for (std::int64_t y = 0; y < map.height;) {
    const std::int64_t end = std::uniform_int_distribution<std::int64_t>(y, map.height)(random);
    EXPECT_TRUE(tracer->Add(map.Rows(y, end), keep).ok());
    y = end;
  }
  EXPECT_TRUE(tracer->Finish(keep).ok());
  return regions;
}

void ExpectSame(const Region& a, const Region& b) {
  EXPECT_EQ(a.first, b.first);
  EXPECT_EQ(a.label, b.label);
  EXPECT_EQ(a.pixels, b.pixels);
  EXPECT_EQ(a.area_px, b.area_px);
  ASSERT_EQ(a.polygons.size(), b.polygons.size());
  for (std::size_t i = 0; i < a.polygons.size(); ++i) {
    EXPECT_EQ(a.polygons[i].outer, b.polygons[i].outer);
    EXPECT_EQ(a.polygons[i].holes, b.polygons[i].holes);
  }
}

TEST(RegionTracer, FindsWhatFloodingFindsAndOutlinesItPixelForPixel) {
  std::mt19937 random(1);
  for (int round = 0; round < 6000 && !HasFailure(); ++round) {
    const Map map = RandomMap(random, round < 3000 ? 6 : 20);
    const Connectivity connectivity = round % 2 == 0 ? Connectivity::kEdges : Connectivity::kCorners;
    SCOPED_TRACE(ToString(map));
    const std::vector<Region> regions = Trace(map, {.connectivity = connectivity});
    const std::map<Corner, Pixels> expected = FloodRegions(map, connectivity);
    ASSERT_EQ(regions.size(), expected.size());
    auto it = expected.begin();
    for (const Region& region : regions) {
      EXPECT_EQ(region.first, it->first);
      EXPECT_EQ(region.label, map.at(region.first.y, region.first.x));
      EXPECT_EQ(region.pixels, static_cast<std::int64_t>(it->second.size()));
      EXPECT_EQ(Rasterise(region), it->second);
      ExpectMeasures(region, it->second);
      ExpectValidOutline(region);
      EXPECT_TRUE(connectivity == Connectivity::kCorners || region.polygons.size() == 1);
      ++it;
    }
  }
}

TEST(RegionTracer, DoesNotDependOnBands) {
  std::mt19937 random(2);
  for (int round = 0; round < 1000 && !HasFailure(); ++round) {
    const Map map = RandomMap(random, 20);
    SCOPED_TRACE(ToString(map));
    TraceOptions options{.connectivity = round % 2 == 0 ? Connectivity::kEdges : Connectivity::kCorners};
    options.filter.fill_holes_below_px = round % 4 < 2 ? 0 : 5;
    const std::vector<Region> a = TraceBands(map, options, random), b = TraceBands(map, options, random);
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) ExpectSame(a[i], b[i]);
    EXPECT_EQ(a.size(), Trace(map, options).size());
  }
}

// What the filters should leave, by first pixels: pixel sets with their small holes filled.
std::map<Corner, Pixels> FilterByFlooding(const Map& map, const TraceOptions& options) {
  std::map<Corner, Pixels> left;
  std::vector<std::pair<std::uint8_t, Pixels>> filled;
  for (const auto& [first, pixels] : FloodRegions(map, options.connectivity)) {
    std::vector<Pixels> holes;
    for (Pixels rest = pixels; !rest.empty();) {
      const Pixels part = Flood(*rest.begin(), false, [&rest](Corner p) { return rest.count(p) > 0; });
      for (Pixels& hole : FloodHoles(map, part)) holes.push_back(std::move(hole));
      for (const Corner p : part) rest.erase(p);
    }
    std::size_t enclosed = pixels.size();
    for (const Pixels& hole : holes) enclosed += hole.size();
    if (static_cast<std::int64_t>(enclosed) < options.filter.min_area_px) continue;
    Pixels whole = pixels;
    for (Pixels& hole : holes) {
      if (static_cast<std::int64_t>(hole.size()) >= options.filter.fill_holes_below_px) continue;
      whole.insert(hole.begin(), hole.end());
      filled.emplace_back(map.at(first.y, first.x), std::move(hole));
    }
    left.emplace(first, std::move(whole));
  }
  for (const auto& [label, hole] : filled)
    for (const Corner p : hole)
      if (map.at(p.y, p.x) == label) left.erase(p);
  return left;
}

TEST(RegionTracer, FiltersAsFloodingWould) {
  std::mt19937 random(3);
  for (int round = 0; round < 1500 && !HasFailure(); ++round) {
    const Map map = RandomMap(random, 16);
    SCOPED_TRACE(ToString(map));
    TraceOptions options{.connectivity = round % 2 == 0 ? Connectivity::kEdges : Connectivity::kCorners};
    options.filter = {round % 3 * 4, round % 5 * 6};
    const std::map<Corner, Pixels> expected = FilterByFlooding(map, options);
    const std::vector<Region> regions = Trace(map, options);
    ASSERT_EQ(regions.size(), expected.size());
    auto it = expected.begin();
    for (const Region& region : regions) {
      EXPECT_EQ(region.first, it->first);
      EXPECT_EQ(Rasterise(region), it->second);
      ExpectMeasures(region, it->second);
      ExpectValidOutline(region);
      ++it;
    }
  }
}

TEST(RegionTracer, RunsClockwiseOnAScreenFromTheTopLeftCorner) {
  const std::vector<Region> regions = Trace(Draw({"...", ".0.", "..."}));
  ASSERT_THAT(regions, SizeIs(1));
  EXPECT_THAT(regions[0].polygons[0].outer,
              ElementsAre(Corner{1, 1}, Corner{1, 2}, Corner{2, 2}, Corner{2, 1}, Corner{1, 1}));
  EXPECT_EQ(regions[0].centroid_y, 1.5);
  EXPECT_EQ(regions[0].centroid_x, 1.5);
}

TEST(RegionTracer, HolesRunTheOtherWay) {
  const std::vector<Region> regions = Trace(Draw({"000", "0.0", "000"}));
  ASSERT_THAT(regions, SizeIs(1));
  ASSERT_THAT(regions[0].polygons[0].holes, SizeIs(1));
  EXPECT_THAT(regions[0].polygons[0].holes[0],
              ElementsAre(Corner{1, 1}, Corner{2, 1}, Corner{2, 2}, Corner{1, 2}, Corner{1, 1}));
}

TEST(RegionTracer, AnOutlineThatTouchesItselfBecomesAHole) {
  const std::vector<Region> regions = Trace(Draw({"000", "0.0", "00."}));
  ASSERT_THAT(regions, SizeIs(1));
  EXPECT_THAT(regions[0].polygons[0].holes, SizeIs(1));
  EXPECT_THAT(regions[0].polygons[0].outer, SizeIs(7));
}

TEST(RegionTracer, HolesThatTouchInACornerStayTwo) {
  const std::vector<Region> regions = Trace(Draw({"0000", "0.00", "00.0", "0000"}));
  ASSERT_THAT(regions, SizeIs(1));
  EXPECT_THAT(regions[0].polygons[0].holes, SizeIs(2));
}

TEST(RegionTracer, TakesACheckerboardApartOrAsOne) {
  Map map = Filled(8, 8, kNoClass8);
  for (std::size_t i = 0; i < 64; ++i)
    if ((i / 8 + i % 8) % 2 == 0) map.labels[i] = 4;
  EXPECT_THAT(Trace(map), SizeIs(32));
  const std::vector<Region> one = Trace(map, {.connectivity = Connectivity::kCorners});
  ASSERT_THAT(one, SizeIs(1));
  EXPECT_THAT(one[0].polygons, SizeIs(32));
  EXPECT_EQ(one[0].area_px, 32);
}

TEST(RegionTracer, NestsRingsWithinRings) {
  const std::vector<Region> regions =
      Trace(Draw({"0000000", "0.....0", "0.000.0", "0.0.0.0", "0.000.0", "0.....0", "0000000"}));
  ASSERT_THAT(regions, SizeIs(2));
  for (const Region& region : regions) EXPECT_THAT(region.polygons[0].holes, SizeIs(1));
}

TEST(RegionTracer, OutlinesASpiralAndAFullMapOnce) {
  const std::vector<Region> spiral = Trace(Draw({"000000", ".....0", "0000.0", "0..0.0", "0....0", "000000"}));
  ASSERT_THAT(spiral, SizeIs(1));
  EXPECT_THAT(spiral[0].polygons[0].holes, IsEmpty());
  const std::vector<Region> full = Trace(Filled(300, 200, 7));
  ASSERT_THAT(full, SizeIs(1));
  EXPECT_THAT(full[0].polygons[0].outer, SizeIs(5));
  EXPECT_EQ(full[0].area_px, 60000);
}

TEST(RegionTracer, HandsRegionsOutWithTheRowAfterTheirLast) {
  const Map map = Draw({"0.0", "..0", "..0"});
  auto tracer = RegionTracer::Create({.width = 3});
  ASSERT_TRUE(tracer.ok());
  int regions = 0;
  const auto count = [&](const Region&) {
    ++regions;
    return Ok();
  };
  ASSERT_TRUE(tracer->Add(map.Rows(0, 1), count).ok());
  EXPECT_EQ(regions, 0);
  ASSERT_TRUE(tracer->Add(map.Rows(1, 2), count).ok());
  EXPECT_EQ(regions, 1);
  ASSERT_TRUE(tracer->Add(map.Rows(2, 3), count).ok());
  ASSERT_TRUE(tracer->Finish(count).ok());
  EXPECT_EQ(regions, 2);
}

TEST(RegionTracer, ReadsSixteenBitsAndViewsWithGaps) {
  const std::vector<std::uint16_t> labels = {300, 1, 300, 1, 0xFFFF, 1, 300, 1};  // every second pixel of two rows
  const ConstView view(reinterpret_cast<const std::byte*>(labels.data()), DType::kU16, {2, 2}, {4, 2});
  const auto regions = TraceRegions(view);
  ASSERT_TRUE(regions.ok());
  ASSERT_THAT(regions.value(), SizeIs(1));
  EXPECT_EQ(regions.value()[0].label, 300);
  EXPECT_EQ(regions.value()[0].area_px, 3);
}

TEST(RegionTracer, ReadsThirtyTwoBitsInWhichZeroIsNone) {
  const std::vector<std::uint32_t> labels = {0, 70'000, 70'000, 0xFFFF, 0, 0x7FFF'FFFF};
  const auto regions =
      TraceRegions({reinterpret_cast<const std::byte*>(labels.data()), DType::kU32, {2, 3}}, {.none = 0});
  ASSERT_TRUE(regions.ok());
  ASSERT_THAT(regions.value(), SizeIs(3));
  EXPECT_EQ(regions.value()[0].label, 70'000);
  EXPECT_EQ(regions.value()[0].area_px, 2);
  EXPECT_EQ(regions.value()[1].label, 0xFFFF);
  EXPECT_EQ(regions.value()[2].label, 0x7FFF'FFFF);
}

TEST(RegionTracer, TracesOnlyTheClassesThatAreWanted) {
  const std::vector<Region> regions = Trace(Draw({"012", "012"}), {.labels = {0, 2}});
  ASSERT_THAT(regions, SizeIs(2));
  EXPECT_EQ(regions[1].label, 2);
}

TEST(RegionTracer, KeepsWhatLiesInAHoleUntilItKnowsWhetherItIsFilled) {
  const Map map = Draw({"00000", "0...0", "0.0.0", "0.1.0", "00000"});
  TraceOptions options;
  options.filter.fill_holes_below_px = 10;
  const std::vector<Region> filled = Trace(map, options);
  ASSERT_THAT(filled, SizeIs(2)) << "the island vanishes in its own class, the other class stays";
  EXPECT_EQ(filled[0].area_px, 25);
  EXPECT_EQ(filled[0].pixels, 16);
  EXPECT_EQ(filled[1].label, 1);
  options.filter.fill_holes_below_px = 9;
  EXPECT_THAT(Trace(map, options), SizeIs(3));
}

TEST(RegionTracer, RefusesWhatItCannotTrace) {
  EXPECT_EQ(RegionTracer::Create({.width = 0}).error().code, Code::kInvalid);
  EXPECT_EQ(RegionTracer::Create({.width = 1, .labels = {65535}}).error().code, Code::kInvalid);
  auto tracer = RegionTracer::Create({.width = 4});
  ASSERT_TRUE(tracer.ok());
  const auto drop = [](const Region&) { return Ok(); };
  const Map map = Filled(2, 3, 0);
  EXPECT_THAT(tracer->Add(map.view(), drop).error().what, HasSubstr("rows of 4 pixels"));
  const float value = 0;
  const ConstView floats(reinterpret_cast<const std::byte*>(&value), DType::kF32, {1, 1});
  EXPECT_THAT(TraceRegions(floats).error().what, HasSubstr("float32"));
}

TEST(RegionTracer, PassesOnWhatTheSinkSays) {
  auto tracer = RegionTracer::Create({.width = 3});
  ASSERT_TRUE(tracer.ok());
  const auto full = [](const Region&) -> Status { return ExhaustedError("the disk is full"); };
  ASSERT_TRUE(tracer->Add(Filled(2, 3, 0).view(), full).ok());
  EXPECT_EQ(tracer->Finish(full).error().code, Code::kExhausted);
}

}  // namespace
}  // namespace tegula::objects
