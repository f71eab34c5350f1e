#include "tegula/app/compare.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tegula::app {
namespace {

Tensor Values(std::initializer_list<float> values) {
  Tensor tensor = Tensor::Allocate(DType::kF32, {static_cast<std::int64_t>(values.size())}).value();
  std::copy(values.begin(), values.end(), tensor.values<float>().begin());
  return tensor;
}

const spec::Tolerance kStrict{.relative = 1e-3, .absolute = 1e-3, .mismatched_per_million = 0};

TEST(Compare, TheToleranceIsAbsolutePlusRelative) {
  EXPECT_TRUE(Compare(Values({1.0f, 100.0f}), Values({1.0019f, 100.1f}), kStrict).passed);
  EXPECT_FALSE(Compare(Values({1.0f}), Values({1.0021f}), kStrict).passed);
}

TEST(Compare, MismatchesAreCountedPerMillion) {
  const Comparison c = Compare(Values({0, 0, 0, 1}), Values({0, 0, 0, 0}), {.mismatched_per_million = 250'000});
  EXPECT_TRUE(c.passed);
  EXPECT_EQ(c.mismatched_per_million, 250'000);
  EXPECT_EQ(c.max_abs, 1);
  EXPECT_EQ(c.mean_abs, 0.25);
}

TEST(Compare, NanAgainstANumberIsAMismatch) {
  EXPECT_FALSE(Compare(Values({NAN}), Values({0}), kStrict).passed);
  EXPECT_TRUE(Compare(Values({NAN}), Values({NAN}), kStrict).passed);
  EXPECT_TRUE(Compare(Values({INFINITY}), Values({INFINITY}), kStrict).passed);
}

TEST(Compare, ShapesMustBeEqual) {
  const Comparison c = Compare(Values({1, 2}), Values({1, 2, 3}), kStrict);
  EXPECT_FALSE(c.passed);
  EXPECT_NE(c.reason.find("the shape is 2, but the test output has 3"), std::string::npos);
}

}  // namespace
}  // namespace tegula::app
