#include "tegula/app/quantity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tegula::app {
namespace {

using ::testing::HasSubstr;
using Unit = Quantity::Unit;

objects::MapFrame Frame(bool in_um) {
  objects::MapFrame frame{.scale_y = 4, .scale_x = 4};
  if (in_um) frame.pixel_size = {.y_um = 0.25, .x_um = 0.5};
  return frame;
}

TEST(Quantity, IsReadAsPeopleWriteIt) {
  for (const auto& [text, value, unit] :
       {std::tuple("20", 20.0, Unit::kNatural), std::tuple("20um2", 20.0, Unit::kMicrometre),
        std::tuple("20um^2", 20.0, Unit::kMicrometre), std::tuple("2.5 µm²", 2.5, Unit::kMicrometre),
        std::tuple("2.5μm", 2.5, Unit::kMicrometre), std::tuple("50px", 50.0, Unit::kPixel),
        std::tuple(" 50 px^2 ", 50.0, Unit::kPixel), std::tuple("2px2", 2.0, Unit::kPixel)}) {
    const auto area = Quantity::ParseArea("--min-area", text);
    ASSERT_TRUE(area.ok()) << text;
    EXPECT_EQ(area->value, value) << text;
    EXPECT_EQ(area->unit, unit) << text;
    EXPECT_EQ(Quantity::ParseArea("", ToText(*area)).value(), *area) << text;
  }
  EXPECT_EQ(Quantity::ParseLength("--smooth", "2px")->unit, Unit::kPixel);
  EXPECT_EQ(Quantity::ParseLength("--smooth", "2")->value, 2);
}

TEST(Quantity, RefusesWhatIsNone) {
  for (const char* text : {"", "um", "2 mm", "-1px", "nan", "inf um", "2pxx", "2 3"})
    EXPECT_THAT(Quantity::ParseArea("--min-area", text).error().what, HasSubstr("--min-area")) << text;
  EXPECT_FALSE(Quantity::ParseLength("--smooth", "2um2").ok());
}

TEST(Quantity, BecomesUnitsAndPixelsOfTheMap) {
  EXPECT_EQ(LengthInUnits("", {3, Unit::kNatural}, Frame(true)).value(), 3);
  EXPECT_EQ(LengthInUnits("", {3, Unit::kMicrometre}, Frame(true)).value(), 3);
  EXPECT_DOUBLE_EQ(LengthInUnits("", {8, Unit::kPixel}, Frame(true)).value(), 8 * std::sqrt(0.125));
  EXPECT_EQ(LengthInUnits("", {3, Unit::kPixel}, Frame(false)).value(), 3);
  EXPECT_DOUBLE_EQ(AreaInMapPixels("", {4, Unit::kMicrometre}, Frame(true)).value(), 4 / (1.0 * 2.0));
  EXPECT_DOUBLE_EQ(AreaInMapPixels("", {32, Unit::kPixel}, Frame(true)).value(), 2);
  EXPECT_DOUBLE_EQ(AreaInMapPixels("", {32, Unit::kNatural}, Frame(false)).value(), 2);
  EXPECT_THAT(AreaInMapPixels("--min-area", {4, Unit::kMicrometre}, Frame(false)).error().what,
              HasSubstr("say it in pixels, such as 4px"));
}

}  // namespace
}  // namespace tegula::app
