// Networks that convolve, made here, run in OpenVINO as they are and with Winograd's convolutions.
#include "tegula/engines/openvino/convolve_winograd.h"

#include <gtest/gtest.h>

#include <functional>
#include <openvino/opsets/opset11.hpp>
#include <string>
#include <vector>

#include "tegula/engines/openvino/graph_testing.h"
#include "tegula/engines/winograd/convolution.h"

namespace tegula::engines::openvino {
namespace {

namespace op = ov::opset11;
using Change = std::function<ov::Output<ov::Node>(const ov::Output<ov::Node>&)>;

struct Net {
  ov::Shape image = {1, 16, 9, 13};
  std::vector<std::size_t> others = {};  // channels of what is joined to it
  std::size_t filters = 32;
  std::size_t kernel = 3;
  std::size_t stride = 1, dilation = 1;
  std::ptrdiff_t begin = 1, end = 1;
  Change after = [](const auto& convolved) { return convolved; };
  bool is_open = false;               // the image is of any size
  bool is_half = false;               // weights are stored in float16
  bool is_without_constants = false;  // weights are an input
  bool is_output = false;             // what is convolved is an output of the network, too

  ov::Output<ov::Node> Convolved(const ov::Output<ov::Node>& of, ov::ParameterVector& inputs) const {
    const std::size_t spatial = image.size() - 2;
    ov::Shape shape = {filters, static_cast<std::size_t>(of.get_partial_shape()[1].get_length())};
    shape.insert(shape.end(), spatial, kernel);
    ov::Output<ov::Node> weights = testing::Waves(shape, 0, 4 / static_cast<float>(ov::shape_size(shape) / filters));
    if (is_half) {
      const auto values = ov::as_type_ptr<op::Constant>(weights.get_node_shared_ptr())->cast_vector<ov::float16>();
      weights = std::make_shared<op::Convert>(op::Constant::create(ov::element::f16, shape, values), ov::element::f32);
    }
    if (is_without_constants) {
      inputs.push_back(std::make_shared<op::Parameter>(ov::element::f32, shape));
      weights = inputs.back();
    }
    return std::make_shared<op::Convolution>(of, weights, ov::Strides(spatial, stride),
                                             ov::CoordinateDiff(spatial, begin), ov::CoordinateDiff(spatial, end),
                                             ov::Strides(spatial, dilation));
  }

  std::shared_ptr<ov::Model> Make() const {
    ov::ParameterVector inputs;
    ov::OutputVector parts;
    std::vector<std::size_t> channels = {image[1]};
    channels.insert(channels.end(), others.begin(), others.end());
    for (const std::size_t count : channels) {
      ov::PartialShape shape(image);
      shape[1] = static_cast<std::int64_t>(count);
      if (is_open) shape[2] = ov::Dimension::dynamic();
      inputs.push_back(std::make_shared<op::Parameter>(ov::element::f32, shape));
      parts.push_back(std::make_shared<op::Tanh>(inputs.back()));
    }
    const ov::Output<ov::Node> joined =
        parts.size() > 1 ? ov::Output<ov::Node>(std::make_shared<op::Concat>(parts, 1)) : parts[0];
    const ov::Output<ov::Node> convolved = Convolved(joined, inputs);
    ov::OutputVector outputs;
    if (is_output) outputs.push_back(convolved);
    const auto answer = std::make_shared<op::Tanh>(after(convolved));
    answer->output(0).set_names({"answer"});
    outputs.push_back(answer);
    return std::make_shared<ov::Model>(outputs, inputs);
  }
};

template <class Op>
int Count(const ov::Model& model) {
  int count = 0;
  for (const auto& node : model.get_ops()) count += ov::is_type<Op>(node) ? 1 : 0;
  return count;
}

// Without the processor for it nothing is replaced, which IsPossible says; nothing is left to test then.
class ByWinograd : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!winograd::Convolution::IsPossible(16, 16)) GTEST_SKIP() << "this processor has no AVX2";
  }
  // Returns the replaced network.
  std::shared_ptr<ov::Model> ExpectSame(const Net& net, int replaced = 1) {
    const std::shared_ptr<ov::Model> plain = net.Make(), changed = net.Make();
    EXPECT_EQ(ConvolveByWinograd(changed), replaced);
    testing::ExpectSameAnswers(plain, changed);
    return changed;
  }
};

