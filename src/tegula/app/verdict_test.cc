#include "tegula/app/verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tegula::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Against = VerificationPlan::Against;

// A plan with these contexts, cut along these axes, on a grid of 8.
VerificationPlan PlanWith(Against against, PerAxis<std::int64_t> context, PerAxis<std::size_t> windows) {
  VerificationPlan plan;
  plan.against = against;
  for (const GridAxis axis : kGridAxes) {
    if (windows[axis] == 0) continue;
    plan.grid.axes[axis] = tiling::AxisRules{.grid = 8, .context = context[axis]};
    plan.second_grid.axes[axis] = tiling::AxisRules{.grid = 8, .context = 2 * context[axis]};
    plan.first.axes[axis].windows.resize(windows[axis]);
    plan.weights[axis] = context[axis];
    plan.unit = std::max(plan.unit, context[axis]);
  }
  return plan;
}

pipeline::Deviation Off(double largest) {
  pipeline::Deviation deviation{.pixels = 1000, .values = 1000, .beyond = 20, .largest = largest, .sum = 0.1};
  deviation.to_seam = 12;
  for (std::int64_t seen = 32; seen < 200; ++seen) deviation.by_seen.Add(seen, seen < 53 ? largest : 1e-7);
  for (std::int64_t distance = 0; distance < 200; ++distance)
    deviation.by_seam.Add(distance, distance < 21 ? largest : 1e-7);
  return deviation;
}

outputs::VerificationRecord Judged(const VerificationPlan& plan, const pipeline::Deviation& deviation) {
  outputs::VerificationRecord record;
  record.windows = 8, record.of_windows = 49, record.allowed = 1e-5, record.y = 1204.5, record.x = 88.5;
  Judge(plan, deviation, record);
  return record;
}

const VerificationPlan kPlan = PlanWith(Against::kWindows, {{0, 0, 32, 32}}, {{0, 0, 7, 7}});

TEST(Judge, AFailureSaysHowMuchWhereAndWhatToDo) {
  const outputs::VerificationRecord record = Judged(kPlan, Off(0.0031));
  EXPECT_FALSE(record.passed);
  EXPECT_EQ(
      record.verdict,
      "failed: the result differs by up to 0.0031 (allowed: 1e-05) from 8 of 49 other windows with a context of 64 "
      "instead of 32 pixels, most at y=1204 x=88 of the image, 12 pixels from a seam between tiles; 2 % of the "
      "pixels compared differ by more than is allowed; run again with --context 56");
  EXPECT_EQ(record.enough, "--context 56") << "53, on the grid";
  EXPECT_EQ(record.from_seam_px, 12);
  ASSERT_EQ(record.seam_distances.size(), record.by_seam_distance.size());
  EXPECT_LE(record.seam_distances.size(), 64u);
  EXPECT_EQ(record.by_seam_distance.front(), 0.0031);
  EXPECT_EQ(record.by_seam_distance.back(), 1e-7);
}

TEST(Judge, WhatPassesSaysWithWhatItWasCompared) {
  pipeline::Deviation deviation = Off(3e-7);
  deviation.beyond = 0;
  EXPECT_EQ(Judged(kPlan, deviation).verdict,
            "passed: no value differs by more than 3e-07 from 8 of 49 other windows with a context of 64 instead of 32 "
            "pixels (allowed: 1e-05)");
  deviation.largest = 0;
  deviation.at_steps = 3;
  VerificationPlan whole = kPlan;
  whole.against = Against::kWhole;
  const outputs::VerificationRecord record = Judged(whole, deviation);
  EXPECT_TRUE(record.passed);
  EXPECT_THAT(record.verdict,
              StartsWith("passed: no value differs from 8 of 49 planes predicted whole, in one window each; 3"));
  EXPECT_EQ(record.verified_with_px, 0);
  VerificationPlan nothing = kPlan;
  nothing.against = Against::kNothing;
  EXPECT_TRUE(Judged(nothing, {}).passed);
}

TEST(Judge, WithoutAContextThatWouldDoTheReasonsAreNamed) {
  pipeline::Deviation deviation = Off(0.5);
  deviation.by_seen.Add(250, 0.5);
  const outputs::VerificationRecord record = Judged(kPlan, deviation);
  EXPECT_EQ(record.enough, "");
  EXPECT_THAT(record.verdict, HasSubstr("no context that was tried is enough"));
  EXPECT_THAT(record.verdict, Not(HasSubstr("--context")));
}

TEST(EnoughContext, IsNamedPerAxisWhereThereIsMoreThanAPlane) {
  const VerificationPlan plan = PlanWith(Against::kWindows, {{0, 8, 32, 32}}, {{0, 3, 7, 7}});
  EXPECT_EQ(EnoughContext(plan, Off(0.1), 1e-5), "--context z=16,y=56,x=56");
  EXPECT_EQ(EnoughContext(PlanWith(Against::kWindows, {{0, 8, 32, 32}}, {{0, 1, 7, 7}}), Off(0.1), 1e-5),
            "--context 56");
  pipeline::Deviation fine = Off(0.1);
  fine.beyond = 0;
  EXPECT_EQ(EnoughContext(plan, fine, 1e-5), "");
}

}  // namespace
}  // namespace tegula::app
