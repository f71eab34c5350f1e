#include "tegula/objects/simplify/simplify_outline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "tegula/objects/testing/class_maps.h"

namespace tegula::objects {
namespace {

using testing::Map;
using ::testing::SizeIs;

// Corners where more than two of the lines between classes meet.
std::vector<Corner> JunctionsByHand(const Map& map) {
  std::vector<Corner> junctions;
  for (std::int32_t y = 0; y <= map.height; ++y)
    for (std::int32_t x = 0; x <= map.width; ++x) {
      const int ul = map.at(y - 1, x - 1), ur = map.at(y - 1, x), ll = map.at(y, x - 1), lr = map.at(y, x);
      if ((ul != ur) + (ll != lr) + (ul != ll) + (ur != lr) > 2) junctions.push_back({y, x});
    }
  return junctions;
}

double DistanceToSegment(const Point& p, const Point& a, const Point& b) {
  const double dy = b.y - a.y, dx = b.x - a.x, length = dy * dy + dx * dx;
  const double t = length > 0 ? std::clamp(((p.y - a.y) * dy + (p.x - a.x) * dx) / length, 0.0, 1.0) : 0;
  return std::hypot(p.y - a.y - t * dy, p.x - a.x - t * dx);
}

double DistanceToRing(const Point& p, const PointRing& ring) {
  double least = 1e9;
  for (std::size_t i = 0; i + 1 < ring.size(); ++i) least = std::min(least, DistanceToSegment(p, ring[i], ring[i + 1]));
  return least;
}

PointRing AsPoints(const Ring& ring) {
  PointRing points;
  for (const Corner c : ring) points.push_back({static_cast<double>(c.y), static_cast<double>(c.x)});
  return points;
}

bool IsInside(const PointRing& ring, const Point& p) {
  bool inside = false;
  for (std::size_t i = 0; i + 1 < ring.size(); ++i) {
    const Point &a = ring[i], &b = ring[i + 1];
    if ((a.y > p.y) != (b.y > p.y) && p.x < a.x + (p.y - a.y) / (b.y - a.y) * (b.x - a.x)) inside = !inside;
  }
  return inside;
}

template <class F>
void ForEachRing(const std::vector<Polygon>& exact, const std::vector<PointPolygon>& simple, F&& f) {
  ASSERT_EQ(exact.size(), simple.size());
  for (std::size_t i = 0; i < exact.size(); ++i) {
    f(exact[i].outer, simple[i].outer);
    ASSERT_EQ(exact[i].holes.size(), simple[i].holes.size());
    for (std::size_t k = 0; k < exact[i].holes.size(); ++k) f(exact[i].holes[k], simple[i].holes[k]);
  }
}

TEST(SimplifyOutline, StaysWithinTheToleranceInBothDirectionsAndKeepsEveryPixel) {
  std::mt19937 random(71);
  for (int round = 0; round < 600 && !HasFailure(); ++round) {
    const Map map = testing::RandomMap(random, 16);
    SCOPED_TRACE(testing::ToString(map));
    const Junctions junctions(JunctionsByHand(map));
    const double tolerance = round % 3 == 0 ? kLargestTolerance : round % 3 == 1 ? 0.36 : 0.1;
    const auto regions = TraceRegions(map.view());
    ASSERT_TRUE(regions.ok());
    for (const Region& region : regions.value()) {
      const std::vector<PointPolygon> simple = SimplifyOutline(region.polygons, junctions, tolerance);
      ForEachRing(region.polygons, simple, [&](const Ring& exact, const PointRing& ring) {
        ASSERT_GE(ring.size(), 4U);
        EXPECT_EQ(ring.front(), ring.back());
        const PointRing corners = AsPoints(exact);
        for (const Point& p : corners) EXPECT_LE(DistanceToRing(p, ring), tolerance + 1e-12);
        for (std::size_t i = 0; i + 1 < ring.size(); ++i)
          for (const double t : {0.0, 0.25, 0.5, 0.75})
            EXPECT_LE(DistanceToRing(
                          {ring[i].y + t * (ring[i + 1].y - ring[i].y), ring[i].x + t * (ring[i + 1].x - ring[i].x)},
                          corners),
                      tolerance + 1e-12);
      });
      for (std::int64_t y = -1; y <= map.height; ++y)
        for (std::int64_t x = -1; x <= map.width; ++x) {
          bool inside = false;
          const Point centre{static_cast<double>(y) + 0.5, static_cast<double>(x) + 0.5};
          for (const PointPolygon& polygon : simple) {
            inside ^= IsInside(polygon.outer, centre);
            for (const PointRing& hole : polygon.holes) inside ^= IsInside(hole, centre);
          }
          bool was = false;
          for (const Polygon& polygon : region.polygons) {
            was ^= Encloses(polygon.outer, {static_cast<std::int32_t>(y), static_cast<std::int32_t>(x)});
            for (const Ring& hole : polygon.holes)
              was ^= Encloses(hole, {static_cast<std::int32_t>(y), static_cast<std::int32_t>(x)});
          }
          EXPECT_EQ(inside, was) << "y=" << y << " x=" << x;
        }
    }
  }
}

// Each line between two regions is left by both in the same places, in opposite directions.
TEST(SimplifyOutline, NeighboursShareTheirLines) {
  std::mt19937 random(72);
  int shared = 0;
  for (int round = 0; round < 600 && !HasFailure(); ++round) {
    Map map = testing::RandomMap(random, 16);
    for (std::uint8_t& label : map.labels)  // no pixel without a class: every line within is shared
      if (label == kNoClass8) label = 3;
    SCOPED_TRACE(testing::ToString(map));
    const Junctions junctions(JunctionsByHand(map));
    std::map<std::pair<std::pair<double, double>, std::pair<double, double>>, int> lines;
    const auto regions = TraceRegions(map.view());
    ASSERT_TRUE(regions.ok());
    for (const Region& region : regions.value())
      ForEachRing(region.polygons, SimplifyOutline(region.polygons, junctions, kLargestTolerance),
                  [&](const Ring&, const PointRing& ring) {
                    for (std::size_t i = 0; i + 1 < ring.size(); ++i)
                      ++lines[{{ring[i].y, ring[i].x}, {ring[i + 1].y, ring[i + 1].x}}];
                  });
    const auto is_border = [&](const std::pair<double, double>& a, const std::pair<double, double>& b) {
      // Along the map's edge, or cut across one of its corners.
      const auto near = [&](double v, std::int64_t end) { return v < 0.51 || v > static_cast<double>(end) - 0.51; };
      return (near(a.first, map.height) && near(b.first, map.height)) ||
             (near(a.second, map.width) && near(b.second, map.width)) ||
             ((near(a.first, map.height) || near(a.second, map.width)) &&
              (near(b.first, map.height) || near(b.second, map.width)));
    };
    for (const auto& [line, times] : lines) {
      EXPECT_EQ(times, 1);
      if (is_border(line.first, line.second)) continue;
      ++shared;
      EXPECT_TRUE(lines.contains({line.second, line.first}))
          << line.first.first << ' ' << line.first.second << " to " << line.second.first << ' ' << line.second.second;
    }
  }
  EXPECT_GT(shared, 5000);
}

TEST(SimplifyOutline, KeepsTheCornersAtWhichARegionTouchesItself) {
  std::mt19937 random(73);
  std::size_t touches = 0;
  for (int round = 0; round < 200; ++round) {
    const Map map = testing::RandomMap(random, 16);
    const auto regions = TraceRegions(map.view());
    ASSERT_TRUE(regions.ok());
    for (const Region& region : regions.value()) {
      std::multiset<Corner> corners;
      std::set<std::pair<double, double>> kept;
      ForEachRing(region.polygons, SimplifyOutline(region.polygons, {}, kLargestTolerance),
                  [&](const Ring& exact, const PointRing& ring) {
                    corners.insert(exact.begin() + 1, exact.end());
                    for (const Point& p : ring) kept.insert({p.y, p.x});
                  });
      for (const Corner c : corners)
        if (corners.count(c) > 1) {
          ++touches;
          EXPECT_TRUE(kept.contains({c.y, c.x})) << c.y << ' ' << c.x;
        }
    }
  }
  EXPECT_GT(touches, 100U);
}

TEST(SimplifyOutline, AStaircaseBecomesALine) {
  Map map = testing::Filled(40, 40, kNoClass8);
  for (std::int64_t y = 0; y < 40; ++y)
    for (std::int64_t x = 0; x <= y; ++x) map.labels[static_cast<std::size_t>(y * 40 + x)] = 0;
  const auto regions = TraceRegions(map.view());
  ASSERT_TRUE(regions.ok());
  const std::vector<PointPolygon> simple = SimplifyOutline(regions->front().polygons, {}, kLargestTolerance);
  EXPECT_LE(simple[0].outer.size(), 8U);
  EXPECT_GT(regions->front().polygons[0].outer.size(), 80U);
}

TEST(SimplifyOutline, StraightEdgesStayWhereTheyAre) {
  const auto regions = TraceRegions(testing::Filled(2000, 3, 0).view());
  ASSERT_TRUE(regions.ok());
  const std::vector<PointPolygon> simple = SimplifyOutline(regions->front().polygons, {}, 0.1);
  EXPECT_THAT(simple[0].outer, SizeIs(5)) << "nothing is to be gained";
}

TEST(Junctions, AreFoundOnEdgesInTheirDirection) {
  const Junctions junctions({{5, 1}, {5, 4}, {5, 9}, {2, 4}, {5, 4}});
  const auto on = [&](Corner a, Corner b) {
    std::vector<Corner> found;
    junctions.ForEachOn(a, b, [&](Corner c) { found.push_back(c); });
    return found;
  };
  EXPECT_EQ(on({5, 1}, {5, 9}), (std::vector<Corner>{{5, 1}, {5, 4}}));
  EXPECT_EQ(on({5, 9}, {5, 1}), (std::vector<Corner>{{5, 9}, {5, 4}}));
  EXPECT_EQ(on({0, 4}, {7, 4}), (std::vector<Corner>{{2, 4}, {5, 4}}));
  EXPECT_EQ(on({7, 4}, {0, 4}), (std::vector<Corner>{{5, 4}, {2, 4}}));
  EXPECT_TRUE(on({6, 0}, {6, 9}).empty());
}

}  // namespace
}  // namespace tegula::objects
