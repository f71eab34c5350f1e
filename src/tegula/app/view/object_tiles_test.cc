#include "tegula/app/view/object_tiles.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>

#include "tegula/app/testing/object_files.h"

namespace tegula::app {
namespace {

using objects::Point;
using objects::PointRing;

struct DrawnTile {
  std::map<std::int64_t, std::vector<PointRing>> rings;  // by object, in pixels of the level from the tile's corner
  std::map<std::int64_t, std::size_t> of_class;
  std::vector<std::uint32_t> cell_at, cell_count;
  std::vector<float> cell_cover;
  std::vector<std::uint16_t> cell_class;
};

DrawnTile Draw(const ObjectSet& set, int level, std::int64_t column, std::int64_t row, const AreaRange& areas = {}) {
  const std::string text = *ObjectTile(set, {level, column, row}, areas);
  std::size_t at = 0;
  const auto take = [&]<class T>(std::size_t count, T) {
    std::vector<T> list(count);
    EXPECT_LE(at + count * sizeof(T), text.size());
    EXPECT_EQ(at % sizeof(T), 0U);
    if (count > 0) std::memcpy(list.data(), text.data() + at, count * sizeof(T));
    at += count * sizeof(T);
    return list;
  };
  const std::vector<std::uint32_t> head = take(8, std::uint32_t{});
  EXPECT_EQ(head[0], 0x314F4754U);
  DrawnTile tile;
  const auto numbers = take(head[1], std::uint32_t{}), ring_ends = take(head[1], std::uint32_t{}),
             point_ends = take(head[2], std::uint32_t{});
  tile.cell_at = take(head[4], std::uint32_t{});
  tile.cell_count = take(head[4], std::uint32_t{});
  tile.cell_cover = take(head[4], float{});
  const auto points = take(std::size_t{2} * head[3], std::int16_t{});
  const auto classes = take(head[1], std::uint16_t{});
  tile.cell_class = take(head[4], std::uint16_t{});
  EXPECT_EQ(at, text.size());
  std::size_t ring = 0, point = 0;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    tile.of_class[numbers[i]] = classes[i];
    std::vector<PointRing>& rings = tile.rings[numbers[i]];
    for (; ring < ring_ends[i]; ++ring) {
      rings.emplace_back();
      for (; point < point_ends[ring]; ++point)
        rings.back().push_back({points[2 * point + 1] / kObjectSteps, points[2 * point] / kObjectSteps});
    }
  }
  return tile;
}

bool Encloses(const std::vector<PointRing>& rings, Point at) {
  bool inside = false;
  for (const PointRing& ring : rings)
    for (std::size_t i = 0; i < ring.size(); ++i) {
      Point a = ring[i], b = ring[(i + 1) % ring.size()];
      if (b.y < a.y) std::swap(a, b);
      if (at.y < a.y || b.y <= at.y) continue;
      inside = inside != (a.x + (at.y - a.y) / (b.y - a.y) * (b.x - a.x) <= at.x);
    }
  return inside;
}

double DistanceTo(const std::vector<PointRing>& rings, Point at) {
  double least = 1e300;
  for (const PointRing& ring : rings)
    for (std::size_t i = 0; i < ring.size(); ++i) {
      const Point a = ring[i], b = ring[(i + 1) % ring.size()];
      const double y = b.y - a.y, x = b.x - a.x, length = y * y + x * x;
      const double share = length > 0 ? std::clamp(((at.y - a.y) * y + (at.x - a.x) * x) / length, 0.0, 1.0) : 0.0;
      least = std::min(least, std::hypot(a.y + share * y - at.y, a.x + share * x - at.x));
    }
  return least;
}

// Blobs of all sizes over a few tiles, some with a hole and some larger than a tile.
std::vector<std::vector<PointRing>> Blobs() {
  std::vector<std::vector<PointRing>> blobs;
  for (int i = 0; i < 300; ++i) {
    const Point middle = {1500 * UniformAt(3, 0, i, 0) - 100, 1500 * UniformAt(3, 0, i, 1) - 100};
    const double radius = i % 60 == 0 ? 700 : 1 + 30 * UniformAt(3, 0, i, 2);
    const auto seed = static_cast<std::uint64_t>(i);
    blobs.push_back({Blob(middle, radius, 8 + i % 60, seed)});
    if (i % 5 == 0) blobs.back().push_back(Blob(middle, radius * 0.4, 9, seed + 1000));
  }
  return blobs;
}

std::shared_ptr<const ObjectSet> SetOf(const std::vector<std::vector<PointRing>>& blobs) {
  std::vector<std::string> features;
  for (std::size_t i = 0; i < blobs.size(); ++i) features.push_back(FeatureText(blobs[i], i % 3 == 0 ? "a" : "b", ""));
  return *ReadObjects(features);
}

TEST(ObjectTiles, HoldEveryObjectInEveryTileThatItReachesInto) {
  const auto blobs = Blobs();
  const auto set = SetOf(blobs);
  for (int level = 0; level < 6; ++level) {
    const double pixel = std::ldexp(1.0, level), size = kObjectTile * pixel;
    const int tiles = static_cast<int>(2500 / size) + 1;
    for (int row = -2; row < tiles; ++row)
      for (int column = -2; column < tiles; ++column) {
        const DrawnTile tile = Draw(*set, level, column, row);
        for (std::size_t i = 0; i < blobs.size(); ++i) {
          const ObjectBox box = set->box(static_cast<std::int64_t>(i));
          const bool is_large = std::max(box.y1 - box.y0, box.x1 - box.x0) >= kLeastShown * pixel;
          bool reaches_in = false;  // by a corner; what has none in the tile is seen by the test of its surface
          for (const Point& point : blobs[i][0])
            reaches_in = reaches_in || (point.y > row * size && point.y < (row + 1) * size && point.x > column * size &&
                                        point.x < (column + 1) * size);
          const auto found = tile.rings.find(static_cast<std::int64_t>(i));
          if (reaches_in) {
            EXPECT_EQ(found != tile.rings.end(), is_large) << i << " at level " << level;
          }
          if (found == tile.rings.end()) continue;
          EXPECT_EQ(tile.of_class.at(found->first), set->class_of(found->first));
        }
      }
  }
}

TEST(ObjectTiles, CoverTheSameSurfaceWithinTheTolerance) {
  const auto blobs = Blobs();
  const auto set = SetOf(blobs);
  for (int level = 0; level < 5; ++level) {
    const double pixel = std::ldexp(1.0, level);
    std::map<std::pair<std::int64_t, std::int64_t>, DrawnTile> tiles;
    int compared = 0;
    for (int n = 0; n < 2500; ++n) {
      const Point at = {1500 * UniformAt(9, level, n, 0) - 50, 1500 * UniformAt(9, level, n, 1) - 50};
      const auto row = static_cast<std::int64_t>(std::floor(at.y / pixel / kObjectTile));
      const auto column = static_cast<std::int64_t>(std::floor(at.x / pixel / kObjectTile));
      if (!tiles.contains({row, column})) tiles[{row, column}] = Draw(*set, level, column, row);
      const DrawnTile& tile = tiles[{row, column}];
      const Point in_tile = {at.y / pixel - static_cast<double>(row * kObjectTile),
                             at.x / pixel - static_cast<double>(column * kObjectTile)};
      for (std::size_t i = 0; i < blobs.size(); ++i) {
        const ObjectBox box = set->box(static_cast<std::int64_t>(i));
        if (std::max(box.y1 - box.y0, box.x1 - box.x0) < kLeastShown * pixel) continue;
        if (at.y < box.y0 - 9 || at.x < box.x0 - 9 || at.y > box.y1 + 9 || at.x > box.x1 + 9) {
          const auto far = tile.rings.find(static_cast<std::int64_t>(i));
          ASSERT_FALSE(far != tile.rings.end() && Encloses(far->second, in_tile)) << i << " at level " << level;
          continue;
        }
        const double tolerance = (level == 0 ? 0.03 : kObjectTolerance) * pixel;
        if (DistanceTo(blobs[i], at) < tolerance) continue;  // either answer is right
        const auto found = tile.rings.find(static_cast<std::int64_t>(i));
        const bool is_drawn = found != tile.rings.end() && Encloses(found->second, in_tile);
        const bool is_inside = Encloses(blobs[i], at);
        ASSERT_EQ(is_drawn, is_inside) << i << " at level " << level << " y " << at.y << " x " << at.x;
        compared += is_inside ? 1 : 0;
      }
    }
    EXPECT_GT(compared, 500);
  }
}

TEST(ObjectTiles, CountEachSmallObjectOnce) {
  const auto blobs = Blobs();
  const auto set = SetOf(blobs);
  for (int level = 0; level < 12; ++level) {
    const double pixel = std::ldexp(1.0, level);
    std::map<std::size_t, std::int64_t> expected, counted;
    double area = 0, covered = 0;
    for (std::int64_t i = 0; i < set->size(); ++i) {
      const ObjectBox box = set->box(i);
      if (std::max(box.y1 - box.y0, box.x1 - box.x0) < kLeastShown * pixel) {
        ++expected[set->class_of(i)];
        area += set->area(i);
      }
    }
    const auto far = static_cast<std::int64_t>(2500 / pixel / kObjectTile) + 1;
    for (std::int64_t row = -far; row <= far; ++row)
      for (std::int64_t column = -far; column <= far; ++column) {
        const DrawnTile tile = Draw(*set, level, column, row);
        for (std::size_t k = 0; k < tile.cell_at.size(); ++k) {
          EXPECT_LT(tile.cell_at[k], kObjectCells * kObjectCells);
          counted[tile.cell_class[k]] += tile.cell_count[k];
          covered += 64 * pixel * pixel * static_cast<double>(tile.cell_cover[k]);
        }
      }
    EXPECT_EQ(counted, expected) << level;
    EXPECT_NEAR(covered, area, 1e-5 * area) << level;
  }
}

TEST(ObjectTiles, LeaveOutOtherAreas) {
  const auto set = SetOf(Blobs());
  for (const auto& [i, rings] : Draw(*set, 0, 0, 0, {200, 800}).rings) {
    EXPECT_GE(set->area(i), 200);
    EXPECT_LE(set->area(i), 800);
  }
  EXPECT_TRUE(Draw(*set, 0, 0, 0, {1e9, 1e10}).rings.empty());
  EXPECT_FALSE(Draw(*set, 0, 0, 0, {200, 800}).rings.empty());
}

TEST(ObjectTiles, RefuseWhereNothingCanBe) {
  const auto set = SetOf({Blobs()[1]});
  EXPECT_EQ(ObjectTile(*set, {-1, 0, 0}, {}).error().code, Code::kNotFound);
  EXPECT_EQ(ObjectTile(*set, {kObjectLevels, 0, 0}, {}).error().code, Code::kNotFound);
  EXPECT_EQ(ObjectTile(*set, {0, std::int64_t{1} << 40, 0}, {}).error().code, Code::kNotFound);
}

}  // namespace
}  // namespace tegula::app
