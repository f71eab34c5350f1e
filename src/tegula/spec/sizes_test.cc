#include "tegula/spec/sizes.h"

#include <gtest/gtest.h>

namespace tegula::spec {
namespace {

Axis Space(std::string id, AxisSize size, std::int64_t halo = 0) {
  Axis axis;
  axis.id = std::move(id);
  axis.size = std::move(size);
  axis.halo = halo;
  return axis;
}

// An input of 64 + 16 n, an output of half its size with a halo of 12, and one of four times its size with one of 20.
ModelDescription Model() {
  ModelDescription model;
  model.inputs.resize(1);
  model.inputs[0].id = "raw";
  model.inputs[0].axes = {Space("y", ParameterizedSize{64, 16})};
  model.outputs.resize(2);
  model.outputs[0].id = "small";
  model.outputs[0].axes = {Space("y", SizeReference{"raw", "y", {1, 2}, -2}, 12)};
  model.outputs[1].id = "large";
  model.outputs[1].axes = {Space("y", SizeReference{"raw", "y", {4, 1}, 0}, 20)};
  return model;
}

TEST(SizeOf, FollowsReferencesExactly) {
  const ModelDescription model = Model();
  EXPECT_EQ(SizeOf(model, model.inputs[0].axes[0], {.n = 3}), 112);
  EXPECT_EQ(SizeOf(model, model.outputs[0].axes[0], {.n = 3}), 54);
  EXPECT_EQ(SizeOf(model, model.outputs[1].axes[0], {.n = 3}), 448);
  EXPECT_EQ(SizeOf(model, model.outputs[0].axes[0], {.size_of = {{{"raw", "y"}, 101}}}), 48);
}

TEST(SizeOf, IsUnknownForWhatOnlyTheDataDecide) {
  const ModelDescription model = Model();
  EXPECT_EQ(SizeOf(model, Space("i", DataDependentSize{}), {}), std::nullopt);
  EXPECT_EQ(SizeOf(model, Space("i", SizeReference{"nobody", "y", {}, 0}), {}), std::nullopt);
}

TEST(NearestSize, IsValidAndNoOtherIsNearer) {
  const ParameterizedSize size{64, 16};
  for (std::int64_t wanted = -5; wanted < 300; ++wanted) {
    const std::int64_t nearest = NearestSize(size, wanted);
    ASSERT_GE(nearest, 64);
    ASSERT_EQ((nearest - 64) % 16, 0);
    for (std::int64_t other = 64; other < 400; other += 16)
      ASSERT_LE(std::abs(wanted - nearest), std::abs(wanted - other)) << wanted;
  }
}

TEST(StepsFor, RoundUpAlsoBelowTheMinimum) {
  const ParameterizedSize size{64, 16};
  EXPECT_EQ(StepsFor(size, 64), 0);
  EXPECT_EQ(StepsFor(size, 65), 1);
  EXPECT_EQ(StepsFor(size, 63), 0);
  EXPECT_EQ(StepsFor(size, 48), -1);
}

TEST(InputHalo, IsTheLargestInPixelsOfTheInput) {
  EXPECT_EQ(InputHalo(Model(), "raw", "y"), 24);
  EXPECT_EQ(InputHalo(Model(), "raw", "x"), 0);
}

}  // namespace
}  // namespace tegula::spec
