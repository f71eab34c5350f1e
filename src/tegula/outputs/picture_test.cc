#include <gtest/gtest.h>
#include <png.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <tuple>

#include "tegula/outputs/overlay.h"
#include "tegula/outputs/palette.h"
#include "tegula/outputs/png.h"
#include "tegula/tensor/kernels.h"

namespace tegula::outputs {
namespace {

Tensor Picture(std::int64_t height, std::int64_t width, std::uint8_t value) {
  Tensor picture = Tensor::Allocate(DType::kU8, {height, width, 3}).value();
  std::ranges::fill(picture.values<std::uint8_t>(), value);
  return picture;
}

Rgb At(const Tensor& picture, std::int64_t y, std::int64_t x) {
  const std::uint8_t* p = picture.values<std::uint8_t>().data() + (y * picture.shape()[1] + x) * 3;
  return {p[0], p[1], p[2]};
}

template <class T>
Tensor Map(std::int64_t height, std::int64_t width, std::vector<T> values) {
  Tensor map = Tensor::Allocate(DTypeOf<T>(), {height, width}).value();
  std::ranges::copy(values, map.values<T>().begin());
  return map;
}

TEST(Palette, TwentyOneColoursAreDifferent) {
  std::set<std::tuple<int, int, int>> seen;
  for (int i = 0; i < 21; ++i) {
    const Rgb colour = PaletteColour(i);
    seen.insert({colour.r, colour.g, colour.b});
  }
  EXPECT_EQ(seen.size(), 21U);
  EXPECT_EQ(PaletteColour(21), PaletteColour(0));
}

TEST(Palette, ColoursAreTextAndBack) {
  EXPECT_EQ(TextOf({10, 11, 254}), "#0a0bfe");
  EXPECT_EQ(ColourFromText("#0A0bFe"), (Rgb{10, 11, 254}));
  for (const char* text : {"", "#", "0a0bfe", "#0a0bf", "#0a0bfe1", "#0a0bfg", "#-a0bfe"})
    EXPECT_FALSE(ColourFromText(text)) << text;
  EXPECT_EQ(ColourOf({}, 1), PaletteColour(1));
}

TEST(EncodePng, WritesThePixelsThatLibpngReadsBack) {
  for (const std::int64_t channels : {1, 3, 4}) {
    Tensor planes = Tensor::Allocate(DType::kU8, {channels, 5, 7}).value();
    const auto values = planes.values<std::uint8_t>();
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::uint8_t>(i * 37);
    const ConstView pixels = Interleaved(ConstView(planes.view()));
    const std::string file = EncodePng(pixels).value();

    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    ASSERT_NE(png_image_begin_read_from_memory(&image, file.data(), file.size()), 0) << image.message;
    EXPECT_EQ(image.height, 5U);
    EXPECT_EQ(image.width, 7U);
    ASSERT_EQ(PNG_IMAGE_PIXEL_SIZE(image.format), static_cast<unsigned>(channels));
    Tensor back = Tensor::Allocate(DType::kU8, {5, 7, channels}).value();
    ASSERT_NE(png_image_finish_read(&image, nullptr, back.view().data(), 0, nullptr), 0) << image.message;
    Tensor expected = Tensor::Allocate(DType::kU8, {5, 7, channels}).value();
    ConvertCopy(pixels, expected.view());
    EXPECT_TRUE(std::ranges::equal(back.values<std::uint8_t>(), expected.values<std::uint8_t>()));
  }
}

TEST(EncodePng, RefusesWhatIsNoPicture) {
  EXPECT_EQ(EncodePng(Tensor::Allocate(DType::kU8, {4, 4, 2}).value().view()).error().code, Code::kInvalid);
  EXPECT_EQ(EncodePng(Tensor::Allocate(DType::kF32, {4, 4}).value().view()).error().code, Code::kInvalid);
  EXPECT_EQ(EncodePng(Tensor::Allocate(DType::kU8, {0, 4}).value().view()).error().code, Code::kInvalid);
}

TEST(OverlayClasses, ColoursClassesAndLeavesTheRest) {
  Tensor picture = Picture(2, 2, 100);
  const Tensor map = Map<std::uint8_t>(2, 2, {0, 1, 2, 9});
  const Rgb colours[] = {{200, 0, 0}, {0, 200, 0}};
  OverlayClasses(map.view(), colours, 0.5, picture.view());
  EXPECT_EQ(At(picture, 0, 0), (Rgb{100, 100, 100}));
  EXPECT_EQ(At(picture, 0, 1), (Rgb{150, 50, 50}));
  EXPECT_EQ(At(picture, 1, 0), (Rgb{50, 150, 50}));
  EXPECT_EQ(At(picture, 1, 1), (Rgb{100, 100, 100}));
}

TEST(OverlayClasses, NegativeClassesHaveNoColour) {
  Tensor picture = Picture(1, 1, 100);
  const Rgb colours[] = {{200, 0, 0}};
  OverlayClasses(Map<std::int8_t>(1, 1, {-1}).view(), colours, 1, picture.view());
  EXPECT_EQ(At(picture, 0, 0), (Rgb{100, 100, 100}));
}

TEST(OverlayClasses, SamplesAMapOfAnotherSizeAtPixelCentres) {
  Tensor picture = Picture(3, 4, 0);
  const Rgb colours[] = {{255, 0, 0}, {0, 255, 0}};
  OverlayClasses(Map<std::uint16_t>(1, 2, {1, 2}).view(), colours, 1, picture.view());
  for (std::int64_t y = 0; y < 3; ++y)
    for (std::int64_t x = 0; x < 4; ++x) EXPECT_EQ(At(picture, y, x), colours[x / 2]);
}

TEST(OverlayValues, IsProportionalBetweenLowAndHighAndIgnoresNan) {
  Tensor picture = Picture(1, 5, 0);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  OverlayValues(Map<float>(1, 5, {-1.0F, 0.5F, 1.0F, 7.0F, nan}).view(), 0, 1, {200, 200, 200}, 0.5, picture.view());
  EXPECT_EQ(At(picture, 0, 0).r, 0);
  EXPECT_EQ(At(picture, 0, 1).r, 50);
  EXPECT_EQ(At(picture, 0, 2).r, 100);
  EXPECT_EQ(At(picture, 0, 3).r, 100);
  EXPECT_EQ(At(picture, 0, 4).r, 0);
}

TEST(DrawOutlines, CoversThePixelsOnTheLineAndNoOthers) {
  Tensor picture = Picture(9, 9, 0);
  const Ring square = {{2.5, 2.5}, {2.5, 6.5}, {6.5, 6.5}, {6.5, 2.5}};
  ASSERT_TRUE(DrawOutlines(std::span(&square, 1), {255, 255, 255}, 1, picture.view()).ok());
  for (std::int64_t y = 0; y < 9; ++y)
    for (std::int64_t x = 0; x < 9; ++x) {
      const bool inside = y >= 2 && y <= 6 && x >= 2 && x <= 6;
      const bool on_line = inside && (y == 2 || y == 6 || x == 2 || x == 6);
      EXPECT_EQ(At(picture, y, x).r, on_line ? 255 : 0) << y << " " << x;
    }
}

TEST(DrawOutlines, DoesNotDependOnTheOrderAndTakesAnyPositions) {
  const double inf = std::numeric_limits<double>::infinity();
  const std::vector<Ring> rings = {
      {{-50, -50}, {4, 4}, {1e12, 3}}, {{1, 1}, {7, 2}, {3, 8}}, {}, {{5, 5}}, {{inf, std::nan("")}, {2, inf}}};
  const std::vector<Ring> reversed(rings.rbegin(), rings.rend());
  Tensor a = Picture(8, 8, 10), b = Picture(8, 8, 10);
  ASSERT_TRUE(DrawOutlines(rings, {250, 128, 0}, 1.5, a.view()).ok());
  ASSERT_TRUE(DrawOutlines(reversed, {250, 128, 0}, 1.5, b.view()).ok());
  EXPECT_TRUE(std::ranges::equal(a.values<std::uint8_t>(), b.values<std::uint8_t>()));
  EXPECT_NE(At(a, 5, 5), (Rgb{10, 10, 10}));
}

}  // namespace
}  // namespace tegula::outputs
