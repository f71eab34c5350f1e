#include "tegula/objects/classify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <vector>

#include "tegula/objects/region_tracer.h"

namespace tegula::objects {
namespace {

using ::testing::ElementsAre;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

template <class T>
std::vector<int> Classes(const ClassRule& rule, const std::vector<T>& values, const Shape& shape_cyx) {
  const auto classifier = Classifier::Bind(rule, shape_cyx[0]);
  EXPECT_TRUE(classifier.ok());
  std::vector<std::uint8_t> classes(static_cast<std::size_t>(shape_cyx[1] * shape_cyx[2]));
  classifier.value().Classify({reinterpret_cast<const std::byte*>(values.data()), DTypeOf<T>(), shape_cyx},
                              {reinterpret_cast<std::byte*>(classes.data()), DType::kU8, {shape_cyx[1], shape_cyx[2]}});
  return {classes.begin(), classes.end()};
}

TEST(Classifier, ThresholdIncludesItself) {
  EXPECT_THAT(Classes<float>(Threshold{0, 0.5}, {0.4999F, 0.5F, 0.6F, kNan}, {1, 2, 2}), ElementsAre(255, 0, 0, 255));
  EXPECT_THAT(Classes<std::uint8_t>(Threshold{1, 127.5}, {0, 0, 127, 128}, {2, 1, 2}), ElementsAre(255, 0));
}

TEST(Classifier, ArgmaxTakesTheLowestOfEqualChannels) {
  EXPECT_THAT(Classes<float>(Argmax{}, {1, 2, -3, 1, 3, -2, 0, 3, -2}, {3, 1, 3}), ElementsAre(0, 1, 1));
}

TEST(Classifier, ArgmaxPassesOverNan) {
  EXPECT_THAT(Classes<float>(Argmax{}, {kNan, kNan, 1, -1, kNan, kNan}, {2, 1, 3}), ElementsAre(1, 255, 0));
}

TEST(Classifier, NumbersOfClassesAreTakenAsTheyAre) {
  EXPECT_THAT(Classes<float>(ClassNumbers{3}, {0, 2, 3, -1, 1.5F, kNan, 255}, {1, 1, 7}),
              ElementsAre(0, 2, 255, 255, 255, 255, 255));
  EXPECT_THAT(Classes<std::uint16_t>(ClassNumbers{200}, {199, 200, 65535}, {1, 1, 3}), ElementsAre(199, 255, 255));
  EXPECT_FALSE(Classifier::Bind(ClassNumbers{3}, 2).ok());
  EXPECT_FALSE(Classifier::Bind(ClassNumbers{300}, 1).ok());
}

TEST(Classifier, TheLargestMustReachItsThreshold) {
  const Argmax rule{{0.5, 0.2}};
  EXPECT_THAT(Classes<float>(rule, {0.5F, 0.4F, 0.4F, kNan, 0.1F, 0.4F, 0.3F, 0.15F}, {2, 1, 4}),
              ElementsAre(0, 255, 255, 255));
  EXPECT_THAT(Classes<float>(rule, {0.1F, 0.1F, 0.2F, 0.1F}, {2, 1, 2}), ElementsAre(1, 255));
}

TEST(Classifier, ReadsAndWritesViewsWithGaps) {
  const std::vector<std::int16_t> values_yxc = {5, 9, 7, 2, 1, 4};  // a row of three pixels, two channels last
  std::array<std::uint8_t, 6> classes{};
  const auto classifier = Classifier::Bind(Argmax{}, 2);
  ASSERT_TRUE(classifier.ok());
  classifier.value().Classify(
      {reinterpret_cast<const std::byte*>(values_yxc.data()), DType::kI16, {2, 1, 3}, {1, 6, 2}},
      {reinterpret_cast<std::byte*>(classes.data()), DType::kU8, {1, 3}, {6, 2}});
  EXPECT_THAT(classes, ElementsAre(1, 0, 0, 0, 1, 0));
}

TEST(Classifier, ManyClassesGoIntoSixteenBits) {
  std::vector<float> values(600);
  values[299] = 1, values[2 * 1] = 2;  // (300, 1, 2): pixel 1 has its largest in channel 149, pixel 0 in channel 1
  std::array<std::uint16_t, 2> classes{};
  const auto classifier = Classifier::Bind(Argmax{}, 300, DType::kU16);
  ASSERT_TRUE(classifier.ok());
  classifier.value().Classify({reinterpret_cast<const std::byte*>(values.data()), DType::kF32, {300, 1, 2}},
                              {reinterpret_cast<std::byte*>(classes.data()), DType::kU16, {1, 2}});
  EXPECT_THAT(classes, ElementsAre(1, 149));
  values[599] = 3;
  classifier.value().Classify({reinterpret_cast<const std::byte*>(values.data()), DType::kF32, {300, 1, 2}},
                              {reinterpret_cast<std::byte*>(classes.data()), DType::kU16, {1, 2}});
  EXPECT_THAT(classes, ElementsAre(1, 299));
}

TEST(Classifier, RefusesWhatItCannotDecide) {
  EXPECT_EQ(Classifier::Bind(Threshold{2, 0.5}, 2).error().code, Code::kNotFound);
  EXPECT_EQ(Classifier::Bind(Threshold{0, std::numeric_limits<double>::quiet_NaN()}, 2).error().code, Code::kInvalid);
  EXPECT_EQ(Classifier::Bind(Argmax{}, 256).error().code, Code::kUnsupported);
  EXPECT_TRUE(Classifier::Bind(Argmax{}, 255).ok());
  EXPECT_EQ(Classifier::Bind(Argmax{{0.5}}, 2).error().code, Code::kInvalid);
  EXPECT_EQ(Classifier::Bind(Argmax{{0.5, kNan}}, 2).error().code, Code::kInvalid);
}

}  // namespace
}  // namespace tegula::objects
