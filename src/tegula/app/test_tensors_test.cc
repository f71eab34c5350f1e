#include "tegula/app/test_tensors.h"

#include <gtest/gtest.h>

namespace tegula::app {
namespace {

Tensor Row(std::initializer_list<float> values) {
  Tensor tensor = Tensor::Allocate(DType::kF32, {1, static_cast<std::int64_t>(values.size())}).value();
  std::copy(values.begin(), values.end(), tensor.values<float>().begin());
  return tensor;
}

std::vector<float> ValuesAt(const Tensor& row, std::int64_t size) {
  const Tensor resized = Resized(row, {1, size}, {}).value();
  const auto values = std::as_const(resized).values<float>();
  return {values.begin(), values.end()};
}

// As numpy.pad(..., mode="symmetric") and bioimageio.core's resize_to.
TEST(Resized, MirrorsAtTheEdgesOrCutsThem) {
  const Tensor row = Row({1, 2, 3});
  EXPECT_EQ(ValuesAt(row, 3), (std::vector<float>{1, 2, 3}));
  EXPECT_EQ(ValuesAt(row, 6), (std::vector<float>{1, 1, 2, 3, 3, 2}));
  EXPECT_EQ(ValuesAt(row, 10), (std::vector<float>{3, 2, 1, 1, 2, 3, 3, 2, 1, 1}));
  EXPECT_EQ(ValuesAt(row, 2), (std::vector<float>{1, 2}));
  EXPECT_EQ(ValuesAt(row, 1), (std::vector<float>{2}));
}

TEST(Resized, RefusesWhatHasNothingToMirror) {
  const Tensor empty = Tensor::Allocate(DType::kF32, {1, 0}).value();
  EXPECT_EQ(Resized(empty, {1, 4}, {}).error().code, Code::kInvalid);
}

spec::ModelDescription Model(spec::AxisSize batch, spec::AxisSize x) {
  spec::ModelDescription model;
  model.format_version = "0.5.4";
  spec::Axis b, column;
  b.id = "batch", b.type = spec::AxisType::kBatch, b.size = batch;
  column.id = "x", column.size = x;
  model.inputs.emplace_back();
  model.inputs[0].id = "raw";
  model.inputs[0].axes = {b, column};
  return model;
}

std::vector<std::pair<std::int64_t, std::int64_t>> Tried(const spec::ModelDescription& model) {
  std::vector<std::pair<std::int64_t, std::int64_t>> tried;
  for (const spec::SizeChoice& choice : OtherSizes(model)) tried.emplace_back(choice.batch, choice.n);
  return tried;
}

TEST(OtherSizes, AreThoseThatTheReferenceTries) {
  using Pairs = std::vector<std::pair<std::int64_t, std::int64_t>>;
  const spec::ParameterizedSize free{4, 2};
  EXPECT_EQ(Tried(Model(spec::AnySize{}, free)), (Pairs{{1, 0}, {1, 1}, {1, 2}, {2, 0}, {2, 1}, {2, 2}}));
  EXPECT_EQ(Tried(Model(spec::FixedSize{1}, free)), (Pairs{{1, 0}, {1, 1}, {1, 2}}));
  EXPECT_EQ(Tried(Model(spec::FixedSize{3}, spec::FixedSize{8})), (Pairs{{3, 0}}));
  spec::ModelDescription old = Model(spec::AnySize{}, free);
  old.format_version = "0.4.10";
  EXPECT_TRUE(OtherSizes(old).empty());
}

TEST(ResizedInputs, HaveTheDescribedSizes) {
  const spec::ModelDescription model = Model(spec::AnySize{}, spec::ParameterizedSize{4, 2});
  std::vector<Tensor> inputs;
  inputs.push_back(Row({1, 2, 3, 4, 5}));
  const auto resized = ResizedInputs(model, inputs, {1, {}, 2}, {});
  ASSERT_TRUE(resized.ok());
  EXPECT_EQ(resized->front().shape(), (Shape{2, 6}));
}

}  // namespace
}  // namespace tegula::app