std::shared_ptr<op::Constant> PerChannel(float offset = 0, const ov::Shape& shape = {1, 32, 1, 1}) {
  return testing::Waves(shape, offset, 0.5F);
}
ov::Output<ov::Node> Rectified(const ov::Output<ov::Node>& of) { return std::make_shared<op::Relu>(of); }
ov::Output<ov::Node> Biased(const ov::Output<ov::Node>& of) { return std::make_shared<op::Add>(of, PerChannel()); }
ov::Output<ov::Node> Normalised(const ov::Output<ov::Node>& of) {
  const ov::Shape each = {32};
  return std::make_shared<op::BatchNormInference>(of, PerChannel(1, each), PerChannel(0.2F, each),
                                                  PerChannel(0.1F, each), PerChannel(1.5F, each), 1e-3);
}
ov::Output<ov::Node> Pooled(const ov::Output<ov::Node>& of, std::size_t kernel = 2, std::size_t padding = 0,
                            ov::op::RoundingType rounding = ov::op::RoundingType::FLOOR) {
  return std::make_shared<ov::op::v1::MaxPool>(of, ov::Strides{2, 2}, ov::Shape{padding, padding},
                                               ov::Shape{padding, padding}, ov::Shape{kernel, kernel}, rounding);
}

TEST_F(ByWinograd, GivesTheSame) {
  ExpectSame({});
  ExpectSame({.image = {3, 16, 9, 13}});
  ExpectSame({.image = {1, 48, 2, 3}, .filters = 16});
  ExpectSame({.is_half = true});
  ExpectSame({.is_output = true});
}

TEST_F(ByWinograd, PadsAsTheConvolutionDoes) {
  ExpectSame({.begin = 0, .end = 0});
  ExpectSame({.begin = 0, .end = 2});
  ExpectSame({.begin = 3, .end = 1});
}

TEST_F(ByWinograd, TakesInWhatIsTheSameForAllPixels) {
  for (const Change& change : {Change(Biased), Change(Normalised), Change(Rectified)}) {
    const std::shared_ptr<ov::Model> changed = ExpectSame({.after = change});
    EXPECT_EQ(Count<op::Add>(*changed) + Count<op::BatchNormInference>(*changed) + Count<op::Relu>(*changed), 0);
  }
  const std::shared_ptr<ov::Model> all = ExpectSame({.after = [](const auto& of) {
    const auto scaled = std::make_shared<op::Multiply>(PerChannel(1, {32, 1, 1}), Biased(of));
    return Rectified(Normalised(std::make_shared<op::Add>(scaled, op::Constant::create(ov::element::f32, {}, {0.1F}))));
  }});
  EXPECT_EQ(Count<op::Add>(*all) + Count<op::Multiply>(*all) + Count<op::Relu>(*all), 0);
}

// As readers of ONNX leave it.
TEST_F(ByWinograd, TakesInABiasWhoseShapeIsComputedFromTheConvolution) {
  const std::shared_ptr<ov::Model> changed = ExpectSame({.after = [](const auto& of) {
    const auto along = [](const std::vector<std::int64_t>& values) {
      return op::Constant::create(ov::element::i64, {4}, values);
    };
    const auto channels = std::make_shared<op::Multiply>(std::make_shared<op::ShapeOf>(of), along({0, 1, 0, 0}));
    const auto shape = std::make_shared<op::Add>(channels, along({1, 0, 1, 1}));
    const auto bias = std::make_shared<op::Reshape>(PerChannel(0, {32}), shape, false);
    return Rectified(std::make_shared<op::Add>(of, bias));
  }});
  EXPECT_EQ(Count<op::Add>(*changed) + Count<op::Relu>(*changed), 0);
}

