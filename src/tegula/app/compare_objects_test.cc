#include "tegula/app/compare_objects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tegula::app {
namespace {

using ::testing::HasSubstr;

Tensor Labels(std::vector<std::int32_t> values, std::int64_t width) {
  Tensor labels = Tensor::Allocate(DType::kI32, {1, static_cast<std::int64_t>(values.size()) / width, width}).value();
  std::copy(values.begin(), values.end(), labels.values<std::int32_t>().begin());
  return labels;
}

TEST(CompareObjects, AFewPixelsAtAnEdgeDoNotMatter) {
  const Tensor expected = Labels({1, 1, 1, 1, 0, 2, 2, 2, 2, 2}, 10),
               actual = Labels({1, 1, 1, 1, 2, 2, 2, 2, 2, 2}, 10);
  EXPECT_TRUE(CompareObjects(actual, expected, 0.8).passed);
  const Comparison strict = CompareObjects(actual, expected, 0.9);
  EXPECT_FALSE(strict.passed);
  EXPECT_THAT(strict.reason, HasSubstr("object 2 shares 0.833"));
  EXPECT_EQ(strict.mismatched_per_million, 1e5);
}

TEST(CompareObjects, NumbersMayHaveGapsButTheirOrderCounts) {
  const Tensor expected = Labels({1, 1, 0, 2, 2, 2}, 6);
  EXPECT_TRUE(CompareObjects(Labels({3, 3, 0, 9, 9, 9}, 6), expected, 0.9).passed);
  EXPECT_FALSE(CompareObjects(Labels({2, 2, 0, 1, 1, 1}, 6), expected, 0.9).passed);
}

TEST(CompareObjects, AMissingObjectIsNamed) {
  const Comparison comparison = CompareObjects(Labels({1, 1, 0, 0, 0}, 5), Labels({1, 1, 0, 2, 2}, 5), 0.8);
  EXPECT_FALSE(comparison.passed);
  EXPECT_THAT(comparison.reason, HasSubstr("there are 1 objects, but the test output has 2"));
}

TEST(CompareObjects, TwoEmptyImagesAreEqual) {
  EXPECT_TRUE(CompareObjects(Labels({0, 0}, 2), Labels({0, 0}, 2), 0.9).passed);
  EXPECT_FALSE(CompareObjects(Labels({0, 0}, 2), Labels({0, 0, 0}, 3), 0.9).passed);
}

}  // namespace
}  // namespace tegula::app
