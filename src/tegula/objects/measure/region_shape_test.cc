#include "tegula/objects/measure/region_shape.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tegula/objects/measure/hull.h"
#include "tegula/objects/measure/perimeter.h"
#include "tegula/objects/testing/class_maps.h"

namespace tegula::objects {
namespace {

using testing::Draw;
using testing::Map;
using testing::Pixels;

constexpr double kPi = std::numbers::pi, kRoot2 = std::numbers::sqrt2;

Region OnlyRegion(const Map& map, Connectivity connectivity = Connectivity::kEdges) {
  auto regions = TraceRegions(map.view(), {.connectivity = connectivity});
  EXPECT_TRUE(regions.ok() && regions->size() == 1);
  return std::move(regions).value().front();
}

// skimage.measure.perimeter as its source has it: erosion, a convolution, a table.
double PerimeterByTable(const Pixels& pixels) {
  const auto in = [&](std::int32_t y, std::int32_t x) { return pixels.count({y, x}) > 0; };
  Pixels border;
  for (const Corner p : pixels)
    if (!(in(p.y - 1, p.x) && in(p.y + 1, p.x) && in(p.y, p.x - 1) && in(p.y, p.x + 1))) border.insert(p);
  double sum = 0;
  for (const Corner p : border) {
    int value = 1;
    for (int dy = -1; dy <= 1; ++dy)
      for (int dx = -1; dx <= 1; ++dx)
        if ((dy != 0 || dx != 0) && border.count({p.y + dy, p.x + dx}) > 0) value += dy != 0 && dx != 0 ? 10 : 2;
    if (value == 5 || value == 7 || value == 15 || value == 17 || value == 25 || value == 27) sum += 1;
    if (value == 21 || value == 33) sum += kRoot2;
    if (value == 13 || value == 23) sum += (1 + kRoot2) / 2;
  }
  return sum;
}

// skimage.measure.perimeter_crofton(directions=4): the table of its source.
double CroftonByTable(const Pixels& pixels, const Box& box) {
  const double a = kPi / 4 * (1 + 1 / kRoot2), b = kPi / (4 * kRoot2), c = kPi / (2 * kRoot2);
  const double table[] = {0, a, b, c, 0, a, 0, b, kPi / 4, kPi / 2, b, b, kPi / 4, kPi / 2, 0, 0};
  double sum = 0;
  for (auto y = static_cast<std::int32_t>(box.y.begin); y <= box.y.end; ++y)
    for (auto x = static_cast<std::int32_t>(box.x.begin); x <= box.x.end; ++x) {
      const auto in = [&](int dy, int dx) { return pixels.count({y + dy, x + dx}); };
      sum += table[in(0, 0) + 2 * in(-1, 0) + 4 * in(0, -1) + 8 * in(-1, -1)];
    }
  return sum;
}

// Pixels of which no line through two edge middles has all edge middles on its other side.
std::int64_t HullPixelsByHand(const Pixels& pixels, const Box& box) {
  std::vector<HalfPoint> points;
  for (const Corner p : pixels)
    for (const HalfPoint d : {HalfPoint{-1, 0}, HalfPoint{1, 0}, HalfPoint{0, -1}, HalfPoint{0, 1}})
      points.push_back({2 * p.y + 1 + d.y, 2 * p.x + 1 + d.x});
  const auto side = [](HalfPoint a, HalfPoint b, HalfPoint p) {
    return (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x);
  };
  std::vector<std::pair<HalfPoint, HalfPoint>> edges;
  for (const HalfPoint a : points)
    for (const HalfPoint b : points)
      if (!(a == b) && std::ranges::all_of(points, [&](HalfPoint p) { return side(a, b, p) >= 0; }))
        edges.emplace_back(a, b);
  std::int64_t count = 0;
  for (std::int64_t y = box.y.begin; y < box.y.end; ++y)
    for (std::int64_t x = box.x.begin; x < box.x.end; ++x)
      count += std::ranges::all_of(edges, [&](const auto& edge) {
        return side(edge.first, edge.second, {2 * y + 1, 2 * x + 1}) >= 0;
      });
  return count;
}

TEST(PerimetersOf, AreScikitImagesForAnyPixels) {
  std::mt19937 random(21);
  for (int round = 0; round < 400 && !HasFailure(); ++round) {
    const Map map = testing::RandomMap(random, round % 10 == 0 ? 140 : 12);
    SCOPED_TRACE(testing::ToString(map));
    const Connectivity connectivity = round % 2 == 0 ? Connectivity::kEdges : Connectivity::kCorners;
    const auto regions = TraceRegions(map.view(), {.connectivity = connectivity});
    ASSERT_TRUE(regions.ok());
    for (const Region& region : regions.value()) {
      if (region.area_px < 3 && round % 7 != 0) continue;
      const Pixels pixels = testing::Rasterise(region);
      const Perimeters perimeters = PerimetersOf(region);
      EXPECT_NEAR(perimeters.border, PerimeterByTable(pixels), 1e-9);
      EXPECT_NEAR(perimeters.crofton, CroftonByTable(pixels, region.bounds), 1e-9);
    }
  }
}

TEST(PerimetersOf, CountPartsThatAreFarApart) {
  Region region;
  region.polygons.resize(2);
  region.polygons[0].outer = {{0, 0}, {0, 5}, {5, 5}, {5, 0}, {0, 0}};
  region.polygons[1].outer = {{6, 0}, {6, 5}, {11, 5}, {11, 0}, {6, 0}};
  MeasureOutline(region);
  Region far = region;
  for (Corner& corner : far.polygons[1].outer) corner.y += 1000;
  MeasureOutline(far);
  const Pixels pixels = testing::Rasterise(region);
  EXPECT_NEAR(PerimetersOf(region).border, PerimeterByTable(pixels), 1e-9);
  EXPECT_NEAR(PerimetersOf(region).crofton, CroftonByTable(pixels, region.bounds), 1e-9);
  EXPECT_NEAR(PerimetersOf(far).border, 2 * PerimetersOf(OnlyRegion(testing::Filled(5, 5, 0))).border, 1e-9);
}

TEST(MeasureHull, CountsThePixelsOfScikitImagesHullImage) {
  std::mt19937 random(22);
  for (int round = 0; round < 300 && !HasFailure(); ++round) {
    const Map map = testing::RandomMap(random, 9);
    SCOPED_TRACE(testing::ToString(map));
    const auto regions = TraceRegions(map.view(), {.connectivity = Connectivity::kCorners});
    ASSERT_TRUE(regions.ok());
    for (const Region& region : regions.value())
      EXPECT_EQ(MeasureHull(region, 1, 1).pixels, HullPixelsByHand(testing::Rasterise(region), region.bounds));
  }
}

TEST(MeasureHull, DiametersAreThoseOfAllPairsAndAllDirections) {
  std::mt19937 random(23);
  for (int round = 0; round < 200 && !HasFailure(); ++round) {
    const Map map = testing::RandomMap(random, 12);
    const auto regions = TraceRegions(map.view());
    ASSERT_TRUE(regions.ok());
    const double step_y = round % 2 == 0 ? 1 : 0.5, step_x = 1;
    for (const Region& region : regions.value()) {
      if (MeasureHull(region, 1, 1).pixels != region.area_px) continue;  // is its own hull image
      double largest = 0, least = 1e9;
      const Pixels pixels = testing::Rasterise(region);
      const auto distance = [&](double dy, double dx) { return std::hypot(dy * step_y, dx * step_x); };
      for (const Corner p : pixels)
        for (const Corner q : pixels)
          for (const auto& [py, px] : {std::pair(0.5, 0.0), std::pair(0.0, 0.5)})
            for (const auto& [qy, qx] : {std::pair(0.5, 0.0), std::pair(0.0, 0.5)}) {
              const double dy = std::abs(p.y - q.y) + py + qy, dx = std::abs(p.x - q.x) + px + qx;
              largest = std::max(largest, distance(dy, dx));
            }
      for (double angle = 0; angle < kPi; angle += kPi / 3600) {
        double low = 1e9, high = -1e9;
        for (const Corner c : region.polygons[0].outer) {
          const double along = c.y * step_y * std::cos(angle) + c.x * step_x * std::sin(angle);
          low = std::min(low, along), high = std::max(high, along);
        }
        least = std::min(least, high - low);
      }
      EXPECT_NEAR(MeasureHull(region, step_y, step_x).max_diameter, largest, 1e-9);
      const double width = MeasureHull(region, step_y, step_x).min_diameter;
      EXPECT_LE(width, least + 1e-9);
      EXPECT_NEAR(width, least, 0.01 * least);
    }
  }
}

// What scikit-image 0.26 says of these pixels.
TEST(ShapeOf, IsWhatRegionpropsSays) {
  const Region region =
      OnlyRegion(Draw({"..00....", ".0000...", "000000..", "0000000.", ".00..000", "..0.000.", "...00..."}));
  const RegionShape shape = ShapeOf(region, {});
  EXPECT_EQ(shape.area, 30);
  EXPECT_NEAR(shape.perimeter, 20.31370849898476, 1e-10);
  EXPECT_NEAR(shape.crofton, 26.58513281721723, 1e-10);
  EXPECT_NEAR(shape.major_axis, 8.080308809980185, 1e-10);
  EXPECT_NEAR(shape.minor_axis, 5.625907194184671, 1e-10);
  EXPECT_NEAR(shape.orientation, 0.9791351032329294, 1e-10);
  EXPECT_NEAR(shape.eccentricity, 0.7178003094434158, 1e-10);
  EXPECT_EQ(shape.convex_area, 34);
  EXPECT_NEAR(shape.max_diameter, 8.246211251235321, 1e-10);
  EXPECT_EQ(shape.length, 38);
}

TEST(ShapeOf, MeasuresInUnitsOfBothDirections) {
  const Region region = OnlyRegion(testing::Filled(10, 4, 0));
  MapFrame frame{.scale_y = 2, .scale_x = 2};
  frame.pixel_size = {.y_um = 0.25, .x_um = 1};
  const RegionShape shape = ShapeOf(region, frame);
  EXPECT_DOUBLE_EQ(shape.area, 40 * 0.5 * 2);
  EXPECT_DOUBLE_EQ(shape.length, 2 * (10 * 0.5 + 4 * 2));
  EXPECT_DOUBLE_EQ(shape.min_diameter, 5);
  EXPECT_NEAR(shape.major_axis, 4 * std::sqrt((16 - 1) / 12.0) * 2, 1e-12);
  EXPECT_NEAR(shape.minor_axis, 4 * std::sqrt((100 - 1) / 12.0) * 0.5, 1e-12);
  EXPECT_NEAR(std::abs(shape.orientation), kPi / 2, 1e-12) << "along the rows";
  EXPECT_DOUBLE_EQ(shape.perimeter, PerimetersOf(region).border * std::sqrt(0.5 * 2));
}

TEST(ShapeOf, CountsHolesAndTheirArea) {
  const RegionShape shape = ShapeOf(OnlyRegion(Draw({"000000", "0.00.0", "0000.0", "000000"})), {});
  EXPECT_EQ(shape.holes, 2);
  EXPECT_EQ(shape.hole_area, 3);
  EXPECT_EQ(shape.area, 21);
}

TEST(ShapeOf, ASinglePixelHasNoAxes) {
  const RegionShape shape = ShapeOf(OnlyRegion(Draw({"0"})), {});
  EXPECT_EQ(shape.major_axis, 0);
  EXPECT_EQ(shape.eccentricity, 0);
  EXPECT_EQ(shape.max_diameter, 1);
  EXPECT_EQ(shape.min_diameter, 1);
  EXPECT_EQ(shape.convex_area, 1);
}

}  // namespace
}  // namespace tegula::objects
