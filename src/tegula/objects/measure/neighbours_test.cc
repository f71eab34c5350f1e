#include "tegula/objects/measure/neighbours.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace tegula::objects {
namespace {

void ExpectAsByHand(const std::vector<Point>& points, double radius) {
  const auto found = NeighboursOf(points, radius, *NewThreadExecutor(2));
  ASSERT_TRUE(found.ok());
  ASSERT_EQ(found->size(), points.size());
  for (std::size_t i = 0; i < points.size(); ++i) {
    double nearest = std::numeric_limits<double>::infinity();
    std::int64_t within = 0;
    for (std::size_t k = 0; k < points.size(); ++k) {
      if (k == i) continue;
      const double squared = (points[k].y - points[i].y) * (points[k].y - points[i].y) +
                             (points[k].x - points[i].x) * (points[k].x - points[i].x);
      nearest = std::min(nearest, squared);
      within += squared <= radius * radius ? 1 : 0;
    }
    EXPECT_EQ((*found)[i].nearest, std::sqrt(nearest));
    EXPECT_EQ((*found)[i].within, within);
  }
}

TEST(NeighboursOf, AreTheNearestOfAllPairs) {
  std::mt19937 random(31);
  for (int round = 0; round < 40 && !HasFailure(); ++round) {
    const double height = round % 4 == 0 ? 0 : 1000, width = round % 5 == 0 ? 3 : 500;  // lines and stripes too
    std::uniform_real_distribution<double> part(0, 1);
    std::vector<Point> points(static_cast<std::size_t>(2 + round * 9));
    for (Point& p : points) p = {height * part(random), width * part(random)};
    if (round % 3 == 0)  // a crowd, and one far away
      for (std::size_t i = 1; i < points.size(); ++i) points[i] = {points[i].y * 1e-3, points[i].x * 1e-3};
    ExpectAsByHand(points, round % 2 == 0 ? 20 : 700);
  }
}

TEST(NeighboursOf, CountObjectsAtTheVeryDistanceAndAtOnePlace) {
  ExpectAsByHand({{0, 0}, {3, 4}, {0, 0}, {-3, -4}}, 5);
  const auto found = NeighboursOf(std::vector<Point>{{0, 0}, {3, 4}}, 5, SerialExecutor());
  EXPECT_EQ(found->front().within, 1);
  EXPECT_EQ(found->front().nearest, 5);
}

TEST(NeighboursOf, ALoneObjectHasNone) {
  const auto found = NeighboursOf(std::vector<Point>{{7, 7}}, 5, SerialExecutor());
  ASSERT_TRUE(found.ok());
  EXPECT_TRUE(std::isnan(found->front().nearest));
  EXPECT_EQ(found->front().within, 0);
  EXPECT_TRUE(NeighboursOf({}, 5, SerialExecutor())->empty());
}

}  // namespace
}  // namespace tegula::objects
