// engines/openvino/graph_testing.h — running made networks in OpenVINO, for tests of what rearranges them.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <openvino/op/constant.hpp>
#include <openvino/openvino.hpp>
#include <vector>

namespace tegula::engines::openvino::testing {

inline std::shared_ptr<ov::op::v0::Constant> Waves(const ov::Shape& shape, float offset = 0, float height = 1) {
  std::vector<float> values(ov::shape_size(shape));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = height * std::sin(0.7F * static_cast<float>(i)) + offset;
  return ov::op::v0::Constant::create(ov::element::f32, shape, values);
}

/// The output that is called "answer", of inputs that are waves too.
inline std::vector<float> Answer(const std::shared_ptr<ov::Model>& model) {
  ov::Core core;
  ov::InferRequest request =
      core.compile_model(model, "CPU", ov::hint::inference_precision(ov::element::f32)).create_infer_request();
  for (std::size_t i = 0; i < model->inputs().size(); ++i) {
    ov::Tensor input = request.get_input_tensor(i);
    for (std::size_t at = 0; at < input.get_size(); ++at)
      input.data<float>()[at] = std::sin((1.3F + 0.2F * static_cast<float>(i)) * static_cast<float>(at));
  }
  request.infer();
  ov::Tensor output = request.get_tensor("answer");
  return {output.data<float>(), output.data<float>() + output.get_size()};
}

/// Of two networks whose answers are between -1 and 1.
inline void ExpectSameAnswers(const std::shared_ptr<ov::Model>& one, const std::shared_ptr<ov::Model>& other) {
  EXPECT_EQ(other->output("answer").get_partial_shape(), one->output("answer").get_partial_shape());
  const std::vector<float> expected = Answer(one), given = Answer(other);
  ASSERT_EQ(given.size(), expected.size());
  for (std::size_t i = 0; i < given.size(); ++i) ASSERT_NEAR(given[i], expected[i], 5e-6) << i;
}

}  // namespace tegula::engines::openvino::testing
