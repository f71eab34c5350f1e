#include "tegula/outputs/tensor_picture.h"

#include <gtest/gtest.h>
#include <png.h>

#include <cmath>

namespace tegula::outputs {
namespace {

spec::TensorDescription Described(std::initializer_list<std::pair<const char*, spec::AxisType>> axes) {
  spec::TensorDescription tensor;
  for (const auto& [id, type] : axes) {
    tensor.axes.emplace_back();
    tensor.axes.back().id = id;
    tensor.axes.back().type = type;
  }
  return tensor;
}

Tensor Counting(const Shape& shape) {
  Tensor tensor = Tensor::Allocate(DType::kF32, shape).value();
  float next = 0;
  for (float& value : tensor.values<float>()) value = next++;
  return tensor;
}

float First(const TensorPlane& plane) { return *plane.yx.as<float>(); }

TEST(PlanesOf, ShowEveryChannelOfTheFirstSampleAndTheMiddleOfADepth) {
  spec::TensorDescription description = Described({{"batch", spec::AxisType::kBatch},
                                                   {"channel", spec::AxisType::kChannel},
                                                   {"z", spec::AxisType::kSpace},
                                                   {"y", spec::AxisType::kSpace},
                                                   {"x", spec::AxisType::kSpace}});
  description.axes[1].channel_names = {"cell", "border", "background"};
  const Tensor tensor = Counting({2, 3, 5, 2, 2});
  const TensorPlanes planes = PlanesOf(description, tensor.view(), 2);
  ASSERT_EQ(planes.planes.size(), 2U);
  EXPECT_EQ(planes.left_out, 1);
  EXPECT_EQ(planes.planes[1].caption, "border, batch 1 of 2, z 3 of 5");
  EXPECT_EQ(First(planes.planes[0]), 2 * 4);
  EXPECT_EQ(First(planes.planes[1]), 5 * 4 + 2 * 4);
}

TEST(PlanesOf, PutYBeforeXWhateverTheOrderOfTheTensor) {
  const Tensor tensor = Counting({3, 2});
  const TensorPlanes planes =
      PlanesOf(Described({{"x", spec::AxisType::kSpace}, {"y", spec::AxisType::kSpace}}), tensor.view(), 8);
  ASSERT_EQ(planes.planes.size(), 1U);
  EXPECT_EQ(planes.planes[0].yx.shape(), (Shape{2, 3}));
  EXPECT_EQ(planes.planes[0].yx.strides(), (Shape{1, 2}));
}

TEST(PlanesOf, AreNoneWithoutAnImage) {
  const Tensor tensor = Counting({3, 2});
  EXPECT_TRUE(
      PlanesOf(Described({{"batch", spec::AxisType::kBatch}, {"channel", spec::AxisType::kChannel}}), tensor.view(), 8)
          .planes.empty());
}

TEST(RangeOf, IsThatOfTheFiniteValues) {
  Tensor tensor = Counting({4});
  tensor.values<float>()[0] = std::nanf("");
  tensor.values<float>()[3] = HUGE_VALF;
  const ValueRange range = RangeOf(std::as_const(tensor).view());
  EXPECT_EQ(range.low, 1);
  EXPECT_EQ(range.high, 2);
}

TEST(PlaneHtml, HasThePictureAndItsRange) {
  const Tensor tensor = Counting({2, 3});
  const Result<std::string> html = PlaneHtml({"a < b", tensor.view()}, {0, 5}, ColourScale::kHeat);
  ASSERT_TRUE(html.ok());
  EXPECT_NE(html->find("data:image/png;base64,"), std::string::npos);
  EXPECT_NE(html->find("a &lt; b"), std::string::npos);
  EXPECT_NE(html->find("<span>5</span>"), std::string::npos);
}

// The colours of a picture in a page, (y, x, 3).
std::vector<std::uint8_t> Pixels(const std::string& html) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::size_t begin = html.find("base64,") + 7, end = html.find('"', begin);
  std::string png;
  std::uint32_t bits = 0;
  int have = 0;
  for (std::size_t i = begin; i < end && html[i] != '='; ++i) {
    bits = bits << 6 | static_cast<std::uint32_t>(kDigits.find(html[i]));
    have += 6;
    if (have >= 8) png += static_cast<char>(bits >> (have -= 8) & 255U);
  }
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  EXPECT_NE(png_image_begin_read_from_memory(&image, png.data(), png.size()), 0);
  image.format = PNG_FORMAT_RGB;
  std::vector<std::uint8_t> pixels(PNG_IMAGE_SIZE(image));
  EXPECT_NE(png_image_finish_read(&image, nullptr, pixels.data(), 0, nullptr), 0);
  return pixels;
}

TEST(PlaneHtml, GivesEachPowerOfTenAsMuchOfTheScale) {
  Tensor tensor = Counting({1, 5});
  const std::vector<float> values = {0, 1e-6f, 1e-4f, 1e-2f, std::nanf("")};
  std::copy(values.begin(), values.end(), tensor.values<float>().begin());
  const std::vector<std::uint8_t> rgb =
      Pixels(PlaneHtml({"", std::as_const(tensor).view()}, {1e-5, 1e-2}, ColourScale::kHeatByDecades).value());
  EXPECT_EQ(rgb, (std::vector<std::uint8_t>{0, 0, 0, 0, 0, 0, 178, 24, 43, 255, 255, 255, 0, 114, 178}));
}

TEST(PlaneHtml, DrawsLinesWhereRowsAndColumnsBegin) {
  const Tensor tensor = Tensor::Allocate(DType::kF32, {8, 9}).value();
  const std::vector<std::uint8_t> rgb =
      Pixels(PlaneHtml({"", tensor.view(), {3}, {5, 700}}, {0, 1}, ColourScale::kGrey).value());
  const auto is_line = [&](std::size_t y, std::size_t x) { return rgb[(y * 9 + x) * 3 + 1] == 158; };
  EXPECT_TRUE(is_line(3, 0) && is_line(3, 5) && is_line(0, 5) && is_line(5, 5));
  EXPECT_FALSE(is_line(3, 7)) << "broken, so that what lies below is seen";
  EXPECT_FALSE(is_line(2, 4) || is_line(4, 6));
}

TEST(DifferenceHistogram, HasABarForEveryStep) {
  const Tensor tensor = Counting({48});
  const std::string svg = DifferenceHistogramSvg(tensor.view());
  std::size_t bars = 0;
  for (std::size_t at = svg.find("<rect"); at != std::string::npos; at = svg.find("<rect", at + 1)) ++bars;
  EXPECT_EQ(bars, 24U);
}

}  // namespace
}  // namespace tegula::outputs
