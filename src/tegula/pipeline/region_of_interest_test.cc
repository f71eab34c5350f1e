#include "tegula/pipeline/region_of_interest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>
#include <utility>

#include "tegula/core/files.h"
#include "tegula/core/random.h"
#include "tegula/objects/region_tracer.h"
#include "tegula/pipeline/objects_pass.h"
#include "tegula/pipeline/testing/find_objects.h"

namespace tegula::pipeline {
namespace {

using objects::PointPolygon;
using objects::PolygonMask;

PointPolygon Rectangle(double top, double left, double bottom, double right) {
  return {{{top, left}, {top, right}, {bottom, right}, {bottom, left}, {top, left}}, {}};
}

// A square with a hole, and a triangle that overlaps it and leaves the image. In pixels of level 0.
PolygonMask Shapes() {
  PointPolygon square = Rectangle(20, 20, 60, 60);
  square.holes.push_back(Rectangle(30, 30, 45, 50).outer);
  const PointPolygon triangle{{{50, 50}, {50, 130}, {90, 50}, {50, 50}}, {}};
  return PolygonMask::Create({square, triangle}).value();
}

bool IsInShapes(double y, double x) {
  const auto in = [&](double top, double left, double bottom, double right) {
    return y > top && y < bottom && x > left && x < right;
  };
  const bool in_triangle = y > 50 && x > 50 && (x - 50) / 80 + (y - 50) / 40 < 1;
  return (in(20, 20, 60, 60) && !in(30, 30, 45, 50)) || in_triangle;
}

RegionOfInterest On(const PolygonMask& mask, SlideAxis y = {}, SlideAxis x = {}) {
  PerAxis<SlideAxis> place;
  place[GridAxis::kY] = y, place[GridAxis::kX] = x;
  return RegionOfInterest::Create(mask, place).value();
}

class Asked : public ::testing::Test {
 protected:
  outputs::ChunkStore Store(DType dtype = DType::kF32, std::int64_t channels = 2) {
    outputs::StoreOptions options;
    options.axes = {{'c', channels, 1}, {'z', 3, 2}, {'y', 100, 16}, {'x', 110, 16}};
    options.dtype = dtype;
    options.fill = FillFor(dtype);
    options.levels = 1;
    return outputs::ChunkStore::Create(folder_.path() / std::to_string(number_++), options).value();
  }

  // (t, channel, z, y, x) of 1 x 2 x 3 x 100 x 110: what is nowhere 0.
  static Tensor Pixels() {
    Tensor pixels = Tensor::Allocate(DType::kF32, {1, 2, 3, 100, 110}).value();
    float value = 1;
    for (float& pixel : pixels.values<float>()) pixel = value++;
    return pixels;
  }

  static Block Whole() { return {{Interval{0, 1}, {0, 3}, {0, 100}, {0, 110}}}; }

