// Networks that join and convolve, made here, run in OpenVINO as they are and rearranged.
#include "tegula/engines/openvino/convolve_parts.h"

#include <gtest/gtest.h>

#include <openvino/opsets/opset11.hpp>
#include <vector>

#include "tegula/engines/openvino/graph_testing.h"

namespace tegula::engines::openvino {
namespace {

namespace op = ov::opset11;

struct Net {
  std::vector<std::size_t> channels = {16, 24};  // of the parts
  ov::Shape image = {5, 7};                      // without batch and channels
  std::size_t filters = 16;
  std::size_t kernel = 3;
  std::size_t stride = 1;
  ov::Shape bias = {1, 16, 1, 1};  // {}: none
  std::int64_t axis = 1;
  int users = 1;            // convolutions
  bool is_shared = false;   // the joined tensor is an output too
  bool is_between = false;  // a ReLU before the convolution
  bool is_same = false;     // all parts are one tensor
  bool is_open = false;     // the image is of any size

  std::shared_ptr<ov::Model> Make() const {
    const std::size_t spatial = image.size();
    ov::ParameterVector inputs;
    ov::OutputVector parts;
    for (const std::size_t count : channels) {
      ov::Shape shape = {1, count};
      shape.insert(shape.end(), image.begin(), image.end());
      ov::PartialShape partial(shape);
      if (is_open) partial[2] = ov::Dimension::dynamic();
      if (!is_same || inputs.empty()) {
        inputs.push_back(std::make_shared<op::Parameter>(ov::element::f32, partial));
        parts.push_back(std::make_shared<op::Relu>(inputs.back()));
      } else {
        parts.push_back(parts.front());
      }
    }
    std::shared_ptr<ov::Node> joined = std::make_shared<op::Concat>(parts, axis);
    ov::OutputVector outputs;
    if (is_shared) outputs.push_back(joined);
    if (is_between) joined = std::make_shared<op::Relu>(joined);
    std::shared_ptr<ov::Node> answer;
    for (int user = 0; user < users; ++user) {
      ov::Shape weights = {filters, static_cast<std::size_t>(joined->get_output_partial_shape(0)[1].get_length())};
      weights.insert(weights.end(), spatial, kernel);
      const ov::CoordinateDiff padding(spatial, static_cast<std::ptrdiff_t>(kernel / 2));
      const float height = 4 / static_cast<float>(ov::shape_size(weights) / filters);  // sums of about 1
      std::shared_ptr<ov::Node> node =
          std::make_shared<op::Convolution>(joined, testing::Waves(weights, 0.01F * static_cast<float>(user), height),
                                            ov::Strides(spatial, stride), padding, padding, ov::Strides(spatial, 1));
      if (!bias.empty()) node = std::make_shared<op::Add>(node, testing::Waves(bias, 0.5));
      answer = answer == nullptr ? node : std::make_shared<op::Multiply>(answer, node);
    }
    answer = std::make_shared<op::Tanh>(answer);
    answer->output(0).set_names({"answer"});
    outputs.push_back(answer);
    return std::make_shared<ov::Model>(outputs, inputs);
  }
};

int Joins(const ov::Model& model) {
  int count = 0;
  for (const auto& node : model.get_ops()) count += ov::is_type<op::Concat>(node) ? 1 : 0;
  return count;
}

void ExpectTakenApartAndSame(const Net& net) {
  const std::shared_ptr<ov::Model> joined = net.Make(), apart = net.Make();
  EXPECT_EQ(ConvolveParts(apart), 1);
  EXPECT_EQ(Joins(*apart), 0);
  testing::ExpectSameAnswers(joined, apart);
}

void ExpectLeftAlone(const Net& net) {
  const std::shared_ptr<ov::Model> model = net.Make();
  EXPECT_EQ(ConvolveParts(model), 0);
  EXPECT_EQ(Joins(*model), 1);
}

TEST(ConvolveParts, AnswersTheSameForAnyKernelStrideAndNumberOfAxes) {
  for (const std::size_t kernel : {1U, 3U, 5U})
    for (const std::size_t stride : {1U, 2U}) {
      SCOPED_TRACE(::testing::Message() << kernel << " by " << stride);
      ExpectTakenApartAndSame({.kernel = kernel, .stride = stride});
      ExpectTakenApartAndSame({.image = {9}, .kernel = kernel, .stride = stride, .bias = {1, 16, 1}});
      ExpectTakenApartAndSame({.image = {4, 5, 6}, .kernel = kernel, .stride = stride, .bias = {1, 16, 1, 1, 1}});
    }
}

TEST(ConvolveParts, TakesMorePartsAndTheSameOneTwice) {
  ExpectTakenApartAndSame({.channels = {16, 40, 17}});
  ExpectTakenApartAndSame({.channels = {32, 16, 16, 32}});
  ExpectTakenApartAndSame({.channels = {16, 16}, .is_same = true});
}

TEST(ConvolveParts, CountsAxesFromTheEndToo) { ExpectTakenApartAndSame({.axis = -3}); }

TEST(ConvolveParts, TakesBiasesOfAnyFormAndAdditionsThatDifferBetweenPixels) {
  for (const ov::Shape& bias : {ov::Shape{}, ov::Shape{1}, ov::Shape{16, 1, 1}, ov::Shape{1, 1, 5, 7}})
    ExpectTakenApartAndSame({.bias = bias});
}

TEST(ConvolveParts, TakesSeveralConvolutionsOfOneJoinedTensor) {
  ExpectTakenApartAndSame({.channels = {32, 32}, .users = 2});
  ExpectTakenApartAndSame({.channels = {32, 32}, .bias = {}, .users = 2});
}

TEST(ConvolveParts, LeavesAloneWhatDoesNotPay) {
  ExpectLeftAlone({.channels = {16, 1}});               // hardly anything to convolve
  ExpectLeftAlone({.filters = 48, .bias = {}});         // more to add than to join
  ExpectLeftAlone({.channels = {16, 24}, .users = 3});  // the same
}

TEST(ConvolveParts, LeavesAloneWhatIsNotAJoinOfChannelsForConvolutionsAlone) {
  ExpectLeftAlone({.channels = {16, 16}, .axis = 2});
  ExpectLeftAlone({.is_shared = true});
  ExpectLeftAlone({.is_between = true});
  ExpectLeftAlone({.is_open = true});
}

}  // namespace
}  // namespace tegula::engines::openvino
