#include "tegula/app/verification_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tegula/image/open.h"
#include "tegula/pipeline/testing/toy_model.h"

namespace tegula::app {
namespace {

constexpr auto kAll = [](const tiling::Tile& /*tile*/) { return true; };

using ::testing::Ge;
using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::Lt;
using ::testing::SizeIs;
using Against = VerificationPlan::Against;

constexpr const char* kNetwork = "conv 2 1\nconv 3 2\n";

class PlanOfVerification : public ::testing::Test {
 protected:
  Result<VerificationPlan> Plan(const spec::ModelDescription& model, const std::string& image,
                                const tiling::TileRequest& tiling, std::int64_t budget = 0) {
    source_ = image::Open(image).value();
    bound_.emplace(image::Bind(*source_, {}, {}).value());
    feed_.image = &*bound_;
    const pipeline::WindowCosts costs({{1 << 16, 0.01, 10 << 20}, {1 << 20, 0.2, 160 << 20}});
    return PlanVerification(model, {&feed_, 1}, {.outputs = {0}, .tiling = tiling}, budget > 0 ? &costs : nullptr,
                            {.bytes = budget}, 0, 2);
  }
  static tiling::TileRequest Tiles(std::int64_t tile, std::int64_t context) {
    tiling::TileRequest request;
    request.SetTile(tile);
    request.SetContext(context);
    return request;
  }
  const spec::ModelDescription model_ = pipeline::ToyModel(kNetwork, {});
  std::unique_ptr<image::Source> source_;
  std::optional<image::BoundImage> bound_;
  pipeline::InputFeed feed_;
};

TEST_F(PlanOfVerification, OneWindowIsNothingToVerify) {
  EXPECT_EQ(Plan(model_, "synthetic:noise,height=100,width=100,seed=1", Tiles(512, 5))->against, Against::kNothing);
}

TEST_F(PlanOfVerification, TheWholeImageIsTakenWhereMemoryAllowsIt) {
  const std::string image = "synthetic:noise,height=2000,width=2040,seed=1";
  const VerificationPlan unknown = Plan(model_, image, Tiles(512, 5)).value();
  EXPECT_EQ(unknown.against, Against::kWhole);
  EXPECT_EQ(unknown.second.tiles(), 1);
  EXPECT_TRUE(unknown.request.is_raw);
  EXPECT_EQ(Plan(model_, image, Tiles(512, 5), 1500 << 20)->against, Against::kWhole);
  const VerificationPlan tight = Plan(model_, image, Tiles(512, 5), 400 << 20).value();
  EXPECT_EQ(tight.against, Against::kWindows);
  EXPECT_THAT(tight.bytes, Gt(0));
  EXPECT_LE(tight.bytes, 400 << 20);
}

TEST_F(PlanOfVerification, WindowsSeeTwiceAsMuchAndCoverTheSeams) {
  const VerificationPlan plan = Plan(model_, "synthetic:noise,height=5000,width=6000,seed=1", Tiles(512, 100)).value();
  EXPECT_EQ(plan.against, Against::kWindows);
  EXPECT_EQ(plan.context_px(), 100);
  EXPECT_EQ(plan.verified_with_px(), 200);
  EXPECT_EQ(plan.second.size_of(0), plan.first.size_of(0));
  EXPECT_NE(plan.second.axes[GridAxis::kX].windows[1].input, plan.first.axes[GridAxis::kX].windows[1].input);
  EXPECT_EQ(Plan(model_, "synthetic:noise,height=5000,width=6000,seed=1", Tiles(512, 0))->verified_with_px(), 128)
      << "twice nothing would still be nothing";
}

TEST_F(PlanOfVerification, WindowsOfAFixedSizeSeeAsMuchMoreAsTheyAllow) {
  spec::ModelDescription fixed = model_;
  for (spec::TensorDescription* tensor : {&fixed.inputs[0], &fixed.outputs[0]})
    for (spec::Axis& axis : tensor->axes)
      if (axis.type == spec::AxisType::kSpace) axis.size = spec::FixedSize{128};
  tiling::TileRequest context;
  context.SetContext(30);
  const VerificationPlan plan = Plan(fixed, "synthetic:noise,height=600,width=700,seed=1", context).value();
  EXPECT_EQ(plan.against, Against::kWindows) << "the network takes no larger window";
  EXPECT_EQ(plan.second.window()[GridAxis::kX], 128);
  EXPECT_THAT(plan.verified_with_px(), Gt(30));
  context.SetContext(48);
  const Result<VerificationPlan> none = Plan(fixed, "synthetic:noise,height=600,width=700,seed=1", context);
  ASSERT_FALSE(none.ok());
  EXPECT_THAT(ToString(none.error()), HasSubstr("could not be verified"));
}

TEST_F(PlanOfVerification, WhatDoesNotFitIsRefusedWithWhatIsNeeded) {
  const Result<VerificationPlan> plan =
      Plan(model_, "synthetic:noise,height=5000,width=6000,seed=1", Tiles(512, 5), 20 << 20);
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().code, Code::kExhausted);
  EXPECT_THAT(plan.error().what, HasSubstr("--memory"));
}

TEST_F(PlanOfVerification, TilesAreChosenAtRandomButTheSameForTheSameSeed) {
  const VerificationPlan plan = Plan(model_, "synthetic:noise,height=9000,width=9000,seed=1", Tiles(1024, 10)).value();
  const std::vector<ChosenTile> a = ChooseTilesToVerify(plan, 3, {8}, 1, kAll);
  EXPECT_THAT(a, SizeIs(8));
  EXPECT_EQ(a, ChooseTilesToVerify(plan, 3, {8}, 1, kAll));
  EXPECT_NE(a, ChooseTilesToVerify(plan, 3, {8}, 2, kAll));
  std::set<std::int64_t> frames;
  for (std::uint64_t seed = 0; seed < 20; ++seed)
    for (const ChosenTile& tile : ChooseTilesToVerify(plan, 3, {1}, seed, kAll)) frames.insert(tile.frame);
  EXPECT_THAT(frames, SizeIs(3));
  EXPECT_THAT(ChooseTilesToVerify(plan, 2, {0}, 1, kAll), SizeIs(2 * plan.second.tiles()));
  EXPECT_THAT(ChooseTilesToVerify(plan, 1, {1 << 20}, 1, kAll), SizeIs(plan.second.tiles()));
}

TEST_F(PlanOfVerification, OnlyTilesThatAreAskedForAreChosen) {
  const VerificationPlan plan = Plan(model_, "synthetic:noise,height=9000,width=9000,seed=1", Tiles(1024, 10)).value();
  const auto is_asked = [](const tiling::Tile& tile) {
    return !Intersect(PlaneBox(tile.pieces[0].write), Box{{3000, 3100}, {0, 4000}}).empty();
  };
  const std::vector<ChosenTile> chosen = ChooseTilesToVerify(plan, 1, {0}, 1, is_asked);
  EXPECT_THAT(chosen, SizeIs(Gt(1)));
  EXPECT_THAT(chosen, SizeIs(Lt(plan.second.tiles() / 4)));
  for (const ChosenTile& tile : chosen) EXPECT_TRUE(is_asked(plan.second.tile(tile.tile)));
}

TEST_F(PlanOfVerification, TilesAcrossSeamsComeFirst) {
  VerificationPlan plan = Plan(model_, "synthetic:noise,height=9000,width=9000,seed=1", Tiles(1024, 10)).value();
  // One seam, far to the right.
  for (const GridAxis axis : {GridAxis::kY, GridAxis::kX}) {
    std::vector<tiling::Window>& windows = plan.first.axes[axis].windows;
    windows.resize(axis == GridAxis::kX ? 2 : 1);
    windows[0].pieces[0].write = {0, 8800};
    if (axis == GridAxis::kX) windows[1].pieces[0].write = {8800, 9000};
  }
  const std::size_t rows = plan.second.axes[GridAxis::kY].windows.size();
  for (const ChosenTile& chosen : ChooseTilesToVerify(plan, 1, {static_cast<std::int64_t>(rows)}, 5, kAll))
    EXPECT_TRUE(plan.second.tile(chosen.tile).pieces[0].write[GridAxis::kX].Contains(8800));
}

TEST(VerifyRequest, IsANumberOfWindowsOrAll) {
  EXPECT_EQ(VerifyRequest::Parse("8")->windows, 8);
  EXPECT_EQ(VerifyRequest::Parse("all")->windows, 0);
  for (const char* text : {"8", "all"}) EXPECT_EQ(VerifyRequest::Parse(text)->ToText(), text);
  for (const char* text : {"0", "-3", "", "true", "8x"}) EXPECT_FALSE(VerifyRequest::Parse(text).ok()) << text;
}

}  // namespace
}  // namespace tegula::app
