#include "tegula/app/view/rendering.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tegula/app/view/channel_ranges.h"
#include "tegula/app/view/pixel_values.h"
#include "tegula/image/open.h"
#include "tegula/outputs/jpeg.h"

namespace tegula::app {
namespace {

std::unique_ptr<image::Source> Synthetic(const std::string& words) { return *image::Open("synthetic:" + words); }

TEST(ShownPyramid, HalvesUpToOnePixel) {
  EXPECT_EQ(ShownLevels(1, 1), 1);
  EXPECT_EQ(ShownLevels(1, 2), 2);
  EXPECT_EQ(ShownLevels(1000, 700), 11);
  EXPECT_EQ(ShownSize(1000, 11, 10), 1000);
  EXPECT_EQ(ShownSize(1001, 11, 9), 501);
  EXPECT_EQ(ShownSize(1000, 11, 0), 1);
}

TEST(ShownPyramid, TilesCoverEachLevelOnce) {
  for (int level = 0; level < 11; ++level) {
    std::int64_t area = 0;
    for (std::int64_t y = 0; ShownBox(1000, 700, level, y, 0).ok(); ++y)
      for (std::int64_t x = 0; ShownBox(1000, 700, level, y, x).ok(); ++x)
        area += ShownBox(1000, 700, level, y, x)->area();
    EXPECT_EQ(area, ShownSize(1000, 11, level) * ShownSize(700, 11, level));
  }
}

TEST(RenderTile, ShowsAnRgbImageAsItIs) {
  const auto source = Synthetic("noise,height=300,width=400,channels=3,seed=3");
  const Result<Tensor> tile = RenderTile(*source, {}, 9, 1, 1);
  ASSERT_TRUE(tile.ok()) << ToString(tile.error());
  EXPECT_EQ(tile->shape(), (Shape{44, 144, 3}));
  const std::vector<double> values = *PixelValues(*source, {.y = 256 + 10, .x = 256 + 20});
  for (std::size_t c = 0; c < 3; ++c) EXPECT_EQ(tile->values<std::uint8_t>()[(10 * 144 + 20) * 3 + c], values[c]);
}

TEST(RenderTile, StretchesAndAddsChannelsInTheirColours) {
  const auto source = Synthetic("noise,height=64,width=64,channels=2,dtype=uint16,seed=3");
  const std::vector<double> values = *PixelValues(*source, {.y = 5, .x = 6});
  const Look look{.channels = {{0, {255, 0, 0}, values[0] - 100, values[0] + 100}, {1, {0, 200, 0}, 0, values[1]}}};
  const Result<Tensor> tile = RenderTile(*source, look, 6, 0, 0);
  ASSERT_TRUE(tile.ok());
  const auto pixels = tile->values<std::uint8_t>();
  EXPECT_NEAR(pixels[(5 * 64 + 6) * 3], 128, 1);
  EXPECT_EQ(pixels[(5 * 64 + 6) * 3 + 1], 200);
  EXPECT_EQ(pixels[(5 * 64 + 6) * 3 + 2], 0);
}

TEST(RenderTile, MakesCoarseLevelsOfMeans) {
  const auto source = Synthetic("noise,height=65,width=63,channels=3,seed=3");
  const Result<Tensor> tile = RenderTile(*source, {}, 6, 0, 0);  // 33 x 32
  ASSERT_TRUE(tile.ok());
  EXPECT_EQ(tile->shape(), (Shape{33, 32, 3}));
  double sum = 0;
  for (std::int64_t y = 4; y < 6; ++y)
    for (std::int64_t x = 8; x < 10; ++x) sum += (*PixelValues(*source, {.y = y, .x = x}))[0];
  EXPECT_NEAR(tile->values<std::uint8_t>()[(2 * 32 + 4) * 3], sum / 4, 0.5);
}

TEST(RenderTile, RefusesWhatIsNotThere) {
  const auto source = Synthetic("noise,height=64,width=64,channels=2,dtype=uint16,z=2");
  const Look one{.channels = {{0, {255, 0, 0}, 0, 1}}};
  EXPECT_EQ(RenderTile(*source, one, 6, 0, 1).error().code, Code::kNotFound);
  EXPECT_EQ(RenderTile(*source, one, 7, 0, 0).error().code, Code::kNotFound);
  EXPECT_EQ(RenderTile(*source, one, -1, 0, 0).error().code, Code::kNotFound);
  EXPECT_EQ(RenderTile(*source, one, 6, -1, 0).error().code, Code::kNotFound);
  EXPECT_EQ(RenderTile(*source, {}, 6, 0, 0).error().code, Code::kInvalid);
  EXPECT_EQ(RenderTile(*source, {.channels = {{2, {}, 0, 1}}}, 6, 0, 0).error().code, Code::kInvalid);
  EXPECT_EQ(RenderTile(*source, {.channels = one.channels, .z = 2}, 6, 0, 0).error().code, Code::kInvalid);
  EXPECT_FALSE(RenderTile(*source, {.channels = {{0, {}, 0, std::nan("")}}}, 6, 0, 0).ok());
}

TEST(ChannelRanges, CountEveryPixelOnce) {
  const auto source = Synthetic("noise,height=64,width=50,channels=2,dtype=uint16,seed=3");
  const auto ranges = ChannelRangesOf(*source, 0, 0);
  ASSERT_TRUE(ranges.ok());
  ASSERT_EQ(ranges->size(), 2U);
  for (const ChannelRange& range : *ranges) {
    std::int64_t all = 0;
    for (const std::int64_t count : range.counts) all += count;
    EXPECT_EQ(all, 64 * 50);
    EXPECT_LE(range.min, range.low);
    EXPECT_LT(range.low, range.high);
    EXPECT_LE(range.high, range.max);
  }
}

TEST(EncodeJpeg, RefusesWhatIsNoPicture) {
  EXPECT_FALSE(outputs::EncodeJpeg(Tensor::Allocate(DType::kU16, {4, 4})->view(), 90).ok());
  EXPECT_FALSE(outputs::EncodeJpeg(Tensor::Allocate(DType::kU8, {4, 4, 2})->view(), 90).ok());
  EXPECT_TRUE(outputs::EncodeJpeg(Tensor::Allocate(DType::kU8, {4, 4, 3})->view(), 90).ok());
}

}  // namespace
}  // namespace tegula::app
