#include "tegula/app/measure.h"

#include <gtest/gtest.h>

#include <limits>

namespace tegula::app {
namespace {

pipeline::AxisField Axis(const char* id) {
  pipeline::AxisField axis;
  axis.axis = id;
  axis.declared_halo = 32, axis.declared_step = 16;
  axis.before = 58, axis.after = 57, axis.window_before = 53, axis.window_after = 52;
  axis.grid = 8;
  axis.tolerance = 1e-5, axis.deviation = 1e-7, axis.declared_deviation = 0.0031;
  return axis;
}

pipeline::ReceptiveField Example() {
  pipeline::ReceptiveField field;
  field.axes = {Axis("y"), Axis("x")};
  field.noise = 1e-9, field.runs = 120, field.remark = "a \"remark\"";
  pipeline::AxisField& far = field.axes[1];
  far.is_finite = false, far.is_grid_measured = false;
  far.step_deviation = std::numeric_limits<double>::infinity();
  far.far = {{64, 0.25}, {128, 0.125}};
  far.remark = "a change reaches the ends";
  return field;
}

TEST(FieldToJson, GoesThroughJsonUnchanged) {
  const std::string text = FieldToJson(Example());
  const std::optional<pipeline::ReceptiveField> read = FieldFromJson(text);
  ASSERT_TRUE(read);
  EXPECT_EQ(FieldToJson(*read), text);
  EXPECT_EQ(read->axes[0].window_after, 52);
  EXPECT_EQ(read->axes[1].step_deviation, std::numeric_limits<double>::infinity());
  EXPECT_EQ(read->axes[1].far[1].distance, 128);
}

TEST(FieldFromJson, RefusesWhatSaysImpossibleThings) {
  const std::string good = FieldToJson(Example());
  for (const auto& [from, to] : std::initializer_list<std::pair<std::string, std::string>>{
           {"\"grid\": 8", "\"grid\": 0"},
           {"\"before\": 58", "\"before\": -1"},
           {"\"before\": 58", "\"before\": 40"},  // less than windows need
           {"\"after\": 57", "\"after\": 9223372036854775807"},
           {"\"after\": 57", "\"after\": \"57\""},
           {"\"noise\": 1e-09", "\"noise\": -1"},
           {"\"finite\": true", "\"finite\": 1"},
           {"\"far\"", "\"near\""}}) {
    std::string bad = good;
    ASSERT_NE(bad.find(from), std::string::npos) << from;
    bad.replace(bad.find(from), from.size(), to);
    EXPECT_FALSE(FieldFromJson(bad)) << to;
  }
  EXPECT_FALSE(FieldFromJson(""));
  EXPECT_FALSE(FieldFromJson("[]"));
  EXPECT_FALSE(FieldFromJson(good.substr(0, good.size() / 2)));
}

TEST(AdviceOn, NamesWhatIsDeclaredAndWhatIsTrue) {
  pipeline::ReceptiveField field;
  field.axes = {Axis("y"), Axis("x")};
  EXPECT_EQ(AdviceOn(field), std::vector<std::string>{
                                 "y, x: the description declares a halo of 32 pixels; the network sees 58, of which "
                                 "windows on the stride grid need 53: tiles with the declared halo differ by up to "
                                 "0.0031."});
  field.axes[0].declared_halo = 56, field.axes[0].declared_deviation = 0;
  EXPECT_EQ(
      AdviceOn(field)[0],
      "y: the declared halo of 56 pixels is enough: the network sees 58, of which windows on the stride grid need "
      "53.");
  field.axes[0].declared_step = 4, field.axes[0].step_deviation = 0.071;
  EXPECT_NE(AdviceOn(field)[0].find("multiples of 8, which the declared step of 4 does not ensure"), std::string::npos);
  const std::string far = AdviceOn(Example())[1];
  EXPECT_NE(far.find("no finite context"), std::string::npos);
  EXPECT_NE(far.find("0.25 at 64 pixels, 0.12 at 128 pixels"), std::string::npos);
}

}  // namespace
}  // namespace tegula::app
