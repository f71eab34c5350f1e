#include "tegula/app/run_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tegula::app {
namespace {

using outputs::ValueRange;
using outputs::Values;
using ::testing::HasSubstr;

spec::TensorDescription Output(std::vector<spec::OpDescription> ops, std::string id = "a") {
  spec::TensorDescription output;
  output.id = std::move(id);
  output.ops = std::move(ops);
  return output;
}

TEST(KnownRange, IsWhatTheDescriptionSaysElseWhatTheLastOperationsLeave) {
  EXPECT_EQ(KnownRange(Output({})), std::nullopt);
  EXPECT_EQ(KnownRange(Output({spec::Sigmoid{}, spec::EnsureDtype{}})), (ValueRange{0, 1}));
  EXPECT_EQ(KnownRange(Output({spec::Softmax{}, spec::ScaleLinear{{2}, {0}, ""}})), std::nullopt);
  EXPECT_EQ(
      KnownRange(Output({spec::Clip{.min = -2, .max = 3, .min_percentile = {}, .max_percentile = {}, .axes = {}}})),
      (ValueRange{-2, 3}));
  EXPECT_EQ(
      KnownRange(Output({spec::Sigmoid{},
                         spec::Clip{.min = 0.2, .max = {}, .min_percentile = {}, .max_percentile = {}, .axes = {}}})),
      (ValueRange{0.2, 1}));
  spec::TensorDescription stated = Output({spec::Sigmoid{}});
  stated.data.min = 0, stated.data.max = 255;
  EXPECT_EQ(KnownRange(stated), (ValueRange{0, 255}));
}

TEST(ValuesFor, TheLastThatSpeaksOfAnOutputCounts) {
  const std::vector<ValuesRequest> requests = {
      {"", Values::kUint8, {}}, {"b", Values::kFloat16, {}}, {"", {}, ValueRange{0, 9}}};
  EXPECT_EQ(ValuesFor(requests, "a").values, Values::kUint8);
  EXPECT_EQ(ValuesFor(requests, "b").values, Values::kFloat16);
  EXPECT_EQ(ValuesFor(requests, "a").range, (ValueRange{0, 9}));
}

TEST(CheckValues, NamesAndFormsAreRefusedByTheDescriptionAlone) {
  spec::ModelDescription model;
  model.outputs = {Output({}, "a"), Output({spec::Sigmoid{}}, "b")};
  const std::vector<std::size_t> both = {0, 1}, second = {1};
  const std::vector<ValuesRequest> bytes = {{"", Values::kUint8, {}}}, unknown = {{"c", Values::kUint8, {}}};
  EXPECT_THAT(ToString(CheckValues(bytes, model, both).error()), HasSubstr("output a"));
  EXPECT_TRUE(CheckValues(bytes, model, second).ok());
  EXPECT_THAT(ToString(CheckValues(unknown, model, both).error()), HasSubstr("a, b"));
}

TEST(FormOf, IntegersThatAreListedAreLabels) {
  spec::TensorDescription output = Output({});
  output.data.values = {"0", "1", "2"};
  outputs::StoreOptions own;
  own.dtype = DType::kU8;
  EXPECT_TRUE(FormOf({}, output, own).value().stored().is_label);
  own.dtype = DType::kF32;
  EXPECT_FALSE(FormOf({}, output, own).value().stored().is_label);
}

TEST(WarningsOf, SayWhatWasLost) {
  outputs::StoredRecord stored;
  stored.output = "p", stored.dtype = "uint8", stored.values = "uint8";
  EXPECT_TRUE(WarningsOf(stored).empty());
  stored.clipped_values = 3, stored.not_numbers = 2;
  ASSERT_EQ(WarningsOf(stored).size(), 2U);
  EXPECT_THAT(WarningsOf(stored)[0], HasSubstr("3 values of output p lay outside"));
  EXPECT_THAT(WarningsOf(stored)[1], HasSubstr("2 values of output p are not numbers"));
}

}  // namespace
}  // namespace tegula::app
