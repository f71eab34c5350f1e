#include "tegula/objects/annotations/polygon_mask.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace tegula::objects {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

PolygonMask Mask(const std::vector<PointPolygon>& polygons) {
  auto mask = PolygonMask::Create(polygons);
  EXPECT_TRUE(mask.ok());
  return mask.ok() ? mask.value() : PolygonMask();
}

PixelGrid Grid(double downsample_y, double downsample_x, double origin_y = 0, double origin_x = 0) {
  return {PixelAxis::Create(downsample_y, origin_y).value(), PixelAxis::Create(downsample_x, origin_x).value()};
}

// Rows of the mask, with # inside.
std::vector<std::string> Picture(const PolygonMask& mask, const PixelGrid& grid, const Box& box) {
  std::vector<std::string> rows(static_cast<std::size_t>(box.height()),
                                std::string(static_cast<std::size_t>(box.width()), '.'));
  std::int64_t last_y = box.y.begin, last_end = box.x.begin - 1;
  mask.ForEachRun(grid, box, [&](std::int64_t y, Interval x) {
    EXPECT_TRUE(box.y.Contains(y) && box.x.Contains(x) && !x.empty());
    EXPECT_TRUE(y > last_y || (y == last_y && x.begin > last_end)) << "runs are in order and apart";
    last_y = y;
    last_end = x.end;
    for (std::int64_t i = x.begin; i < x.end; ++i)
      rows[static_cast<std::size_t>(y - box.y.begin)][static_cast<std::size_t>(i - box.x.begin)] = '#';
  });
  return rows;
}

// A square with corners on whole pixels.
PointRing Square(double from, double to) { return {{from, from}, {from, to}, {to, to}, {to, from}, {from, from}}; }

// Whether a centre is inside, with corners and centres in quarters of pixels, without rounding.
bool IsInside(const std::vector<PointPolygon>& polygons, std::int64_t y4, std::int64_t x4) {
  const auto quarters = [](double value) { return std::llround(value * 4); };
  return std::any_of(polygons.begin(), polygons.end(), [&](const PointPolygon& polygon) {
    bool inside = false;
    std::vector<PointRing> rings = polygon.holes;
    rings.push_back(polygon.outer);
    for (const PointRing& ring : rings) {
      for (std::size_t i = 0; i < ring.size(); ++i) {
        Point a = ring[i], b = ring[(i + 1) % ring.size()];
        if (a.y > b.y) std::swap(a, b);
        const std::int64_t ay = quarters(a.y), ax = quarters(a.x), by = quarters(b.y), bx = quarters(b.x);
        if (ay <= y4 && y4 < by && (y4 - ay) * (bx - ax) <= (x4 - ax) * (by - ay)) inside = !inside;
      }
    }
    return inside;
  });
}

// A ring of a few corners, which often crosses itself, on pixel corners, centres or quarters.
PointRing RandomRing(std::mt19937& random, double from, double to) {
  const double step = std::array{1.0, 0.5, 0.25}[random() % 3];
  std::uniform_int_distribution<int> place(static_cast<int>(from / step), static_cast<int>(to / step));
  PointRing ring;
  for (std::size_t i = 0, n = 3 + random() % 8; i < n; ++i)
    ring.push_back({place(random) * step, place(random) * step});
  ring.push_back(ring.front());
  return ring;
}

std::vector<PointPolygon> RandomPolygons(std::mt19937& random) {
  std::vector<PointPolygon> polygons(1 + random() % 4);
  for (PointPolygon& polygon : polygons) {
    polygon.outer = RandomRing(random, -30, 60);
    for (std::size_t i = 0, n = random() % 3; i < n; ++i) polygon.holes.push_back(RandomRing(random, -10, 40));
  }
  return polygons;
}

TEST(PolygonMask, HoldsThePixelsWhoseCentresLieInside) {
  const PolygonMask mask = Mask({{{{0, 2.5}, {3, 5.5}, {3, -0.5}, {0, 2.5}}, {}}});
  EXPECT_THAT(Picture(mask, {}, {{0, 4}, {-1, 7}}), ElementsAre("...#....", "..###...", ".#####..", "........"));
  // Coarser pixels have their centres at (1, 1), (1, 3), (1, 5).
  EXPECT_THAT(Picture(mask, Grid(2, 2), {{0, 2}, {-1, 4}}), ElementsAre("..#..", "....."));
}

TEST(PolygonMask, LeavesOutHolesAndTakesIslandsInThem) {
  const PolygonMask mask = Mask({{Square(0, 6), {Square(1, 5), Square(2, 4)}}});
  EXPECT_THAT(Picture(mask, {}, {{0, 6}, {0, 6}}),
              ElementsAre("######", "#....#", "#.##.#", "#.##.#", "#....#", "######"));
}

