#include "tegula/pipeline/deviation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace tegula::pipeline {
namespace {

using ::testing::ElementsAre;

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

// (1, channels, 1, height, width) of float32.
Tensor Pixels(std::int64_t channels, std::int64_t height, std::int64_t width, float value = 0) {
  Tensor pixels = Tensor::Allocate(DType::kF32, {1, channels, 1, height, width}).value();
  std::fill(pixels.values<float>().begin(), pixels.values<float>().end(), value);
  return pixels;
}

float& At(Tensor& pixels, std::int64_t c, std::int64_t y, std::int64_t x) {
  const Shape& shape = pixels.shape();
  return pixels.values<float>()[static_cast<std::size_t>((c * shape[3] + y) * shape[4] + x)];
}

// A seam in the middle along x, none along the other axes.
SeamDistances SeamAt(std::int64_t seam, std::int64_t height, std::int64_t width, std::int64_t context) {
  SeamDistances distances;
  for (const GridAxis axis : kGridAxes) {
    const std::int64_t size = axis == GridAxis::kY ? height : axis == GridAxis::kX ? width : 1;
    distances.to_seam[axis].assign(static_cast<std::size_t>(size), tiling::kNowhere);
    distances.seen[axis] = distances.to_seam[axis];
  }
  for (std::int64_t x = 0; x < width; ++x) {
    const std::int64_t to_seam = x < seam ? seam - 1 - x : x - seam;
    distances.to_seam[GridAxis::kX][static_cast<std::size_t>(x)] = to_seam;
    distances.seen[GridAxis::kX][static_cast<std::size_t>(x)] = to_seam + context;
  }
  return distances;
}

Block At0(std::int64_t height, std::int64_t width) { return BlockOf(Box{{0, height}, {0, width}}); }

constexpr auto kNone = []() -> Result<std::vector<ConstView>> { return std::vector<ConstView>(); };

TEST(DeviationOf, CountsPixelsValuesAndHowFarTheWorstIsFromTheSeam) {
  const Tensor again = Pixels(2, 3, 8);
  Tensor stored = Pixels(2, 3, 8);
  At(stored, 0, 1, 4) = 0.5f;
  At(stored, 1, 1, 4) = -0.75f;
  At(stored, 1, 2, 2) = 0.25f;
  At(stored, 0, 0, 7) = 1e-6f;
  const Deviation found =
      DeviationOf(std::as_const(stored).view(), again.view(), At0(3, 8), SeamAt(4, 3, 8, 10), 1e-5, kNone).value();
  EXPECT_EQ(found.pixels, 24);
  EXPECT_EQ(found.values, 48);
  EXPECT_EQ(found.beyond, 2) << "a pixel of which two channels differ counts once";
  EXPECT_EQ(found.at_steps, 0);
  EXPECT_DOUBLE_EQ(found.largest, 0.75);
  EXPECT_EQ(found.place, (OutputPlace{1, {{0, 0, 1, 4}}}));
  EXPECT_EQ(found.to_seam, 0);
  EXPECT_NEAR(found.mean(), (0.5 + 0.75 + 0.25 + 1e-6) / 48, 1e-12);
  EXPECT_THAT(found.by_seam.worst(), ElementsAre(0.75, 0.25, 0.0, static_cast<double>(1e-6f)));
  EXPECT_EQ(found.by_seen.Enough(1e-5), 12);
  EXPECT_EQ(found.by_seen.Enough(0), std::nullopt) << "the farthest pixel differs";
}

TEST(DeviationOf, ANumberBesideNaNDiffersWithoutBoundAndNaNBesideNaNDoesNot) {
  Tensor stored = Pixels(1, 1, 4), again = Pixels(1, 1, 4);
  At(stored, 0, 0, 1) = At(again, 0, 0, 1) = kNaN;
  At(stored, 0, 0, 3) = At(again, 0, 0, 3) = INFINITY;
  const auto compare = [&] {
    return DeviationOf(std::as_const(stored).view(), std::as_const(again).view(), At0(1, 4), SeamAt(2, 1, 4, 0), 1e-5,
                       kNone)
        .value();
  };
  EXPECT_EQ(compare().largest, 0);
  At(again, 0, 0, 2) = kNaN;
  EXPECT_EQ(compare().largest, INFINITY);
  EXPECT_EQ(compare().beyond, 1);
}

TEST(DeviationOf, WhatAStepExplainsIsCountedApart) {
  Tensor stored = Pixels(1, 2, 4), again = Pixels(1, 2, 4), beside = Pixels(1, 2, 4);
  At(stored, 0, 0, 1) = 1;  // explained
  At(beside, 0, 0, 1) = 1;
  At(stored, 0, 1, 3) = 1;  // not explained
  int asked = 0;
  const auto alternatives = [&]() -> Result<std::vector<ConstView>> {
    ++asked;
    return std::vector<ConstView>{std::as_const(beside).view()};
  };
  const Deviation found = DeviationOf(std::as_const(stored).view(), std::as_const(again).view(), At0(2, 4),
                                      SeamAt(2, 2, 4, 0), 0, alternatives)
                              .value();
  EXPECT_EQ(found.at_steps, 1);
  EXPECT_EQ(found.beyond, 1);
  EXPECT_EQ(found.place.at[GridAxis::kX], 3);
  EXPECT_EQ(asked, 1);
  EXPECT_TRUE(
      DeviationOf(again.view(), std::as_const(again).view(), At0(2, 4), SeamAt(2, 2, 4, 0), 0, alternatives).ok());
  EXPECT_EQ(asked, 1) << "nothing differs, so nobody asks";
}

TEST(DeviationOf, PartsAddUpToTheWhole) {
  Tensor stored = Pixels(1, 4, 6), again = Pixels(1, 4, 6);
  for (std::int64_t i = 0; i < 24; ++i)
    stored.values<float>()[static_cast<std::size_t>(i)] = 0.01f * static_cast<float>(7 * i % 11);
  const SeamDistances distances = SeamAt(3, 4, 6, 5);
  const Deviation whole =
      DeviationOf(std::as_const(stored).view(), std::as_const(again).view(), At0(4, 6), distances, 0.05, kNone).value();
  Deviation sum;
  DeviationMap map = DeviationMap::Of(4, 6, 3).value();
  for (const Interval y : {Interval{2, 4}, Interval{0, 2}})
    for (const Interval x : {Interval{0, 1}, Interval{1, 6}}) {
      const auto part = [&](const Tensor& t) {
        return t.view().Slice(3, y.begin, y.size()).Slice(4, x.begin, x.size());
      };
      sum.Add(DeviationOf(part(stored), part(again), BlockOf(Box{y, x}), distances, 0.05, kNone, &map).value());
    }
  EXPECT_EQ(sum.pixels, whole.pixels);
  EXPECT_EQ(sum.beyond, whole.beyond);
  EXPECT_EQ(sum.largest, whole.largest);
  EXPECT_EQ(sum.place, whole.place);
  EXPECT_EQ(sum.to_seam, whole.to_seam);
  EXPECT_DOUBLE_EQ(sum.sum, whole.sum);
  EXPECT_EQ(sum.by_seam.worst(), whole.by_seam.worst());
  EXPECT_EQ(sum.by_seen.worst(), whole.by_seen.worst());
  ASSERT_EQ(map.cells_yx().shape(), (Shape{2, 3}));
  float most = 0;
  for (const float cell : map.cells_yx().values<float>()) most = std::max(most, cell);
  EXPECT_EQ(most, static_cast<float>(whole.largest));
}

TEST(DeviationOf, WhatIsNotAskedForIsNotCompared) {
  const Tensor again = Pixels(2, 3, 8);
  Tensor stored = Pixels(2, 3, 8);
  for (float& value : stored.values<float>()) value = std::nanf("");
  std::vector<std::uint8_t> asked(24, 0);
  for (const std::int64_t i : {9, 10, 11, 17}) {
    asked[static_cast<std::size_t>(i)] = 1;
    for (const std::int64_t channel : {0, 1}) At(stored, channel, i / 8, i % 8) = 0.0f;
  }
  At(stored, 1, 2, 1) = 0.25f;
  DeviationMap map = DeviationMap::Of(3, 8, 8).value();
  const Deviation found =
      DeviationOf(std::as_const(stored).view(), again.view(), At0(3, 8), SeamAt(4, 3, 8, 10), 1e-5, kNone, &map, asked)
          .value();
  EXPECT_EQ(found.pixels, 4);
  EXPECT_EQ(found.values, 8);
  EXPECT_EQ(found.beyond, 1);
  EXPECT_EQ(found.largest, 0.25);
  EXPECT_EQ(found.place, (OutputPlace{1, {{0, 0, 2, 1}}}));
  EXPECT_DOUBLE_EQ(found.mean(), 0.25 / 8);
  EXPECT_THAT(found.by_seam.worst(), ElementsAre(0.0, 0.0, 0.25));
  for (std::int64_t i = 0; i < 24; ++i)
    EXPECT_EQ(std::isnan(map.cells_yx().values<float>()[static_cast<std::size_t>(i)]),
              asked[static_cast<std::size_t>(i)] == 0);
}

TEST(DeviationMap, WhatWasNotComparedIsNotANumber) {
  DeviationMap map = DeviationMap::Of(10, 20, 10).value(), other = DeviationMap::Of(10, 20, 10).value();
  EXPECT_EQ(map.cell(), 2);
  map.Add(3, 5, std::vector<double>{0.5, 0.25});
  other.Add(2, 4, std::vector<double>{1.0});
  other.Add(9, 19, std::vector<double>{0.0});
  map.Add(other);
  const auto at = [&](std::size_t y, std::size_t x) { return map.cells_yx().values<float>()[y * 10 + x]; };
  EXPECT_EQ(at(1, 2), 1.0f);
  EXPECT_EQ(at(1, 3), 0.25f);
  EXPECT_EQ(at(4, 9), 0.0f);
  EXPECT_TRUE(std::isnan(at(0, 0)));
}

TEST(ByDistance, EnoughIsTheDistanceFromWhichOnNothingDiffers) {
  ByDistance by;
  EXPECT_EQ(by.Enough(1), std::nullopt);
  by.Add(10, 0.5);
  by.Add(14, 0.0);
  by.Add(12, 0.25);
  by.Add(-3, 9);
  EXPECT_EQ(by.Enough(0.1), 14) << "12 is too little, and nothing is known of 13";
  EXPECT_EQ(by.Enough(0.3), 12);
  EXPECT_EQ(by.Enough(1), 10);
}

}  // namespace
}  // namespace tegula::pipeline
