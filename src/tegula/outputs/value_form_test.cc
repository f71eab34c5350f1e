#include "tegula/outputs/value_form.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace tegula::outputs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN(), kInfinity = std::numeric_limits<float>::infinity();

StoreOptions Own(DType dtype = DType::kF32, std::int64_t channels = 1) {
  StoreOptions own;
  own.name = "probability";
  own.dtype = dtype;
  own.axes = {{.name = 'c', .size = channels, .chunk = 1},
              {.name = 'y', .size = 8, .chunk = 8},
              {.name = 'x', .size = 8, .chunk = 8}};
  for (std::int64_t c = 0; c < channels; ++c)
    own.channels.push_back({.name = "class" + std::to_string(c), .colour = PaletteColour(c)});
  return own;
}

ValueForm Form(Values values, std::optional<ValueRange> range = {}, const StoreOptions& own = Own()) {
  return ValueForm::Bind({values, range}, own, {}).value();
}

// One row of pixels, in a tensor with gaps and channels last.
template <class Out, class In>
std::vector<double> Converted(const ValueForm& form, const std::vector<In>& values_xc, std::int64_t channels,
                              ValueCounts& lost) {
  const auto width = static_cast<std::int64_t>(values_xc.size()) / channels;
  std::vector<Out> out(static_cast<std::size_t>(width * 2));
  lost = form.Convert(
      {reinterpret_cast<const std::byte*>(values_xc.data()),
       DTypeOf<In>(),
       {1, channels, 1, 1, width},
       {0, 1, 0, 0, channels}},
      {reinterpret_cast<std::byte*>(out.data()), DTypeOf<Out>(), {1, form.channels(), 1, 1, width}, {0, 0, 0, 0, 2}});
  std::vector<double> numbers;
  for (std::size_t i = 0; i < out.size(); i += 2) numbers.push_back(static_cast<double>(out[i]));
  return numbers;
}

TEST(ValueForm, ScaledValuesAreRoundedToTheNearestAndOfTwoToTheEvenOne) {
  ValueCounts lost;
  const ValueForm form = Form(Values::kUint8, ValueRange{0, 510});  // a step is 2
  EXPECT_THAT(Converted<std::uint8_t>(form, std::vector<float>{0, 1, 1.01F, 3, 5, 509, 510}, 1, lost),
              ElementsAre(0, 0, 1, 2, 2, 254, 255));
  EXPECT_EQ(lost, ValueCounts{});
  EXPECT_EQ(form.stored().scale, (StoredScale{2, 0}));
}

TEST(ValueForm, WhatLiesOutsideTheRangeIsClippedAndCounted) {
  ValueCounts lost;
  const ValueForm form = Form(Values::kUint16, ValueRange{-1, 1});
  EXPECT_THAT(
      Converted<std::uint16_t>(form, std::vector<float>{-1.5F, -1, 0, 1, 1.5F, kInfinity, -kInfinity, kNan}, 1, lost),
      ElementsAre(0, 0, 32768, 65535, 65535, 65535, 0, 0));
  EXPECT_EQ(lost, (ValueCounts{4, 1}));
}

TEST(ValueForm, WhatRoundingBringsBackIntoTheRangeIsNotClipped) {
  ValueCounts lost;
  Converted<std::uint8_t>(Form(Values::kUint8, ValueRange{0, 1}), std::vector<float>{1.0000001F, -1e-7F}, 1, lost);
  EXPECT_EQ(lost, ValueCounts{});
}

TEST(ValueForm, TheClassIsTheFirstOfTheLargest) {
  ValueCounts lost;
  const ValueForm form = Form(Values::kArgmax, {}, Own(DType::kF32, 3));
  EXPECT_THAT(Converted<std::uint8_t>(form, std::vector<float>{1, 2, 2, kNan, 0, 1, kNan, kNan, kNan}, 3, lost),
              ElementsAre(1, 2, 255));
  EXPECT_EQ(lost, (ValueCounts{0, 1}));
  const StoreOptions& stored = form.stored();
  EXPECT_EQ(stored.dtype, DType::kU8);
  EXPECT_EQ(stored.reduction, Reduction::kMode);
  EXPECT_EQ(stored.axes.size(), 2U);
  EXPECT_TRUE(stored.is_label);
  EXPECT_THAT(stored.classes,
              ElementsAre(StoreClass{"class0", PaletteColour(0)}, StoreClass{"class1", PaletteColour(1)},
                          StoreClass{"class2", PaletteColour(2)}));
  EXPECT_EQ(Form(Values::kArgmax, {}, Own(DType::kF32, 256)).stored().dtype, DType::kU16);
}