TEST(PolygonMask, JoinsWhatOverlapsOrTouches) {
  PointPolygon shifted{{{1, 4}, {1, 7}, {3, 7}, {3, 4}, {1, 4}}, {}};
  EXPECT_THAT(Picture(Mask({{Square(0, 2), {}}, {Square(1, 4), {}}, shifted}), {}, {{0, 4}, {0, 8}}),
              ElementsAre("##......", "#######.", ".######.", ".###...."));
}

TEST(PolygonMask, TakesRingsThatTouchThemselves) {
  // Two squares that meet in (2, 2), in one ring.
  const PointRing ring = {{0, 0}, {0, 2}, {2, 2}, {2, 4}, {4, 4}, {4, 2}, {2, 2}, {2, 0}, {0, 0}};
  EXPECT_THAT(Picture(Mask({{ring, {}}}), {}, {{0, 4}, {0, 4}}), ElementsAre("##..", "##..", "..##", "..##"));
}

TEST(PolygonMask, AgreesWithAnExactTestOfEveryCentre) {
  std::mt19937 random(7);
  const Box box = {{-40, 70}, {-40, 70}};
  for (int round = 0; round < 120; ++round) {
    const std::vector<PointPolygon> polygons = RandomPolygons(random);
    const PolygonMask mask = Mask(polygons);
    const double downsample = std::array{1.0, 4.0, 2.5}[static_cast<std::size_t>(round % 3)];
    const double origin = round % 2 == 0 ? 0 : -7.75;
    const std::vector<std::string> rows = Picture(mask, Grid(downsample, downsample, 0, origin), box);
    int wrong = 0;
    for (std::int64_t y = box.y.begin; y < box.y.end; ++y) {
      for (std::int64_t x = box.x.begin; x < box.x.end; ++x) {
        const auto y4 = std::llround((static_cast<double>(y) + 0.5) * downsample * 4);
        const auto x4 = std::llround((static_cast<double>(x) + 0.5) * downsample * 4 + origin * 4);
        const char pixel = rows[static_cast<std::size_t>(y - box.y.begin)][static_cast<std::size_t>(x - box.x.begin)];
        wrong += IsInside(polygons, y4, x4) != (pixel == '#') ? 1 : 0;
      }
    }
    EXPECT_EQ(wrong, 0) << "round " << round;
  }
}

TEST(PolygonMask, AnswersDoNotDependOnTheBox) {
  std::mt19937 random(11);
  for (int round = 0; round < 60; ++round) {
    const PolygonMask mask = Mask(RandomPolygons(random));
    const PixelGrid grid = Grid(0.37, 0.61, 1.5, -3.25);
    const Box whole = {{-150, 250}, {-150, 250}};
    const std::vector<std::string> rows = Picture(mask, grid, whole);
    for (int part = 0; part < 30; ++part) {
      std::uniform_int_distribution<std::int64_t> place(-150, 249);
      const std::int64_t y = place(random), x = place(random);
      const Box box = {{y, std::min<std::int64_t>(250, y + 1 + place(random) % 90)},
                       {x, std::min<std::int64_t>(250, x + 1 + place(random) % 90)}};
      if (box.empty()) continue;
      std::int64_t area = 0;
      const std::vector<std::string> cut = Picture(mask, grid, box);
      for (std::int64_t i = 0; i < box.height(); ++i) {
        const std::string& row = cut[static_cast<std::size_t>(i)];
        area += std::count(row.begin(), row.end(), '#');
        EXPECT_EQ(row, rows[static_cast<std::size_t>(box.y.begin + 150 + i)].substr(
                           static_cast<std::size_t>(box.x.begin + 150), row.size()));
      }
      EXPECT_EQ(mask.Area(grid, box), area);
      EXPECT_EQ(mask.Intersects(grid, box), area > 0);
      EXPECT_TRUE(mask.Bounds(grid, whole).Contains(mask.Bounds(grid, box)) || mask.Bounds(grid, box).empty());
    }
    const Box bounds = mask.Bounds(grid, whole);
    EXPECT_EQ(mask.Area(grid, bounds), mask.Area(grid, whole));
  }
}

