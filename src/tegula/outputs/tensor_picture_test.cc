#include "tegula/outputs/tensor_picture.h"

#include <gtest/gtest.h>

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

TEST(DifferenceHistogram, HasABarForEveryStep) {
  const Tensor tensor = Counting({48});
  const std::string svg = DifferenceHistogramSvg(tensor.view());
  std::size_t bars = 0;
  for (std::size_t at = svg.find("<rect"); at != std::string::npos; at = svg.find("<rect", at + 1)) ++bars;
  EXPECT_EQ(bars, 24U);
}

}  // namespace
}  // namespace tegula::outputs
