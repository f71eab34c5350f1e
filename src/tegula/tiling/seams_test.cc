#include "tegula/tiling/seams.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace tegula::tiling {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Ge;

const AxisRules kNuclei{.sizes = {80, 16}, .grid = 16, .context = 56, .outputs = {{.halo = 32}}};

TEST(SeamsOf, DistancesGrowFromEverySeamOnBothSides) {
  const AxisPlan plan = PlanAxis(kNuclei, {.image = 1000, .window = 512}).value();
  const Seams seams = SeamsOf(kNuclei.outputs[0], plan, 0);
  ASSERT_EQ(plan.windows.size(), 3u);
  const std::int64_t first = plan.windows[1].pieces[0].write.begin, second = plan.windows[2].pieces[0].write.begin;
  EXPECT_THAT(seams.starts, ElementsAre(first, second));
  ASSERT_EQ(seams.to_seam.size(), 1000u);
  const auto at = [&](std::int64_t i) { return seams.to_seam[static_cast<std::size_t>(i)]; };
  EXPECT_EQ(at(0), first - 1);
  EXPECT_EQ(at(first - 1), 0);
  EXPECT_EQ(at(first), 0);
  EXPECT_EQ(at(first + 5), 5);
  EXPECT_EQ(at(second - 4), 3);
  EXPECT_EQ(at(999), 999 - second);
}

TEST(SeamsOf, NoPixelSawLessThanTheContext) {
  for (const std::int64_t window : {256, 320, 512}) {
    const AxisPlan plan = PlanAxis(kNuclei, {.image = 1000, .window = window}).value();
    EXPECT_THAT(SeamsOf(kNuclei.outputs[0], plan, 0).seen, Each(Ge(56)));
  }
}

TEST(SeamsOf, OneWindowHasNoSeamsAndSeesEverything) {
  const AxisPlan plan = PlanAxis(kNuclei, {.image = 300}).value();
  const Seams seams = SeamsOf(kNuclei.outputs[0], plan, 0);
  EXPECT_TRUE(seams.starts.empty());
  EXPECT_THAT(seams.to_seam, Each(kNowhere));
  EXPECT_THAT(seams.seen, Each(kNowhere));
}

TEST(SeamsOf, PatchesHaveNoSeams) {
  const AxisRules rules{.sizes = {64, 0}, .grid = 32, .outputs = {{.collapses = true}}};
  const AxisPlan plan = PlanAxis(rules, {.image = 9000, .stride = 8}).value();
  ASSERT_GT(plan.windows.size(), 1u);
  EXPECT_THAT(SeamsOf(rules.outputs[0], plan, 0).to_seam, Each(kNowhere));
}

// Beside the arithmetic of real numbers: an output pixel lies at (pixel - offset / 2) / scale of the input.
TEST(SeamsOf, WhatAPixelSawIsItsDistanceFromWhereItsWindowEndsInsideTheImage) {
  std::mt19937 random(3);
  const auto pick = [&](std::int64_t from, std::int64_t to) {
    return std::uniform_int_distribution<std::int64_t>(from, to)(random);
  };
  int compared = 0;
  for (int i = 0; i < 4000; ++i) {
    constexpr Rational kScales[] = {{1, 1}, {2, 1}, {4, 1}, {1, 2}, {1, 4}, {3, 2}};
    AxisRules rules{.sizes = {64, 16}, .grid = 16, .context = pick(0, 40)};
    rules.outputs[0] = {kScales[pick(0, 5)], -2 * pick(0, 10), pick(0, 20)};
    const OutputRule& rule = rules.outputs[0];
    const Result<AxisPlan> plan = PlanAxis(rules, {.image = pick(100, 700), .window = 64 + 16 * pick(0, 10)});
    if (!plan.ok() || plan->windows.size() == 1) continue;
    ++compared;
    const Seams seams = SeamsOf(rule, *plan, 0);
    for (const Window& window : plan->windows)
      for (std::int64_t o = window.pieces[0].write.begin; o < window.pieces[0].write.end; ++o) {
        const double crop = static_cast<double>(plan->pad_before) * rule.scale.value();
        const double left =
                         (static_cast<double>(o) + crop - 0.5 * static_cast<double>(rule.offset)) / rule.scale.value(),
                     right = left + 1 / rule.scale.value();
        double seen = static_cast<double>(kNowhere);
        if (window.input.begin > 0) seen = std::min(seen, left - static_cast<double>(window.input.begin));
        if (window.input.end < plan->padded) seen = std::min(seen, static_cast<double>(window.input.end) - right);
        ASSERT_EQ(seams.seen[static_cast<std::size_t>(o)], static_cast<std::int64_t>(std::floor(seen + 1e-9)))
            << "case " << i << " pixel " << o;
        ASSERT_GE(seams.seen[static_cast<std::size_t>(o)], rules.context);
      }
  }
  EXPECT_GT(compared, 1000);
}

}  // namespace
}  // namespace tegula::tiling