// Triangles between points that are nowhere on a grid, in either direction, around which a square is complete.
TEST(PolygonMask, PolygonsThatShareEdgesShareNoPixelAndLoseNone) {
  std::mt19937 random(13);
  std::uniform_real_distribution<double> jitter(-1.3, 1.3);
  constexpr int kSide = 8;
  for (const double far : {0.0, 2147480000.0}) {
    std::vector<std::vector<Point>> points(kSide + 1, std::vector<Point>(kSide + 1));
    for (int i = 0; i <= kSide; ++i) {
      for (int j = 0; j <= kSide; ++j) {
        const bool is_rim = i == 0 || j == 0 || i == kSide || j == kSide;
        points[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)] = {
            far + 5 * i + (is_rim ? 0 : jitter(random)), far + 5 * j + (is_rim ? 0 : jitter(random))};
      }
    }
    std::vector<PolygonMask> masks;
    for (std::size_t i = 0; i < kSide; ++i) {
      for (std::size_t j = 0; j < kSide; ++j) {
        const Point a = points[i][j], b = points[i][j + 1], c = points[i + 1][j + 1], d = points[i + 1][j];
        masks.push_back(Mask({{{a, b, c, a}, {}}}));
        masks.push_back(Mask({{{d, c, a, d}, {}}}));
      }
    }
    const auto begin = static_cast<std::int64_t>(far);
    for (const double downsample : {1.0, 2.5, 0.37}) {
      const PixelGrid grid = Grid(downsample, downsample, far, far);
      const Box square = Mask({{Square(far, far + 5 * kSide), {}}}).Bounds(grid, {{-9, 200}, {-9, 200}});
      std::vector<int> times(static_cast<std::size_t>(square.area()), 0);
      for (const PolygonMask& mask : masks) {
        mask.ForEachRun(grid, {{-9, 200}, {-9, 200}}, [&](std::int64_t y, Interval x) {
          ASSERT_TRUE(square.Contains(Box{{y, y + 1}, x}));
          for (std::int64_t i = x.begin; i < x.end; ++i)
            ++times[static_cast<std::size_t>((y - square.y.begin) * square.width() + i - square.x.begin)];
        });
      }
      EXPECT_THAT(times, ::testing::Each(1)) << begin << ", downsample " << downsample;
    }
  }
}

TEST(PolygonMask, StraightEdgesMayBeSharedInPieces) {
  const double third = 10.0 / 3;
  const PolygonMask left = Mask({{{{0, 0}, {0, third}, {9, third}, {9, 0}, {0, 0}}, {}}});
  const PolygonMask upper = Mask({{{{0, third}, {0, 8}, {4.7, 8}, {4.7, third}, {0, third}}, {}}});
  const PolygonMask lower = Mask({{{{4.7, third}, {4.7, 8}, {9, 8}, {9, third}, {4.7, third}}, {}}});
  for (const double downsample : {1.0, 0.1, third / 7}) {
    const PixelGrid grid = Grid(downsample, downsample);
    const Box box = {{-5, 200}, {-5, 200}};
    const std::int64_t whole = Mask({{{{0, 0}, {0, 8}, {9, 8}, {9, 0}, {0, 0}}, {}}}).Area(grid, box);
    EXPECT_EQ(left.Area(grid, box) + upper.Area(grid, box) + lower.Area(grid, box), whole);
  }
}

TEST(PolygonMask, TakesTheLargestCoordinates) {
  const double far = kLargestCoordinate;
  const PolygonMask all = Mask({{{{-far, -far}, {-far, far}, {far, far}, {far, -far}, {-far, -far}}, {}}});
  EXPECT_EQ(all.Area({}, {{1LL << 30, (1LL << 30) + 3}, {-5, 6}}), 33);
  EXPECT_EQ(all.Area({}, {{(1LL << 31) - 2, (1LL << 31) + 7}, {(1LL << 31) - 3, (1LL << 31) + 7}}), 6);
  EXPECT_EQ(all.Area(Grid(1e6, 1e6), {{-9000, 9000}, {-9000, 9000}}), 4294LL * 4294);
  // Half of it, along the diagonal.
  const PolygonMask half = Mask({{{{-far, -far}, {far, far}, {far, -far}, {-far, -far}}, {}}});
  EXPECT_EQ(half.Area({}, {{-100, 100}, {-100, 100}}), 200 * 199 / 2);
}

TEST(PolygonMask, WithoutAreaItHoldsNothing) {
  const Box box = {{-10, 10}, {-10, 10}};
  EXPECT_EQ(PolygonMask().Area({}, box), 0);
  EXPECT_TRUE(PolygonMask().Bounds({}, box).empty());
  for (const PointRing& ring :
       {PointRing{}, PointRing{{0.5, 0.5}}, PointRing{{0.5, -3}, {0.5, 5}}, PointRing{{-3, 0.5}, {5, 0.5}, {-3, 0.5}},
        PointRing{{0, 0}, {4, 4}, {2, 2}, {0, 0}}, PointRing{{1, 1}, {1, 1}, {1, 1}, {1, 1}}}) {
    EXPECT_EQ(Mask({{ring, {}}}).Area({}, box), 0);
    EXPECT_FALSE(Mask({{ring, {}}}).Intersects({}, box));
  }
}

