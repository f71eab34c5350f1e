// The geometry below StarDist, against what can be found by trying everything.

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numbers>
#include <random>
#include <set>

#include "tegula/objects/box_index.h"
#include "tegula/objects/stardist/convex_cell.h"
#include "tegula/objects/stardist/polygon_sweep.h"
#include "tegula/objects/stardist/star_polyhedron.h"
#include "tegula/objects/stardist/star_rays.h"

namespace tegula::objects {
namespace {

using Random = std::mt19937;

double Uniform(Random& random, double from, double to) {
  return std::uniform_real_distribution<double>(from, to)(random);
}

std::vector<GridPoint> RandomStar(Random& random, std::size_t rays, double radius, double noise) {
  std::vector<GridPoint> corners;
  const double y = Uniform(random, -20, 20), x = Uniform(random, -20, 20);
  for (std::size_t ray = 0; ray < rays; ++ray) {
    const double angle = 2 * std::numbers::pi * static_cast<double>(ray) / static_cast<double>(rays);
    const double distance = radius * (1 + Uniform(random, -noise, noise));
    corners.push_back({static_cast<std::int32_t>(x + distance * std::cos(angle)),
                       static_cast<std::int32_t>(y + distance * std::sin(angle))});
  }
  return corners;
}

float AreaOfBoth(const std::vector<GridPoint>& a, const std::vector<GridPoint>& b) {
  SweepPolygon first, second;
  first.Assign(a);
  second.Assign(b);
  PolygonSweep sweep;
  return sweep.IntersectionArea(first, second);
}

// How often the polygon winds around a point.
int Winding(const std::vector<GridPoint>& polygon, double y, double x) {
  int winding = 0;
  GridPoint before = polygon.back();
  for (const GridPoint corner : polygon) {
    const double side = (corner.x - before.x) * (y - before.y) - (corner.y - before.y) * (x - before.x);
    if (before.y <= y && corner.y > y && side > 0) ++winding;
    if (before.y > y && corner.y <= y && side < 0) --winding;
    before = corner;
  }
  return winding;
}

TEST(PolygonSweep, FindsTheAreaThatAFineRasterFinds) {
  Random random(1);
  for (int round = 0; round < 60; ++round) {
    const std::size_t rays = 3 + random() % 40;
    const double noise = Uniform(random, 0, 0.5);
    const std::vector<GridPoint> a = RandomStar(random, rays, Uniform(random, 15, 40), noise);
    const std::vector<GridPoint> b = RandomStar(random, rays, Uniform(random, 15, 40), noise);
    constexpr double kStep = 0.25;
    double area = 0;
    for (double y = -90 + kStep / 3; y < 90; y += kStep)
      for (double x = -90 + kStep / 3; x < 90; x += kStep)
        if (Winding(a, y, x) != 0 && Winding(b, y, x) != 0) area += kStep * kStep;
    // Crossings are rounded to whole pixels, each of which moves some edges by half a pixel.
    EXPECT_NEAR(static_cast<double>(AreaOfBoth(a, b)), area, 5 + 0.03 * area) << round;
  }
}

TEST(PolygonSweep, FindsTheWholeOfAPolygonInItself) {
  Random random(2);
  for (int round = 0; round < 100; ++round) {
    const std::vector<GridPoint> corners = RandomStar(random, 3 + random() % 60, Uniform(random, 8, 60), 0.1);
    std::int64_t twice = 0;
    for (std::size_t i = 0; i < corners.size(); ++i)
      twice += TwiceTriangle(corners[i], corners[(i + 1) % corners.size()]);
    EXPECT_FLOAT_EQ(AreaOfBoth(corners, corners), 0.5F * static_cast<float>(std::abs(twice)));
  }
}

TEST(PolygonSweep, FindsSquaresWithSharedAndLevelEdges) {
  const std::vector<GridPoint> square{{0, 0}, {10, 0}, {10, 10}, {0, 10}};
  const auto moved = [&](std::int32_t y, std::int32_t x) {
    std::vector<GridPoint> other = square;
    for (GridPoint& corner : other) corner = {corner.x + x, corner.y + y};
    return other;
  };
  EXPECT_EQ(AreaOfBoth(square, moved(0, 5)), 50);
  EXPECT_EQ(AreaOfBoth(square, moved(5, 5)), 25);
  EXPECT_EQ(AreaOfBoth(square, moved(-7, 0)), 30);
  EXPECT_EQ(AreaOfBoth(square, moved(0, 10)), 0);
  EXPECT_EQ(AreaOfBoth(square, {{2, 2}, {4, 4}, {8, 8}}), 0);
  EXPECT_EQ(AreaOfBoth(square, {{1, 1}}), 0);
}

TEST(PolygonSweep, EndsForPolygonsThatCrossThemselves) {
  Random random(3);
  for (int round = 0; round < 3000; ++round) {
    std::vector<GridPoint> a(3 + random() % 12), b(3 + random() % 12);
    for (std::vector<GridPoint>* const polygon : {&a, &b})
      for (GridPoint& corner : *polygon) corner = {static_cast<int>(random() % 12), static_cast<int>(random() % 12)};
    const float area = AreaOfBoth(a, b);
    EXPECT_GE(area, 0);
    EXPECT_LE(area, 400);
  }
}

TEST(BoxIndex, FindsTheBoxesThatMeet) {
  Random random(4);
  std::vector<PixelBox> boxes;
  BoxIndex index(500);
  const auto random_box = [&] {
    PixelBox box;
    const int size = 1 << (random() % 12);
    for (std::size_t axis = 0; axis < 3; ++axis) {
      box.first[axis] = static_cast<std::int32_t>(random() % 2000) - 1000;
      box.last[axis] = box.first[axis] + static_cast<std::int32_t>(random() % static_cast<unsigned>(size));
    }
    return box;
  };
  for (std::int32_t id = 0; id < 500; ++id) {
    boxes.push_back(random_box());
    index.Add(id, boxes.back());
  }
  for (int round = 0; round < 200; ++round) {
    const PixelBox box = random_box();
    std::set<std::int32_t> found, expected;
    index.ForEachMeeting(box, [&](std::int32_t id) { found.insert(id); });
    for (std::int32_t id = 0; id < 500; ++id)
      if (boxes[static_cast<std::size_t>(id)].Meets(box)) expected.insert(id);
    EXPECT_EQ(found, expected);
  }
}

TEST(ConvexCell, HasTheVolumeOfWhatIsLeft) {
  ConvexCell cell;
  cell.Reset({0, 0, 0}, {2, 3, 4});
  EXPECT_DOUBLE_EQ(cell.Volume(), 24);
  cell.Cut({{1, 0, 0}, -5});
  EXPECT_DOUBLE_EQ(cell.Volume(), 24);
  cell.Cut({{1, 0, 0}, -1});
  EXPECT_DOUBLE_EQ(cell.Volume(), 12);
  cell.Cut({{0, 1, 1}, -1});  // the prism below y + x = 1
  EXPECT_DOUBLE_EQ(cell.Volume(), 0.5);
  cell.Cut({{1, 1, 1}, 1});
  EXPECT_TRUE(cell.empty());
  EXPECT_EQ(cell.Volume(), 0);
}

TEST(ConvexCell, IsTheHullOfPointsOnASphere) {
  const StarRays rays = GoldenSpiral(40, {1, 1, 1});
  std::vector<Point3> points;
  for (const auto& d : rays.directions)
    points.push_back({7 + static_cast<double>(d[0]), static_cast<double>(d[1]), 3 + static_cast<double>(d[2])});
  ConvexCell cell;
  const std::vector<Plane> hull = HullOf(points, {7, 0, 3}, 0.5, cell);
  EXPECT_GE(hull.size(), rays.faces.size());
  for (const Plane& plane : hull)
    for (const Point3& point : points) EXPECT_LE(plane.HeightOf(point), 1e-9);
  const std::vector<float> ones(40, 1);
  const std::optional<double> volume = CommonVolume(hull, hull, {7, 0, 3}, {0, -9, 0}, {9, 9, 9}, cell);
  EXPECT_NEAR(volume.value(), static_cast<double>(VolumeOf(ones, rays)), 1e-5);
  EXPECT_FALSE(CommonVolume(hull, hull, {0, 0, 0}, {0, -9, 0}, {9, 9, 9}, cell).has_value());
}

TEST(GoldenSpiral, IsClosedAndTurnsOutward) {
  for (const std::int64_t n : {5, 8, 32, 96, 500}) {
    const StarRays rays = GoldenSpiral(n, {2, 1, 1.5});
    ASSERT_EQ(rays.faces.size(), static_cast<std::size_t>(2 * n - 4));
    std::map<std::pair<std::int32_t, std::int32_t>, int> edges;
    for (const auto& face : rays.faces)
      for (std::size_t i = 0; i < 3; ++i) ++edges[{face[i], face[(i + 1) % 3]}];
    for (const auto& [edge, count] : edges) {
      EXPECT_EQ(count, 1);
      EXPECT_TRUE(edges.contains({edge.second, edge.first}));
    }
    EXPECT_GT(VolumeOf(std::vector<float>(static_cast<std::size_t>(n), 1), rays), 0);
  }
}

TEST(StarPolyhedron, HasAboutAsManyVoxelsAsVolume) {
  Random random(5);
  const StarRays rays = GoldenSpiral(32, {1, 1, 1});
  StarPolyhedron polyhedron;
  for (int round = 0; round < 20; ++round) {
    std::vector<float> distances;
    for (int ray = 0; ray < 32; ++ray) distances.push_back(static_cast<float>(Uniform(random, 6, 11)));
    polyhedron.Assign(distances, {20, 30, 40}, rays);
    const std::array<std::int64_t, 3> sizes = SizesOf(polyhedron.box());
    std::vector<std::uint8_t> voxels(static_cast<std::size_t>(sizes[0] * sizes[1] * sizes[2]));
    polyhedron.MarkInside(polyhedron.box(), voxels);
    const double count = static_cast<double>(std::count(voxels.begin(), voxels.end(), 1));
    const double volume = static_cast<double>(VolumeOf(distances, rays));
    EXPECT_NEAR(count, volume, 0.05 * volume);
    const float inner = InnerRadius(distances, rays, {1, 1, 1}), outer = OuterRadius(distances, rays, {1, 1, 1});
    const double ball = 4 * std::numbers::pi / 3;
    EXPECT_LT(ball * std::pow(static_cast<double>(inner), 3), volume);
    EXPECT_GT(ball * std::pow(static_cast<double>(outer), 3), volume);
  }
}

}  // namespace
}  // namespace tegula::objects
