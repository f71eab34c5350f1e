// Objects as numbers, and the steps from ends of paths to clean objects, on maps of a few pixels.
#include "tegula/objects/label_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tegula/objects/cellpose/cleaning.h"
#include "tegula/objects/cellpose/flow_field.h"
#include "tegula/objects/cellpose/flow_sinks.h"

namespace tegula::objects {
namespace {

using ::testing::ElementsAre;

LabelMap MapOf(std::int64_t width, const std::vector<std::uint32_t>& labels) {
  LabelMap map = LabelMap::Empty(static_cast<std::int64_t>(labels.size()) / width, width, {}).value();
  std::copy(labels.begin(), labels.end(), map.pixels().begin());
  return map;
}

TEST(LabelMap, CountsAndBoxesAreThoseOfTheNumbersThatOccur) {
  const LabelMap labels = MapOf(4, {0, 3, 3, 0,  //
                                    1, 0, 3, 0});
  EXPECT_THAT(labels.PixelCounts(), ElementsAre(4, 1, 0, 3));
  EXPECT_THAT(labels.Boxes(), ElementsAre(Box{}, Box{{1, 2}, {0, 1}}, Box{}, Box{{0, 2}, {1, 3}}));
  EXPECT_EQ(LabelMap::Empty(0, 7, {}).value().Largest(), 0U);
}

TEST(LabelMap, NumbersRunInTheOrderOfFirstPixels) {
  LabelMap labels = MapOf(4, {0, 7, 7, 2,  //
                              1, 0, 7, 2});
  labels.Renumber();
  EXPECT_THAT(labels.pixels(), ElementsAre(0, 1, 1, 2, 3, 0, 1, 2));
}

TEST(FlowSinks, CountsOfPartsAdd) {
  const std::vector<std::int32_t> ends = {3, 3, kNoEnd, 0, 3, 1};
  std::vector<std::int32_t> whole(4), parts(4);
  CountEnds(ends, whole);
  CountEnds(std::span(ends).first(2), parts);
  CountEnds(std::span(ends).subspan(2), parts);
  EXPECT_THAT(whole, ElementsAre(1, 1, 0, 3));
  EXPECT_EQ(parts, whole);
}

TEST(FlowSinks, LaterSinksHaveThePixelsWhereTheyMeet) {
  const std::vector<std::int32_t> counts = {11, 4, 3, 3, 12, 3, 2, 9};
  const ConstView counts_yx(reinterpret_cast<const std::byte*>(counts.data()), DType::kI32, {1, 8});
  const std::vector<FlowSink> sinks = FindSinks(counts_yx);
  ASSERT_EQ(sinks.size(), 2U);
  EXPECT_EQ(sinks[1].pixel, 4);
  const LabelMap sink_of = GrowSinks(counts_yx, sinks, {}).value();
  EXPECT_THAT(sink_of.pixels(), ElementsAre(2, 2, 2, 2, 2, 2, 0, 0));
}

// torch 2.13: (11 + torch.arange(40, dtype=torch.int32) * 7 % 3).argsort()
TEST(FlowSinks, SinksWithAsManyPathsStandInTheOrderOfTorch) {
  std::vector<std::int32_t> counts(120);
  for (std::size_t i = 0; i < 40; ++i) counts[3 * i] = 11 + static_cast<std::int32_t>(i) * 7 % 3;
  const ConstView counts_yx(reinterpret_cast<const std::byte*>(counts.data()), DType::kI32, {1, 120});
  std::vector<std::int64_t> order;
  for (const FlowSink& sink : FindSinks(counts_yx)) order.push_back(sink.pixel / 3);
  EXPECT_THAT(order, ElementsAre(0, 21, 18, 24, 15, 27, 12, 30, 9, 33, 6, 36, 3, 39, 31, 34, 28, 37, 25, 22,  //
                                 1, 19, 16, 4, 13, 7, 10, 2, 20, 38, 5, 35, 8, 32, 11, 29, 14, 26, 17, 23));
}

TEST(FillHoles, FillsWhatNoPathOverEdgesLeavesAndClosesNumbersUp) {
  // Object 2 has a hole with object 3 in it; 5 is open over an edge, 7 over a corner only.
  LabelMap labels = MapOf(11, {2, 2, 2, 2, 0, 5, 5, 0, 0, 7, 0,  //
                               2, 3, 0, 2, 0, 5, 0, 0, 7, 0, 7,  //
                               2, 2, 2, 2, 0, 5, 5, 0, 0, 7, 0});
  FillHoles(labels);
  EXPECT_THAT(labels.pixels(), ElementsAre(1, 1, 1, 1, 0, 3, 3, 0, 0, 4, 0,  //
                                           1, 1, 1, 1, 0, 3, 0, 0, 4, 4, 4,  //
                                           1, 1, 1, 1, 0, 3, 3, 0, 0, 4, 0));
}

TEST(RemoveSmallObjects, TakesNumbersForPlacesAsCellposeDoes) {
  LabelMap dense = MapOf(8, {0, 1, 1, 2, 3, 3, 4, 4});
  RemoveSmallObjects(dense, 2);
  EXPECT_THAT(dense.pixels(), ElementsAre(0, 1, 1, 0, 2, 2, 3, 3));
  // The small one is in the second place, so that number 2 would go: there is none.
  LabelMap gap = MapOf(8, {0, 1, 1, 3, 5, 5, 4, 4});
  RemoveSmallObjects(gap, 2);
  EXPECT_THAT(gap.pixels(), ElementsAre(0, 1, 1, 2, 3, 3, 4, 4));
  // Without background the first object's size is not looked at, and the others' are taken for those before them.
  LabelMap full = MapOf(6, {1, 2, 2, 3, 3, 3});
  RemoveSmallObjects(full, 3);
  EXPECT_THAT(full.pixels(), ElementsAre(0, 1, 1, 2, 2, 2));
}

}  // namespace
}  // namespace tegula::objects