TEST(ValueForm, HalfPrecisionCountsWhatBecameInfinite) {
  ValueCounts lost;
  EXPECT_THAT(Converted<Half>(Form(Values::kFloat16), std::vector<float>{0.1F, 70000, -70000, kInfinity}, 1, lost),
              ElementsAre(0.0999755859375, kInfinity, -kInfinity, kInfinity));
  EXPECT_EQ(lost, (ValueCounts{2, 0}));
}

TEST(ValueForm, LabelsAreIntegersAndReducedByMajority) {
  const ValueForm form = Form(Values::kLabels, {}, Own(DType::kI32));
  EXPECT_TRUE(form.is_own());
  EXPECT_TRUE(form.stored().is_label);
  EXPECT_EQ(form.stored().reduction, Reduction::kMode);
  ValueCounts lost;
  EXPECT_THAT(
      Converted<std::uint8_t>(Form(Values::kLabels, {}, Own(DType::kBool)), std::vector<std::uint8_t>{}, 1, lost),
      ElementsAre());
  EXPECT_EQ(Form(Values::kLabels, {}, Own(DType::kBool)).stored().dtype, DType::kU8);
}

TEST(ValueForm, ValuesOfTheSameTypeStayAsTheyAre) {
  EXPECT_TRUE(Form(Values::kOwn).is_own());
  EXPECT_TRUE(Form(Values::kFloat32).is_own());
  EXPECT_TRUE(Form(Values::kUint8, {}, Own(DType::kU8)).is_own());
  EXPECT_FALSE(Form(Values::kUint8, ValueRange{0, 10}, Own(DType::kU8)).is_own());
}

TEST(ValueForm, TheKnownRangeIsTakenUnlessOneIsGiven) {
  EXPECT_EQ(ValueForm::Bind({Values::kUint8, {}}, Own(), ValueRange{0, 255}).value().stored().scale,
            (StoredScale{1, 0}));
  EXPECT_EQ(ValueForm::Bind({Values::kUint8, ValueRange{-255, 255}}, Own(), ValueRange{0, 1}).value().stored().scale,
            (StoredScale{2, -255}));
}

TEST(ValueForm, DisplayRangesAreInStoredNumbers) {
  StoreOptions own = Own();
  own.channels[0].start = 0.2, own.channels[0].end = 0.6;
  const StoreChannel channel = Form(Values::kUint8, ValueRange{0, 1}, own).stored().channels[0];
  EXPECT_EQ(channel.max, 255);
  EXPECT_NEAR(channel.start, 51, 1e-9);
  EXPECT_NEAR(channel.end, 153, 1e-9);
}

TEST(ValueForm, WhatCannotBeIsRefusedWithAWayOut) {
  const auto refused = [](const ValueRequest& request, const StoreOptions& own) {
    return ToString(ValueForm::Bind(request, own, {}).error());
  };
  EXPECT_THAT(refused({Values::kUint8, {}}, Own()), HasSubstr("--range 0,1"));
  EXPECT_THAT(refused({Values::kUint8, ValueRange{1, 1}}, Own()), HasSubstr("no range"));
  EXPECT_THAT(refused({Values::kUint8, ValueRange{0, kInfinity}}, Own()), HasSubstr("no range"));
  EXPECT_THAT(refused({Values::kFloat16, ValueRange{0, 1}}, Own()), HasSubstr("float16"));
  EXPECT_THAT(refused({Values::kArgmax, {}}, Own()), HasSubstr("one channel"));
  EXPECT_THAT(refused({Values::kLabels, {}}, Own(DType::kF32, 2)), HasSubstr("argmax"));
  EXPECT_THAT(ToString(FindValues("int8").error()), HasSubstr("own, float32"));
}

}  // namespace
}  // namespace tegula::outputs
