#include "tegula/tiling/model_grid.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tegula/tiling/plan.h"

namespace tegula::tiling {
namespace {

using ::testing::HasSubstr;

spec::TensorDescription TensorOf(std::string id, std::initializer_list<spec::Axis> axes) {
  spec::TensorDescription tensor;
  tensor.id = std::move(id);
  tensor.axes = axes;
  return tensor;
}

spec::Axis Space(std::string id, spec::AxisSize size, std::int64_t halo = 0) {
  return {.id = std::move(id), .type = spec::AxisType::kSpace, .size = std::move(size), .halo = halo};
}

// A full and a half resolution input; an output of double, and one of a quarter resolution.
spec::ModelDescription TwoByTwo() {
  using Ref = spec::SizeReference;
  spec::ModelDescription model;
  const spec::ParameterizedSize free{64, 8};
  const Rational half{1, 2}, twice{2, 1}, quarter{1, 4};
  model.inputs = {
      TensorOf("image", {Space("y", free), Space("x", free)}),
      TensorOf("context", {Space("y", Ref{"image", "y", half, 0}), Space("x", Ref{"image", "x", half, 0})})};
  model.outputs = {TensorOf("superres", {Space("y", Ref{"image", "y", twice, -16}, 8),
                                         Space("x", Ref{"image", "x", twice, -16}, 8)}),
                   TensorOf("density", {Space("y", Ref{"context", "y", half, -2}, 1),
                                        Space("x", Ref{"image", "x", quarter, -2}, 1)})};
  return model;
}

TEST(GridOf, FollowsTheLeadingInputThroughOtherInputs) {
  const ModelGrid grid = GridOf(TwoByTwo(), {0, 1}).value();
  EXPECT_FALSE(grid.axes[GridAxis::kZ]);
  const AxisRules& y = *grid.axes[GridAxis::kY];
  EXPECT_EQ(y.grid, 8);
  EXPECT_EQ(y.outputs[0].scale, (Rational{2, 1}));
  EXPECT_EQ(y.outputs[1].scale, (Rational{1, 4}));
  EXPECT_EQ(y.outputs[1].offset, -2);
  EXPECT_EQ(y.halo(), 4);
  EXPECT_EQ(grid.inputs[1][GridAxis::kY].scale, (Rational{1, 2}));
}

TEST(GridOf, AnAxisOfSizeOneThatTheNetworkAddsChangesNothing) {
  spec::ModelDescription model = TwoByTwo();
  model.outputs[0].axes.push_back(Space("z", spec::FixedSize{1}));
  EXPECT_EQ(PlanTiles(GridOf(model, {0}).value(), {{1, 1, 400, 300}}, {})->size_of(0)[GridAxis::kZ], 1);
  model.outputs[0].axes.back().size = spec::FixedSize{2};
  EXPECT_THAT(GridOf(model, {0}).error().what, HasSubstr("axis z that no input has"));
}

TEST(GridOf, PlansOutputsOfDifferentScalesTogether) {
  const ModelGrid grid = GridOf(TwoByTwo(), {0, 1}).value();
  TileRequest request;
  request.SetTile(128);
  const TilePlan plan = PlanTiles(grid, {{1, 1, 400, 300}}, request).value();
  EXPECT_GT(plan.tiles(), 4);
  EXPECT_EQ(plan.size_of(0)[GridAxis::kY], 784);
  EXPECT_EQ(plan.size_of(1)[GridAxis::kY], 98);
  std::int64_t area[2] = {};
  for (std::int64_t i = 0; i < plan.tiles(); ++i)
    for (std::size_t o = 0; o < 2; ++o) area[o] += PlaneBox(plan.tile(i).pieces[o].write).area();
  EXPECT_EQ(area[0], 784 * 584);
  EXPECT_EQ(area[1], 98 * 73);
}

TEST(GridOf, RefusesWhatCannotBeCutWithTheName) {
  spec::ModelDescription model = TwoByTwo();
  model.outputs[1].axes[0].size = spec::DataDependentSize{};
  EXPECT_THAT(GridOf(model, {0, 1}).error().what, HasSubstr("axis y of density has a size that is not known"));
  EXPECT_TRUE(GridOf(model, {0}).ok()) << "the other output can be made";
  model = TwoByTwo();
  model.inputs[1].axes[0].size = spec::ParameterizedSize{50, 8};
  EXPECT_THAT(GridOf(model, {0}).error().what, HasSubstr("axis y of context does not follow"));
  model.inputs[1].axes[0].size = spec::ParameterizedSize{32, 4};
  EXPECT_TRUE(GridOf(model, {0}).ok()) << "two free sizes in a fixed ratio follow each other";
}

TEST(PlanTiles, RefusesPositionsAlongAnAxisTheModelDoesNotHave) {
  const ModelGrid grid = GridOf(TwoByTwo(), {0}).value();
  EXPECT_THAT(PlanTiles(grid, {{1, 3, 400, 300}}, {}).error().what, HasSubstr("3 positions along z"));
}

}  // namespace
}  // namespace tegula::tiling