TEST_F(ByWinograd, LeavesWhatIsNot) {
  // Something after the ReLU, per pixel, with a value of its own for each image, or with more users.
  EXPECT_EQ(Count<op::Add>(*ExpectSame({.after = [](const auto& of) { return Biased(Rectified(of)); }})), 1);
  EXPECT_EQ(Count<op::Add>(*ExpectSame({.after = [](const auto& of) -> ov::Output<ov::Node> {
              return std::make_shared<op::Add>(of, PerChannel(0, {1, 32, 9, 13}));
            }})),
            1);
  EXPECT_EQ(Count<op::Add>(*ExpectSame({.after = [](const auto& of) -> ov::Output<ov::Node> {
              return std::make_shared<op::Add>(of, PerChannel(0, {2, 32, 1, 1}));
            }})),
            1);
  EXPECT_EQ(Count<op::Relu>(*ExpectSame({.after = Rectified, .is_output = true})), 1);
}

TEST_F(ByWinograd, JoinsParts) {
  EXPECT_EQ(Count<op::Concat>(*ExpectSame({.others = {32, 16}})), 0);
  // Groups of channels do not end where these parts do.
  EXPECT_EQ(Count<op::Concat>(*ExpectSame({.image = {1, 24, 5, 6}, .others = {24}})), 1);
}

TEST_F(ByWinograd, PoolsWhatItGives) {
  const auto pooled = [](const auto& of) { return Pooled(of); };
  const auto both = [](const auto& of) -> ov::Output<ov::Node> {
    const ov::Output<ov::Node> kept = Rectified(of);
    return std::make_shared<op::Add>(
        std::make_shared<op::ReduceMean>(kept, op::Constant::create(ov::element::i64, {2}, {2, 3}), true),
        Pooled(kept));
  };
  for (const Change& change : {Change(pooled), Change(both)}) {
    EXPECT_EQ(Count<ov::op::v1::MaxPool>(*ExpectSame({.image = {2, 16, 8, 12}, .after = change})), 0);
    EXPECT_EQ(Count<ov::op::v1::MaxPool>(*ExpectSame({.image = {1, 16, 9, 13}, .after = change})), 0);
  }
  const auto left = [&](const Change& change) {
    EXPECT_EQ(Count<ov::op::v1::MaxPool>(*ExpectSame({.after = change})), 1);
  };
  left([](const auto& of) { return Pooled(of, 3, 1); });
  left([](const auto& of) { return Pooled(of, 2, 0, ov::op::RoundingType::CEIL); });
}

TEST_F(ByWinograd, LinksOneToTheNext) {
  const auto deeper = [](const auto& of) {
    ov::ParameterVector none;
    return Net().Convolved(Rectified(Net().Convolved(Rectified(of), none)), none);
  };
  const std::shared_ptr<ov::Model> changed = ExpectSame({.after = deeper}, 3);
  EXPECT_EQ(Count<op::Transpose>(*changed), 2) << "one before the first, one after the last";
}

TEST_F(ByWinograd, TakesNothingElse) {
  ExpectSame({.kernel = 1, .begin = 0, .end = 0}, 0);
  ExpectSame({.kernel = 5}, 0);
  ExpectSame({.stride = 2}, 0);
  ExpectSame({.dilation = 2}, 0);
  ExpectSame({.image = {1, 24, 9, 13}}, 0);
  ExpectSame({.filters = 24}, 0);
  ExpectSame({.image = {1, 16, 40}}, 0);
  ExpectSame({.image = {1, 16, 5, 6, 7}}, 0);
  ExpectSame({.is_without_constants = true}, 0);
  // OpenVINO runs none of such a padding.
  for (const Net& net : {Net{.begin = -1}, Net{.is_open = true}}) EXPECT_EQ(ConvolveByWinograd(net.Make()), 0);
}

}  // namespace
}  // namespace tegula::engines::openvino
