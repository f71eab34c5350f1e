// Networks that enlarge and convolve, made here, run in OpenVINO as they are and rearranged.
#include "tegula/engines/openvino/resize_last.h"

#include <gtest/gtest.h>

#include <openvino/op/parameter.hpp>
#include <openvino/op/relu.hpp>
#include <openvino/op/result.hpp>
#include <openvino/op/shape_of.hpp>
#include <openvino/openvino.hpp>
#include <openvino/opsets/opset11.hpp>
#include <vector>

#include "tegula/engines/openvino/graph_testing.h"

namespace tegula::engines::openvino {
namespace {

namespace op = ov::opset11;
using Mode = op::Interpolate::InterpolateMode;
using Shapes = op::Interpolate::ShapeCalcMode;
using Coordinates = op::Interpolate::CoordinateTransformMode;

struct Net {
  ov::Shape image = {1, 8, 6, 7};
  ov::Shape weights = {4, 8, 1, 1};
  ov::Shape bias = {1, 4, 1, 1};  // {}: none
  Mode mode = Mode::LINEAR_ONNX;
  Coordinates coordinates = Coordinates::HALF_PIXEL;
  std::vector<float> scales = {1, 1, 2, 2};
  bool by_sizes = false;    // of the spatial axes, taken from the image's shape
  bool is_shared = false;   // the enlarged tensor is an output too
  bool is_between = false;  // a ReLU before the convolution
  bool is_open = false;     // the image is of any size
  std::vector<std::size_t> pads = {0, 0};

  std::shared_ptr<ov::Model> Make() const {
    const std::size_t spatial = image.size() - 2;
    ov::PartialShape partial(image);
    if (is_open) partial[2] = ov::Dimension::dynamic();
    const auto input = std::make_shared<op::Parameter>(ov::element::f32, partial);
    const auto one = std::make_shared<op::Relu>(input);
    op::Interpolate::InterpolateAttrs attributes(mode, by_sizes ? Shapes::SIZES : Shapes::SCALES, pads, pads,
                                                 coordinates);
    ov::OutputVector inputs{one};
    if (by_sizes) {
      const auto axes = op::Constant::create(ov::element::i64, {2}, {2, 3});
      const auto shape = std::make_shared<op::Gather>(std::make_shared<op::ShapeOf>(one), axes,
                                                      op::Constant::create(ov::element::i64, {}, {0}));
      inputs.push_back(std::make_shared<op::Multiply>(shape, op::Constant::create(ov::element::i64, {2}, {2, 3})));
      inputs.push_back(axes);
    } else {
      inputs.push_back(op::Constant::create(ov::element::f32, {scales.size()}, scales));
    }
    std::shared_ptr<ov::Node> node =
        by_sizes ? std::make_shared<op::Interpolate>(inputs[0], inputs[1], inputs[2], attributes)
                 : std::make_shared<op::Interpolate>(inputs[0], inputs[1], attributes);
    ov::OutputVector outputs;
    if (is_shared) outputs.push_back(node);
    if (is_between) node = std::make_shared<op::Relu>(node);
    const ov::CoordinateDiff padding(spatial, weights.back() / 2);
    node = std::make_shared<op::Convolution>(node, testing::Waves(weights), ov::Strides(spatial, 1), padding, padding,
                                             ov::Strides(spatial, 1));
    if (!bias.empty()) node = std::make_shared<op::Add>(node, testing::Waves(bias, 5));
    node = std::make_shared<op::Tanh>(node);
    node->output(0).set_names({"answer"});
    outputs.push_back(node);
    return std::make_shared<ov::Model>(outputs, ov::ParameterVector{input});
  }
};

// Whether the convolution comes before the resizing.
bool IsResizedLast(const ov::Model& model) {
  for (const auto& node : model.get_ordered_ops()) {
    if (ov::is_type<op::Interpolate>(node)) return false;
    if (ov::is_type<op::Convolution>(node)) return true;
  }
  return false;
}

void ExpectMovedAndSame(const Net& net) {
  const std::shared_ptr<ov::Model> plain = net.Make(), moved = net.Make();
  const ov::PartialShape shape = moved->output("answer").get_partial_shape();
  EXPECT_EQ(ResizeLast(moved), 1);
  EXPECT_TRUE(IsResizedLast(*moved));
  EXPECT_EQ(moved->output("answer").get_partial_shape(), shape);
  testing::ExpectSameAnswers(plain, moved);
}

void ExpectLeftAlone(const Net& net) {
  const std::shared_ptr<ov::Model> model = net.Make();
  EXPECT_EQ(ResizeLast(model), 0);
  EXPECT_FALSE(IsResizedLast(*model));
}

TEST(ResizeLast, AnswersTheSameInEveryModeAndWithEveryCoordinates) {
  for (const Mode mode : {Mode::NEAREST, Mode::LINEAR_ONNX, Mode::LINEAR, Mode::CUBIC})
    for (const Coordinates coordinates :
         {Coordinates::HALF_PIXEL, Coordinates::PYTORCH_HALF_PIXEL, Coordinates::ASYMMETRIC, Coordinates::ALIGN_CORNERS,
          Coordinates::TF_HALF_PIXEL_FOR_NN}) {
      SCOPED_TRACE(static_cast<int>(mode) * 10 + static_cast<int>(coordinates));
      ExpectMovedAndSame({.mode = mode, .coordinates = coordinates});
    }
}

TEST(ResizeLast, TakesOtherFactorsSizesAndVolumes) {
  ExpectMovedAndSame({.scales = {1, 1, 3, 1}});
  ExpectMovedAndSame({.scales = {1, 1, 1.5F, 2.5F}});
  ExpectMovedAndSame({.by_sizes = true});
  ExpectMovedAndSame({.image = {1, 4, 3, 4, 5},
                      .weights = {2, 4, 1, 1, 1},
                      .bias = {1, 2, 1, 1, 1},
                      .scales = {1, 1, 2, 2, 2},
                      .pads = {0, 0, 0}});
}

TEST(ResizeLast, TakesBiasesOfAnyFormThatIsOnePerChannel) {
  for (const ov::Shape& bias : {ov::Shape{}, ov::Shape{1}, ov::Shape{4, 1, 1}, ov::Shape{1, 1, 1, 1}})
    ExpectMovedAndSame({.bias = bias});
}

TEST(ResizeLast, MovesNoAdditionThatDiffersBetweenPixels) { ExpectMovedAndSame({.bias = {1, 1, 12, 14}}); }

TEST(ResizeLast, LeavesAloneWhatDoesNotCommuteOrDoesNotPay) {
  ExpectLeftAlone({.weights = {4, 8, 3, 3}});
  ExpectLeftAlone({.weights = {16, 8, 1, 1}, .bias = {}});  // more channels to enlarge
  ExpectLeftAlone({.scales = {1, 1, 0.5F, 0.5F}});          // more pixels to convolve
  ExpectLeftAlone({.scales = {1, 1, 1, 1}});
  ExpectLeftAlone({.weights = {4, 4, 1, 1}, .scales = {1, 0.5F, 2, 2}});
  ExpectLeftAlone({.is_shared = true});
  ExpectLeftAlone({.is_between = true});
  ExpectLeftAlone({.is_open = true});
  ExpectLeftAlone({.pads = {0, 0, 1, 1}});
}

}  // namespace
}  // namespace tegula::engines::openvino
