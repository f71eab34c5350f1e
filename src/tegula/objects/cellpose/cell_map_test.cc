// Objects as numbers, and the steps from ends of paths to clean objects, on maps of a few pixels.
#include "tegula/objects/cellpose/cell_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tegula/objects/cellpose/cleaning.h"
#include "tegula/objects/cellpose/flow_sinks.h"

namespace tegula::objects {
namespace {

using ::testing::ElementsAre;

class Context {
 public:
  const RunContext& operator*() const noexcept { return context_; }

 private:
  SerialExecutor executor_;
  SilentProgress progress_;
  RunContext context_{executor_, progress_};
};

CellMap MapOf(std::int64_t width, const std::vector<std::uint32_t>& numbers, std::int64_t block = 3) {
  const std::int64_t height = static_cast<std::int64_t>(numbers.size()) / width;
  MemoryScratch scratch;
  std::unique_ptr<PixelBlocks> pixels =
      scratch.Make("numbers", {{{1, 1, height, width}}, {{1, 1, block, block}}}, 1, DType::kU32).value();
  const ConstView all(reinterpret_cast<const std::byte*>(numbers.data()), DType::kU32, {1, height, width});
  for (std::int64_t i = 0; i < pixels->grid().count(); ++i) {
    const Block at = pixels->grid().at(i);
    const Box box = PlaneBox(at);
    EXPECT_TRUE(
        WritePlane(*pixels, at, all.Slice(1, box.y.begin, box.height()).Slice(2, box.x.begin, box.width())).ok());
  }
  return CellMap::Measure(std::move(pixels), *Context()).value();
}

std::vector<std::uint32_t> PixelsOf(const CellMap& cells) {
  const Tensor pixels = cells.Read({{0, cells.height()}, {0, cells.width()}}, {}).value();
  const auto values = pixels.values<std::uint32_t>();
  return {values.begin(), values.end()};
}

TEST(CellMap, CountsAndBoxesAreThoseOfTheNumbersThatOccur) {
  for (const std::int64_t block : {1, 2, 5}) {
    const CellMap cells = MapOf(4,
                                {0, 3, 3, 0,  //
                                 1, 0, 3, 0},
                                block);
    EXPECT_THAT(cells.PixelCounts(), ElementsAre(4, 1, 0, 3));
    ASSERT_EQ(cells.cells().size(), 4U);
    EXPECT_EQ(cells.cells()[1].box, (Box{{1, 2}, {0, 1}}));
    EXPECT_EQ(cells.cells()[2].box, Box{});
    EXPECT_EQ(cells.cells()[3].box, (Box{{0, 2}, {1, 3}}));
    EXPECT_EQ(cells.cells()[3].first_x, 1);
    EXPECT_EQ(cells.Largest(), 3U);
  }
  EXPECT_EQ(MapOf(7, {}).Largest(), 0U);
}

TEST(CellMap, NumbersRunInTheOrderOfFirstPixels) {
  CellMap cells = MapOf(4, {0, 7, 7, 2,  //
                            1, 0, 7, 2});
  cells.Renumber();
  EXPECT_THAT(PixelsOf(cells), ElementsAre(0, 1, 1, 2, 3, 0, 1, 2));
}

TEST(CellMap, WhatIsPaintedLastLiesOnTopAndIsRenamedWithTheRest) {
  CellMap cells = MapOf(5, {1, 1, 0, 2, 2,  //
                            1, 1, 0, 2, 2});
  cells.Paint(std::vector<PixelRun>{{0, 1, 4}}, 2);
  cells.Paint(std::vector<PixelRun>{{0, 2, 3}}, 1);
  EXPECT_THAT(PixelsOf(cells), ElementsAre(1, 2, 1, 2, 2, 1, 1, 0, 2, 2));
  EXPECT_TRUE(cells.MeasureAgain(1, {}).ok());
  EXPECT_EQ(cells.cells()[1].pixels, 3);  // in its box: what was painted beside it is not looked at
  cells.Rename(std::vector<std::uint32_t>{0, 5, 0});
  EXPECT_THAT(PixelsOf(cells), ElementsAre(5, 0, 5, 0, 0, 5, 5, 0, 0, 0));
}

TEST(FlowSinks, LaterSinksHaveThePixelsWhereTheyMeet) {
  const std::vector<std::int32_t> counts = {11, 4, 3, 3, 12, 3, 2, 9};
  const FlowCounts all{{{0, 1}, {0, 8}},
                       ConstView(reinterpret_cast<const std::byte*>(counts.data()), DType::kI32, {1, 8})};
  std::vector<FlowSink> found;
  FlowSinks::Find(all, all.box, found);
  const FlowSinks sinks(found);
  ASSERT_EQ(sinks.size(), 2);
  EXPECT_EQ(sinks.Numbered()[1].x, 4);
  const Tensor sink_of = sinks.Grow(all, all.box, {}).value();
  EXPECT_THAT(sink_of.values<std::uint32_t>(), ElementsAre(2, 2, 2, 2, 2, 2, 0, 0));
}

// torch 2.13: (11 + torch.arange(40, dtype=torch.int32) * 7 % 3).argsort()
TEST(FlowSinks, SinksWithAsManyPathsStandInTheOrderOfTorch) {
  std::vector<FlowSink> sinks;
  for (std::int64_t i = 39; i >= 0; --i) sinks.push_back({0, 3 * i, 11 + static_cast<std::int32_t>(i) * 7 % 3});
  std::vector<std::int64_t> order;
  for (const FlowSink& sink : FlowSinks(sinks).Numbered()) order.push_back(sink.x / 3);
  EXPECT_THAT(order, ElementsAre(0, 21, 18, 24, 15, 27, 12, 30, 9, 33, 6, 36, 3, 39, 31, 34, 28, 37, 25, 22,  //
                                 1, 19, 16, 4, 13, 7, 10, 2, 20, 38, 5, 35, 8, 32, 11, 29, 14, 26, 17, 23));
}

TEST(FillHoles, FillsWhatNoPathOverEdgesLeavesAndClosesNumbersUp) {
  // Object 2 has a hole with object 3 in it; 5 is open over an edge, 7 over a corner only.
  CellMap cells = MapOf(11, {2, 2, 2, 2, 0, 5, 5, 0, 0, 7, 0,  //
                             2, 3, 0, 2, 0, 5, 0, 0, 7, 0, 7,  //
                             2, 2, 2, 2, 0, 5, 5, 0, 0, 7, 0});
  ASSERT_TRUE(FillHoles(cells, *Context(), 0).ok());
  EXPECT_THAT(PixelsOf(cells), ElementsAre(1, 1, 1, 1, 0, 3, 3, 0, 0, 4, 0,  //
                                           1, 1, 1, 1, 0, 3, 0, 0, 4, 4, 4,  //
                                           1, 1, 1, 1, 0, 3, 3, 0, 0, 4, 0));
  EXPECT_THAT(cells.PixelCounts(), ElementsAre(11, 12, 0, 5, 5));
}

TEST(FillHoles, AnEarlierObjectCanTakeAHoleFromALaterOneAndALaterOneTheWholeOfAnEarlierOne) {
  // 1 lies around 2, whose ring is in its hole; 4 lies around 3, which has a hole of its own.
  CellMap cells = MapOf(12, {1, 1, 1, 1, 1, 0, 4, 4, 4, 4, 4, 4,  //
                             1, 2, 2, 2, 1, 0, 4, 3, 3, 3, 0, 4,  //
                             1, 2, 0, 2, 1, 0, 4, 3, 0, 3, 0, 4,  //
                             1, 2, 2, 2, 1, 0, 4, 3, 3, 3, 0, 4,  //
                             1, 1, 1, 1, 1, 0, 4, 4, 4, 4, 4, 4});
  ASSERT_TRUE(FillHoles(cells, *Context(), 0).ok());
  EXPECT_THAT(cells.PixelCounts(), ElementsAre(5, 25, 0, 0, 30));
  EXPECT_EQ(cells.Largest(), 4U);
  RemoveSmallObjects(cells, 1);
  EXPECT_THAT(cells.PixelCounts(), ElementsAre(5, 25, 30));
}

TEST(FillHoles, NamesTheMemoryThatAnObjectNeeds) {
  CellMap cells = MapOf(4, {1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1});
  const Status refused = FillHoles(cells, *Context(), 100);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kExhausted);
  EXPECT_THAT(refused.error().what, ::testing::HasSubstr("an object of 3 x 4 pixels at y=0 x=0 needs 156 B"));
}

TEST(RemoveSmallObjects, TakesNumbersForPlacesAsCellposeDoes) {
  CellMap dense = MapOf(8, {0, 1, 1, 2, 3, 3, 4, 4});
  RemoveSmallObjects(dense, 2);
  EXPECT_THAT(PixelsOf(dense), ElementsAre(0, 1, 1, 0, 2, 2, 3, 3));
  // The small one is in the second place, so that number 2 would go: there is none.
  CellMap gap = MapOf(8, {0, 1, 1, 3, 5, 5, 4, 4});
  RemoveSmallObjects(gap, 2);
  EXPECT_THAT(PixelsOf(gap), ElementsAre(0, 1, 1, 2, 3, 3, 4, 4));
  // Without background the first object's size is not looked at, and the others' are taken for those before them.
  CellMap full = MapOf(6, {1, 2, 2, 3, 3, 3});
  RemoveSmallObjects(full, 3);
  EXPECT_THAT(PixelsOf(full), ElementsAre(0, 1, 1, 2, 2, 2));
}

}  // namespace
}  // namespace tegula::objects