TEST(PolygonMask, RectanglesHoldTheirBox) {
  const Box box = {{3, 8}, {-2, 5}};
  const PolygonMask mask = PolygonMask::Rectangle(box).value();
  EXPECT_EQ(mask.Bounds({}, {{-100, 100}, {-100, 100}}), box);
  EXPECT_EQ(mask.Area({}, box), box.area());
  EXPECT_FALSE(mask.Intersects({}, {{8, 9}, {-50, 50}}));
  EXPECT_FALSE(mask.Intersects({}, {{3, 3}, {-50, 50}}));
  EXPECT_EQ(PolygonMask::Rectangle({{0, 1LL << 32}, {0, 1}}).error().code, Code::kInvalid);
}

TEST(PolygonMask, FillsViewsWithGaps) {
  std::vector<std::uint8_t> pixels(48, 9);
  const PolygonMask mask = Mask({{Square(1, 3), {}}});
  // Three rows of four pixels in every second byte; rows are 12 bytes apart.
  mask.Fill({}, {{0, 3}, {0, 4}}, {reinterpret_cast<std::byte*>(pixels.data()), DType::kU8, {3, 4}, {12, 2}});
  EXPECT_THAT(std::vector<int>(pixels.begin() + 12, pixels.begin() + 24),
              ElementsAre(0, 9, 1, 9, 1, 9, 0, 9, 9, 9, 9, 9));
  mask.Fill({}, {{1, 2}, {0, 4}}, {reinterpret_cast<std::byte*>(pixels.data()), DType::kU8, {1, 4}});
  EXPECT_THAT(std::vector<int>(pixels.begin(), pixels.begin() + 6), ElementsAre(0, 1, 1, 0, 0, 9));
}

// A wreath of 100,000 teeth: few edges matter to a box, and the answer is that of the few.
TEST(PolygonMask, ManyVerticesChangeNothing) {
  constexpr int kTeeth = 50'000;
  constexpr double kTurn = 6.283185307179586;
  PointRing ring;
  for (int i = 0; i < 2 * kTeeth; ++i) {
    const double radius = i % 2 == 0 ? 40'000 : 39'000, angle = kTurn * i / (2 * kTeeth);
    ring.push_back({50'000 + std::round(radius * std::sin(angle)), 50'000 + std::round(radius * std::cos(angle))});
  }
  const PolygonMask mask = Mask({{ring, {}}});
  const Box box = {{50'000, 50'010}, {88'990, 90'010}};
  const std::vector<std::string> rows = Picture(mask, {}, box);
  const std::vector<PointPolygon> polygons = {{ring, {}}};
  for (std::int64_t y = box.y.begin; y < box.y.end; y += 3) {
    for (std::int64_t x = box.x.begin; x < box.x.end; x += 97) {
      const char pixel = rows[static_cast<std::size_t>(y - box.y.begin)][static_cast<std::size_t>(x - box.x.begin)];
      EXPECT_EQ(pixel == '#', IsInside(polygons, 4 * y + 2, 4 * x + 2)) << y << " " << x;
    }
  }
  EXPECT_TRUE(mask.Intersects({}, {{0, 100'000}, {0, 100'000}}));
  EXPECT_FALSE(mask.Intersects({}, {{0, 100'000}, {90'001, 100'000}}));
}

TEST(PolygonMask, RefusesWhatIsNowhere) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  for (const Point point : {Point{kNan, 0}, Point{0, kNan}, Point{0, 3e9}, Point{-INFINITY, 0}}) {
    const auto mask = PolygonMask::Create({{Square(0, 2), {{{0, 0}, point, {1, 1}}}}});
    ASSERT_FALSE(mask.ok());
    EXPECT_EQ(mask.error().code, Code::kInvalid);
    EXPECT_THAT(mask.error().what, HasSubstr("use pixels of the slide"));
  }
  EXPECT_EQ(PixelAxis::Create(0).error().code, Code::kInvalid);
  EXPECT_EQ(PixelAxis::Create(kNan).error().code, Code::kInvalid);
  EXPECT_EQ(PixelAxis::Create(1, 1e10).error().code, Code::kInvalid);
}

}  // namespace
}  // namespace tegula::objects
