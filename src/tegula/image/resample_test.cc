#include "tegula/image/resample.h"

#include <gtest/gtest.h>

#include <cmath>
#include <utility>

#include "tegula/image/open.h"
#include "tegula/image/testing/source_conformance.h"
#include "tegula/image/thumbnail.h"

namespace tegula::image {
namespace {

// A row of floats through a grid.
std::vector<float> Resampled(const std::vector<float>& in, const AxisGrid& x) {
  Tensor out = Tensor::Allocate(DType::kF32, {1, 1, x.out_size}).value();
  const auto read = [&](const Box& box, const View& part) -> Status {
    for (std::int64_t i = box.x.begin; i < box.x.end; ++i)
      part.as<float>()[i - box.x.begin] = in[static_cast<std::size_t>(i)];
    return Ok();
  };
  EXPECT_TRUE(Resample({}, x, {{0, 1}, {0, x.out_size}}, read, out.view()).ok());
  return {out.values<float>().begin(), out.values<float>().end()};
}

TEST(Resample, ACoarserGridHasMeansOfAreas) {
  EXPECT_EQ(Resampled({1, 3, 5, 7, 9}, AxisGrid::WithStep(5, 2)), (std::vector<float>{2, 6}));
  // Pixels of 1.5: 1 + half of 3, the rest of 3 + 5, 7 + half of 9.
  const std::vector<float> odd = Resampled({1, 3, 5, 7, 9}, AxisGrid::WithStep(5, 1.5));
  ASSERT_EQ(odd.size(), 3u);
  EXPECT_FLOAT_EQ(odd[0], (1 + 1.5f) / 1.5f);
  EXPECT_FLOAT_EQ(odd[1], (1.5f + 5) / 1.5f);
  EXPECT_FLOAT_EQ(odd[2], (7 + 4.5f) / 1.5f);
}

// numpy.interp((numpy.arange(8) + 0.5) / 2 - 0.5, numpy.arange(4), [0, 4, 8, 4])
TEST(Resample, AFinerGridIsLinearBetweenCentres) {
  EXPECT_EQ(Resampled({0, 4, 8, 4}, AxisGrid::WithStep(4, 0.5)), (std::vector<float>{0, 1, 3, 5, 7, 7, 5, 4}));
}

TEST(AxisGrid, WeightsAddUpToOneAndCoverTheAxis) {
  for (const double step : {0.3, 0.5, 0.99, 1.0, 1.01, 1.7, 2.0, 3.999, 17.3}) {
    const AxisGrid grid = AxisGrid::WithStep(101, step);
    for (std::int64_t i = 0; i < grid.out_size; ++i) {
      const Taps taps = grid.At(i);
      double sum = 0;
      for (std::int64_t k = 0; k < taps.count; ++k) {
        EXPECT_GE(taps.weight(k), 0);
        sum += taps.weight(k);
      }
      EXPECT_NEAR(sum, 1, 1e-9) << step << " " << i;
      EXPECT_GE(taps.first, 0);
      EXPECT_LE(taps.first + taps.count, 101);
    }
  }
}

TEST(Resample, EveryBoxIsACropOfTheWholeToTheBit) {
  const std::unique_ptr<Source> source = Open("synthetic:noise,height=211,width=173,channels=2,dtype=float32").value();
  const auto read = [&](const Box& box, const View& out) { return source->Read({.box = box}, out); };
  for (const double step : {0.37, 1.0 / 3, 1.37, 2.0, 13.1}) {
    const AxisGrid y = AxisGrid::WithStep(211, step), x = AxisGrid::WithStep(173, step * 0.9);
    Tensor whole = Tensor::Allocate(DType::kF32, {2, y.out_size, x.out_size}).value();
    ASSERT_TRUE(Resample(y, x, {{0, y.out_size}, {0, x.out_size}}, read, whole.view()).ok());
    for (const Box& box : testing::BoxesOf({.height = y.out_size, .width = x.out_size}, 3)) {
      Tensor part = Tensor::Allocate(DType::kF32, {2, box.height(), box.width()}).value();
      ASSERT_TRUE(Resample(y, x, box, read, part.view()).ok());
      EXPECT_TRUE(testing::Same(std::as_const(part).view(), testing::Crop(whole, box))) << step;
    }
  }
}

TEST(Resample, StripsDoNotChangeTheResult) {
  // 4 million old pixels in a row's area: several strips for each new row.
  const std::unique_ptr<Source> source = Open("synthetic:gradient,height=4000,width=1000,dtype=float64").value();
  const auto read = [&](const Box& box, const View& out) { return source->Read({.box = box}, out); };
  const AxisGrid y = AxisGrid::WithSize(4000, 2), x = AxisGrid::WithSize(1000, 1);
  Tensor out = Tensor::Allocate(DType::kF64, {1, 2, 1}).value();
  ASSERT_TRUE(Resample(y, x, {{0, 2}, {0, 1}}, read, out.view()).ok());
  EXPECT_NEAR(out.values<double>()[0], (0.25 + 0.5) / 2, 1e-12);
  EXPECT_NEAR(out.values<double>()[1], (0.75 + 0.5) / 2, 1e-12);
}

TEST(ReadThumbnail, IsTheMeanOfTheImageAndKnowsItsScale) {
  const std::unique_ptr<Source> source =
      Open("synthetic:gradient,height=3000,width=1501,channels=2,dtype=float32,levels=3").value();
  const Thumbnail thumbnail = ReadThumbnail(*source, 100).value();
  EXPECT_EQ(thumbnail.pixels_cyx.shape(), (Shape{2, 100, 50}));
  EXPECT_NEAR(thumbnail.downsample_y, 30, 0.1);
  double sum = 0;
  for (const float value : thumbnail.pixels_cyx.values<float>().first(5000)) sum += static_cast<double>(value);
  EXPECT_NEAR(sum / 5000, 0.5, 0.01);
  EXPECT_EQ(ReadThumbnail(*source, 100000).value().pixels_cyx.shape(), (Shape{2, 3000, 1501}));
  const std::int64_t second[] = {1};
  EXPECT_EQ(ReadThumbnail(*source, 10, second).value().pixels_cyx.shape(), (Shape{1, 10, 5}));
}

}  // namespace
}  // namespace tegula::image
