#include "tegula/app/weights_check.h"

#include <gtest/gtest.h>

#include <limits>

namespace tegula::app {
namespace {

WeightsCheck Example() {
  WeightsCheck check;
  check.format = spec::WeightsFormat::kTorchscript;
  check.engine = "openvino";
  check.engine_version = "2026.4.1";
  check.is_converted = true;
  check.status = CheckStatus::kFailed;
  check.reason = "output probability: \"wrong\"";
  Comparison comparison;
  comparison.max_abs = std::numeric_limits<double>::infinity();
  comparison.mean_abs = 0.25;
  comparison.mismatched_per_million = 3;
  comparison.reason = "too far";
  check.outputs.push_back({"probability", comparison});
  check.sizes = {{2, 1, ""}, {1, 2, "output probability has 3 along x, not the 4 that the description gives"}};
  check.notes = {"a note"};
  check.cost = {0.5, 0.125, 0.25, 1 << 20};
  return check;
}

TEST(WeightsCheck, GoesThroughJsonUnchanged) {
  const WeightsCheck check = Example();
  const std::string json = ChecksToJson({check});
  const auto back = ChecksFromJson(json);
  ASSERT_TRUE(back && back->size() == 1);
  EXPECT_EQ(ChecksToJson(*back), json);
  const WeightsCheck& read = back->front();
  EXPECT_EQ(read.status, CheckStatus::kFailed);
  EXPECT_TRUE(read.is_converted);
  EXPECT_EQ(read.outputs[0].comparison.max_abs, std::numeric_limits<double>::infinity());
  EXPECT_TRUE(read.sizes[0].passed());
  EXPECT_FALSE(read.sizes[1].passed());
  EXPECT_EQ(read.cost.memory_bytes, 1 << 20);
}

TEST(WeightsCheck, WhatIsNotChecksIsNotRead) {
  const std::string whole = ChecksToJson({Example()});
  for (std::size_t length = 0; length < whole.size(); length += 7)
    EXPECT_FALSE(ChecksFromJson(whole.substr(0, length))) << length;
  EXPECT_FALSE(ChecksFromJson("[{\"weights\": \"onnx\"}]"));
  EXPECT_FALSE(ChecksFromJson("[{\"weights\": 3}]"));
  EXPECT_FALSE(ChecksFromJson("{}x"));
}

TEST(WeightsCheck, ItsTitleSaysHowItRuns) {
  WeightsCheck check = Example();
  EXPECT_EQ(Title(check), "torchscript with openvino (converted)");
  check.engine = "";
  EXPECT_EQ(Title(check), "torchscript");
}

}  // namespace
}  // namespace tegula::app