  TemporaryFolder folder_ = TemporaryFolder::Create("tegula-test").value();
  int number_ = 0;
};

TEST_F(Asked, PixelsAreWrittenAndNoOthers) {
  const outputs::ChunkStore store = Store();
  const RegionOfInterest region = On(Shapes());
  const AskedPart part(outputs::StorePart(store), &region);
  const Tensor pixels = Pixels();
  ASSERT_TRUE(part.Write(Whole(), pixels.view()).ok());
  Tensor read = Tensor::Allocate(DType::kF32, pixels.shape()).value();
  ASSERT_TRUE(outputs::StorePart(store).Read(Whole(), read.view()).ok());
  const float *from = pixels.values<float>().data(), *to = std::as_const(read).values<float>().data();
  for (std::int64_t plane = 0; plane < 6; ++plane)
    for (std::int64_t y = 0; y < 100; ++y)
      for (std::int64_t x = 0; x < 110; ++x, ++from, ++to)
        if (IsInShapes(static_cast<double>(y) + 0.5, static_cast<double>(x) + 0.5))
          ASSERT_EQ(*to, *from) << y << " " << x;
        else
          ASSERT_TRUE(std::isnan(*to)) << y << " " << x;
}

TEST_F(Asked, ChunksWithoutSuchAPixelAreMissing) {
  const outputs::ChunkStore store = Store();
  const RegionOfInterest region = On(Shapes());
  const AskedPart part(outputs::StorePart(store), &region);
  EXPECT_FALSE(part.Has(Whole()));
  const Tensor pixels = Pixels();
  ASSERT_TRUE(part.Write(Whole(), pixels.view()).ok());
  EXPECT_TRUE(part.Has(Whole()));
  std::set<std::pair<std::int64_t, std::int64_t>> expected, found;
  for (std::int64_t y = 0; y < 100; ++y)
    for (std::int64_t x = 0; x < 110; ++x)
      if (IsInShapes(static_cast<double>(y) + 0.5, static_cast<double>(x) + 0.5)) expected.insert({y / 16, x / 16});
  for (std::int64_t number = 0; number < store.ChunkCount(0); ++number) {
    const Shape index = store.ChunkIndex(0, number);
    if (store.HasChunk(0, index)) found.insert({index[2], index[3]});
  }
  EXPECT_EQ(found, expected);
  EXPECT_LT(found.size(), 7U * 7U);
}

TEST_F(Asked, IntegersHaveZeroOutside) {
  const outputs::ChunkStore store = Store(DType::kU8, 1);
  const RegionOfInterest region = On(PolygonMask::Rectangle({{3, 9}, {4, 7}}).value());
  Tensor pixels = Tensor::Allocate(DType::kU8, {1, 1, 3, 16, 16}).value();
  std::ranges::fill(pixels.values<std::uint8_t>(), std::uint8_t{7});
  const Block block{{Interval{0, 1}, {0, 3}, {0, 16}, {0, 16}}};
  ASSERT_TRUE(AskedPart(outputs::StorePart(store), &region).Write(block, std::as_const(pixels).view()).ok());
  ASSERT_TRUE(outputs::StorePart(store).Read(block, pixels.view()).ok());
  for (std::int64_t i = 0; i < pixels.elements(); ++i) {
    const std::int64_t y = i / 16 % 16, x = i % 16;
    ASSERT_EQ(pixels.values<std::uint8_t>()[static_cast<std::size_t>(i)], y >= 3 && y < 9 && x >= 4 && x < 7 ? 7 : 0);
  }
}

TEST_F(Asked, WithoutARegionEverythingIs) {
  const outputs::ChunkStore store = Store();
  const AskedPart part(outputs::StorePart(store), nullptr);
  EXPECT_TRUE(part.IsAsked(Whole()));
  const Tensor pixels = Pixels();
  ASSERT_TRUE(part.Write(Whole(), pixels.view()).ok());
  for (std::int64_t number = 0; number < store.ChunkCount(0); ++number)
    EXPECT_TRUE(store.HasChunk(0, store.ChunkIndex(0, number)));
}

TEST_F(Asked, TilesAreMissingThenDoneOrNotAskedFor) {
  const outputs::ChunkStore store = Store();
  const RegionOfInterest region = On(PolygonMask::Rectangle({{20, 30}, {0, 40}}).value());
  const AskedPart parts[] = {AskedPart(outputs::StorePart(store), &region)};
  const auto tile_at = [](std::int64_t y, std::int64_t x) {
    const Block write{{Interval{0, 1}, {0, 3}, {y, y + 16}, {x, x + 32}}};
    return tiling::Tile{write, {{write, write}}};
  };
  EXPECT_EQ(StateOf(tile_at(16, 32), parts), TileState::kMissing);
  EXPECT_EQ(StateOf(tile_at(32, 0), parts), TileState::kNotAsked);
  EXPECT_EQ(StateOf(tile_at(16, 64), parts), TileState::kNotAsked);
  const tiling::Tile tile = tile_at(16, 32);
  const Tensor pixels = Pixels();
  ASSERT_TRUE(parts[0].Write(tile.pieces[0].write, Crop(pixels.view(), tile.pieces[0].write)).ok());
  EXPECT_EQ(StateOf(tile, parts), TileState::kDone);  // though its right half is not there and never will be
  EXPECT_EQ(StateOf(tile_at(16, 0), parts), TileState::kMissing);
}

TEST(RegionOfInterest, IsDecidedByTheCentresOfTheOutputsOwnPixels) {
  const SlideAxis y{4, -2.1}, x{0.5, 8};
  const RegionOfInterest region = On(Shapes(), y, x);
  std::int64_t area = 0;
  for (std::int64_t i = 0; i < 30; ++i)
    for (std::int64_t k = 0; k < 250; ++k) {
      const bool inside =
          IsInShapes(-2.1 + 4 * (static_cast<double>(i) + 0.5), 8 + 0.5 * (static_cast<double>(k) + 0.5));
      ASSERT_EQ(region.Touches({{i, i + 1}, {k, k + 1}}), inside) << i << " " << k;
      area += inside ? 1 : 0;
    }
  EXPECT_EQ(region.Area({{0, 30}, {0, 250}}), area);
  EXPECT_GT(area, 100);
}

TEST(RegionOfInterest, ItsEdgeIsWhereANeighbourWithinTheImageIsOutside) {
  const RegionOfInterest region = On(Shapes());
  const Box whole{{0, 100}, {0, 110}}, box{{17, 80}, {40, 110}};
  Tensor edge = Tensor::Allocate(DType::kF32, {box.height(), box.width()}).value();
  ASSERT_TRUE(region.MarkEdge(whole, box, edge.view()).ok());
  int edges = 0;
  for (std::int64_t y = box.y.begin; y < box.y.end; ++y)
    for (std::int64_t x = box.x.begin; x < box.x.end; ++x) {
      const auto inside = [](std::int64_t i, std::int64_t k) {
        return k >= 110 || IsInShapes(static_cast<double>(i) + 0.5, static_cast<double>(k) + 0.5);
      };
      const bool expected =
          inside(y, x) && !(inside(y - 1, x) && inside(y + 1, x) && inside(y, x - 1) && inside(y, x + 1));
      const auto i = static_cast<std::size_t>((y - box.y.begin) * box.width() + x - box.x.begin);
      ASSERT_EQ(std::as_const(edge).values<float>()[i], expected ? 1 : 0) << y << " " << x;
      edges += expected ? 1 : 0;
    }
  EXPECT_GT(edges, 50);
}

// A class map with objects inside, across and outside the edge of a region, as the store of a prediction.
TEST(FindObjects, AreOfWhatIsAskedForAndThoseAtItsEdgeAreCounted) {
  const TemporaryFolder folder = TemporaryFolder::Create("tegula-test").value();
  outputs::StoreOptions options;
  options.axes = {{'c', 2, 1}, {'y', 64, 16}, {'x', 64, 16}};
  options.dtype = DType::kU8;  // outside is 0, of which the largest channel is the first
  options.levels = 1;
  const outputs::ChunkStore store = outputs::ChunkStore::Create(folder.path() / "s", options).value();
  Tensor values = Tensor::Allocate(DType::kU8, {2, 64, 64}).value();
  std::ranges::fill(values.values<std::uint8_t>(), std::uint8_t{1});
  const auto draw = [&](const Box& box) {
    for (std::int64_t y = box.y.begin; y < box.y.end; ++y)
      for (std::int64_t x = box.x.begin; x < box.x.end; ++x)
        values.values<std::uint8_t>()[static_cast<std::size_t>(64 * 64 + y * 64 + x)] = 9;
  };
  draw({{22, 26}, {22, 26}});  // inside
  draw({{0, 8}, {12, 18}});    // at the image's edge, inside
  draw({{30, 36}, {38, 44}});  // cut by the right edge
  draw({{50, 55}, {50, 55}});  // outside
  ASSERT_TRUE(store.WriteBox(0, {0, 0, 0}, std::as_const(values).view()).ok());
  const RegionOfInterest region = On(PolygonMask::Rectangle({{-5, 40}, {10, 40}}).value());
  SilentProgress progress;
  const SerialExecutor executor;
  const std::unique_ptr<PlaneReader> map = PlaneOfStore(store);
  const objects::MeasurementPlan plan = objects::MeasurementPlan::Create({}, {}, {}).value();
  std::vector<std::int64_t> areas;
  const auto find = [&](const std::vector<std::int32_t>& labels) {
    const FindResult result =
        FindObjects({executor, progress}, {*map, nullptr}, {.passes = {{objects::Argmax{}, labels}}, .asked = &region},
                    plan, folder.path() / "spool")
            .value();
    const FoundObjects& found = result.objects;
    std::int64_t touching = 0;
    areas.clear();
    for (std::size_t i = 0; i < found.entries().size(); ++i) {
      const objects::Region object = found.Read(i).value().region;
      areas.push_back(object.area_px);
      touching += TouchesEdge(object, region, {{0, 64}, {0, 64}}).value() ? 1 : 0;
    }
    EXPECT_EQ(result.summary.at_asked_edge, touching);
    return touching;
  };
  EXPECT_EQ(find({1}), 1);
  EXPECT_EQ(areas, (std::vector<std::int64_t>{48, 16, 12}));
  // Nothing outside becomes an object of any class.
  EXPECT_EQ(find({}), 2);
  EXPECT_EQ(std::accumulate(areas.begin(), areas.end(), std::int64_t{0}), 40 * 30);
}

// What is not asked for has no part in what is smoothed, whatever a store says there; and its edge is one that drops.
TEST(FindObjects, OfARegionAreSmoothedAndDroppedAsIfTheRestWereUnknown) {
  const TemporaryFolder folder = TemporaryFolder::Create("tegula-test").value();
  Tensor map = Tensor::Allocate(DType::kF32, {1, 70, 64}).value();
  for (std::int64_t i = 0; i < 70 * 64; ++i)
    map.values<float>()[static_cast<std::size_t>(i)] = UniformAt(3, 0, i / 64 / 4, i % 64 / 4) > 0.5 ? 1.0F : 0.0F;
  const RegionOfInterest region = On(PolygonMask::Rectangle({{8, 45}, {10, 50}}).value());
  ObjectsOptions options{.passes = {{objects::Threshold{0, 0.5}, {}, 0}}, .smooth_y = 1.2, .smooth_x = 1.2};
  Tensor known = map.Clone();
  std::ranges::fill(known.values<float>(), std::nanf(""));
  const Box whole{{0, 70}, {0, 64}};
  region.CopyInside(whole, std::as_const(map).view(), known.view());
  const testing::Found expected = testing::Find(folder.path(), known, nullptr, 16, 2, options, {.shape = true});
  ASSERT_GT(expected.objects.size(), 4U);
  options.asked = &region;
  for (const std::int64_t chunk : {7, 16, 70}) {
    const testing::Found found = testing::Find(folder.path(), map, nullptr, chunk, 2, options, {.shape = true});
    ASSERT_EQ(found.objects.size(), expected.objects.size());
    for (std::size_t i = 0; i < found.objects.size(); ++i)
      EXPECT_EQ(found.objects[i].region.polygons[0].outer, expected.objects[i].region.polygons[0].outer);
  }
  options.drops_border = true;
  const testing::Found inner = testing::Find(folder.path(), map, nullptr, 16, 2, options, {.shape = true});
  const auto touching = std::ranges::count_if(expected.objects, [&](const objects::MeasuredRegion& object) {
    return TouchesEdge(object.region, region, whole).value();
  });
  EXPECT_GT(touching, 0);
  EXPECT_EQ(inner.summary.dropped, touching);
  EXPECT_EQ(static_cast<std::int64_t>(inner.objects.size()),
            static_cast<std::int64_t>(expected.objects.size()) - touching);
}

}  // namespace
}  // namespace tegula::pipeline
