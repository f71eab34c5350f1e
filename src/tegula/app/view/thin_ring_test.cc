#include "tegula/app/view/thin_ring.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tegula/core/random.h"

namespace tegula::app {
namespace {

using objects::Point;
using objects::PointRing;

double DistanceTo(const PointRing& ring, Point at) {
  double least = 1e300;
  for (std::size_t i = 0; i < ring.size(); ++i) {
    const Point a = ring[i], b = ring[(i + 1) % ring.size()];
    const double y = b.y - a.y, x = b.x - a.x, length = y * y + x * x;
    const double share =
        length > 0 ? std::min(1.0, std::max(0.0, ((at.y - a.y) * y + (at.x - a.x) * x) / length)) : 0.0;
    least = std::min(least, std::hypot(a.y + share * y - at.y, a.x + share * x - at.x));
  }
  return least;
}

// The largest distance of a point of one outline to the other.
double Deviation(const PointRing& from, const PointRing& to) {
  double most = 0;
  for (std::size_t i = 0; i < from.size(); ++i)
    for (int k = 0; k < 8; ++k) {
      const Point a = from[i], b = from[(i + 1) % from.size()];
      most = std::max(most, DistanceTo(to, {a.y + k * (b.y - a.y) / 8, a.x + k * (b.x - a.x) / 8}));
    }
  return most;
}

TEST(ThinRing, StaysWithinTheToleranceInBothDirections) {
  for (int n = 0; n < 120; ++n) {
    PointRing ring;
    const int points = 4 + n;
    const double radius = 1 + n % 40, rough = n % 3 == 0 ? 2 : 0.1;
    for (int i = 0; i < points; ++i) {
      const double angle = 2 * std::numbers::pi * i / points, r = radius * (1 + rough * (UniformAt(7, n, i, 0) - 0.5));
      ring.push_back({r * std::sin(angle), r * std::cos(angle)});
    }
    PointRing thin = ring;
    ThinRing(0.2, thin);
    EXPECT_LE(Deviation(ring, thin), 0.2 * std::numbers::sqrt2 + 1e-9) << n;
    EXPECT_LE(Deviation(thin, ring), 0.2 * std::numbers::sqrt2 + 1e-9) << n;
    EXPECT_LE(thin.size(), ring.size());
    EXPECT_EQ(thin.front(), ring.front());
  }
}

TEST(ThinRing, LeavesOutMostPointsOfAStaircase) {
  PointRing ring;
  for (int i = 0; i < 100; ++i) {
    ring.push_back({0.1 * i, 0.1 * i});
    ring.push_back({0.1 * i, 0.1 * (i + 1)});
  }
  ring.push_back({0, 10});
  ThinRing(0.2, ring);
  EXPECT_LE(ring.size(), 5U);
}

TEST(ThinRing, KeepsSpikes) {
  PointRing ring = {{0, 0}, {0, 10}, {0.01, 5}, {5, 5}};
  ThinRing(0.2, ring);
  EXPECT_LE(DistanceTo(ring, {0, 10}), 0.2);
}

}  // namespace
}  // namespace tegula::app
