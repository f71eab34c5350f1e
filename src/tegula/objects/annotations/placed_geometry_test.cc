#include "tegula/objects/annotations/placed_geometry.h"

#include <gtest/gtest.h>

#include <random>

#include "tegula/objects/annotations/polygon_mask.h"

namespace tegula::objects {
namespace {

PointRing Rectangle(double y, double x, double height, double width) {
  return {{y, x}, {y, x + width}, {y + height, x + width}, {y + height, x}, {y, x}};
}

TEST(CentroidOf, ASquareWithAHoleIsThatOfWhatIsLeft) {
  Geometry geometry;
  geometry.polygons = {{Rectangle(0, 0, 4, 4), {Rectangle(0, 2, 4, 1)}}};
  const auto centroid = CentroidOf(geometry);
  ASSERT_TRUE(centroid);
  EXPECT_DOUBLE_EQ(centroid->y, 2);
  EXPECT_DOUBLE_EQ(centroid->x, (16 * 2.0 - 4 * 2.5) / 12);
}

TEST(CentroidOf, DoesNotDependOnTheDirectionOfRings) {
  Geometry forth, back;
  forth.polygons = {{{{0, 0}, {0, 3}, {5, 1}, {0, 0}}, {}}};
  back.polygons = {{{{0, 0}, {5, 1}, {0, 3}, {0, 0}}, {}}};
  EXPECT_EQ(CentroidOf(forth), CentroidOf(back));
}

TEST(CentroidOf, KeepsItsDigitsFarFromTheOrigin) {
  Geometry geometry;
  geometry.polygons = {{Rectangle(2'000'000'000, 2'000'000'000, 1, 1), {}}};
  EXPECT_EQ(*CentroidOf(geometry), (Point{2'000'000'000.5, 2'000'000'000.5}));
}

TEST(CentroidOf, LinesCountByLengthAndPointsByNumber) {
  Geometry lines, points;
  lines.lines = {{{0, 0}, {0, 3}}, {{2, 0}, {2, 1}}};
  EXPECT_EQ(*CentroidOf(lines), (Point{0.5, (3 * 1.5 + 0.5) / 4}));
  points.points = {{0, 0}, {0, 1}, {3, 2}};
  EXPECT_EQ(*CentroidOf(points), (Point{1, 1}));
  EXPECT_FALSE(CentroidOf({}));
}

TEST(CentroidOf, APolygonWithoutSurfaceIsTheMiddleOfItsCorners) {
  Geometry flat;
  flat.polygons = {{{{1, 1}, {1, 3}, {1, 1}, {1, 1}}, {}}};
  EXPECT_EQ(*CentroidOf(flat), (Point{1, 1.5}));
}

TEST(Contains, AgreesWithTheMaskAtTheCentresOfPixels) {
  std::mt19937 random(7);
  std::uniform_real_distribution<double> place(0, 20);
  for (int round = 0; round < 200; ++round) {
    Geometry geometry;
    for (int part = 0; part < 2; ++part) {
      PointPolygon polygon;
      for (int i = 0; i < 7; ++i) polygon.outer.push_back({place(random), place(random)});
      polygon.outer.push_back(polygon.outer.front());
      polygon.holes.push_back(Rectangle(5, 5, 6, 7));
      geometry.polygons.push_back(polygon);
    }
    const auto mask = PolygonMask::Create(geometry.polygons);
    ASSERT_TRUE(mask.ok());
    for (std::int64_t y = 0; y < 20; ++y)
      for (std::int64_t x = 0; x < 20; ++x)
        EXPECT_EQ(Contains(geometry, {static_cast<double>(y) + 0.5, static_cast<double>(x) + 0.5}),
                  mask->Intersects({}, {{y, y + 1}, {x, x + 1}}));
  }
}

}  // namespace
}  // namespace tegula::objects
