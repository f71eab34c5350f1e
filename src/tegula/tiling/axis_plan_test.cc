#include "tegula/tiling/axis_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace tegula::tiling {
namespace {

using ::testing::HasSubstr;

// Everything a plan promises, checked from its windows alone.
void ExpectExact(const AxisRules& rules, const AxisPlan& plan) {
  const auto network = [&](std::int64_t size) { return rules.scale.Floor(size) + rules.offset; };
  EXPECT_TRUE(rules.sizes.is_fixed() ? (plan.padded - rules.sizes.min) % rules.grid == 0
                                     : rules.sizes.Accepts(plan.padded));
  EXPECT_EQ(plan.pad_before + plan.image + plan.pad_after, plan.padded);
  EXPECT_GE(plan.pad_after, plan.pad_before);
  const std::int64_t crop = plan.pad_before * rules.scale.num / rules.scale.den;
  std::int64_t written = 0;
  for (std::size_t i = 0; i < plan.windows.size(); ++i) {
    const Window& w = plan.windows[i];
    EXPECT_EQ(w.input.size(), plan.window);
    EXPECT_TRUE(rules.sizes.Accepts(w.input.size()) || plan.windows.size() == 1);
    EXPECT_EQ(w.input.begin % rules.grid, 0);
    EXPECT_TRUE((Interval{0, plan.padded}.Contains(w.input)));
    EXPECT_EQ(w.write.begin, written) << "write boxes partition the output";
    EXPECT_GT(w.write.size(), 0);
    EXPECT_EQ(w.use.size(), w.write.size());
    EXPECT_TRUE((Interval{0, network(plan.window)}.Contains(w.use)));
    EXPECT_EQ(w.use.begin + w.input.begin * rules.scale.num / rules.scale.den, w.write.begin + crop)
        << "the piece comes from its place";
    // The input pixels an output pixel sees lie inside the window, or the window ends where the whole does.
    const double shift = 0.5 * static_cast<double>(rules.offset), scale = rules.scale.value();
    const double first_seen =
        (static_cast<double>(w.write.begin + crop) - shift) / scale - static_cast<double>(rules.context);
    const double last_seen =
        (static_cast<double>(w.write.end + crop) - shift) / scale + static_cast<double>(rules.context);
    EXPECT_TRUE(w.input.begin == 0 || first_seen + 1e-9 >= static_cast<double>(w.input.begin));
    EXPECT_TRUE(w.input.end == plan.padded || last_seen - 1e-9 <= static_cast<double>(w.input.end));
    EXPECT_TRUE(plan.windows.size() == 1 || w.write.begin % plan.chunk == 0) << "writes are unions of whole chunks";
    written = w.write.end;
  }
  EXPECT_EQ(written, plan.output);
  EXPECT_EQ(plan.chunk % 16, 0);
  EXPECT_EQ(plan.write_step % plan.chunk, 0);
}

TEST(PlanAxis, KeepsItsPromisesForRandomModelsAndImages) {
  std::mt19937 random(1);
  const auto pick = [&](std::int64_t from, std::int64_t to) {
    return std::uniform_int_distribution<std::int64_t>(from, to)(random);
  };
  int planned = 0;
  for (int i = 0; i < 20'000; ++i) {
    AxisRules rules;
    rules.grid = std::int64_t{1} << pick(0, 4);
    const std::int64_t step = rules.grid * pick(1, 3);
    rules.sizes = {rules.grid * pick(4, 40), pick(0, 3) == 0 ? 0 : step};
    constexpr Rational kScales[] = {{1, 1}, {1, 1}, {2, 1}, {4, 1}, {1, 2}, {1, 4}};
    rules.scale = kScales[pick(0, 5)];
    if (!rules.scale.Divides(rules.grid)) rules.scale = {1, 1};
    rules.offset = pick(0, 2) == 0 ? -2 * pick(0, 20) : 0;
    rules.halo_out = rules.scale.num * pick(0, 20);
    rules.context = pick(0, 60);
    AxisRequest request{.image = pick(1, 700), .border = pick(0, 1) == 0 ? Border::kPad : Border::kNetwork};
    request.max_window = pick(64, 400);
    if (pick(0, 1) == 0) request.window = rules.sizes.min + pick(0, 20) * rules.sizes.step;
    const Result<AxisPlan> plan = PlanAxis(rules, request);
    if (!plan.ok()) {
      EXPECT_EQ(plan.error().code, Code::kInvalid);
      continue;
    }
    ++planned;
    ExpectExact(rules, *plan);
    if (HasFailure()) FAIL() << "case " << i;
  }
  EXPECT_GT(planned, 8000);
}

const AxisRules kNuclei{.sizes = {80, 16}, .grid = 16, .context = 56, .halo_out = 32};

TEST(PlanAxis, TheWholeImageIsOneWindowWhenItFits) {
  const AxisPlan plan = PlanAxis(kNuclei, {.image = 500}).value();
  EXPECT_EQ(plan.windows.size(), 1u);
  EXPECT_EQ(plan.padded, 576);  // 500 + 2 * 32 = 564, then the next 80 + 16 n
  EXPECT_EQ(plan.output, 500);
}

TEST(PlanAxis, TheLastWindowStaysOnTheGridAndEndsAtTheEnd) {
  const AxisPlan plan = PlanAxis(kNuclei, {.image = 1000, .window = 512}).value();
  EXPECT_EQ(plan.windows.back().input.end, plan.padded);
  EXPECT_EQ(plan.windows.back().input.begin % 16, 0);
}

TEST(PlanAxis, NamesTheNearestSizesWhenATileIsNotPossible) {
  const Error error = PlanAxis(kNuclei, {.image = 2000, .window = 500}).error();
  EXPECT_EQ(error.code, Code::kInvalid);
  EXPECT_THAT(error.what, HasSubstr("496 and 512"));
  EXPECT_THAT(PlanAxis(kNuclei, {.image = 2000, .window = 80}).error().what,
              HasSubstr("the smallest size that is possible here is 144"));
  const AxisRules fixed{.sizes = {188, 0}, .grid = 4, .offset = -88};
  EXPECT_THAT(PlanAxis(fixed, {.image = 2000, .window = 200}).error().what, HasSubstr("takes 188 only"));
}

TEST(PlanAxis, ValidConvolutionsLoseTheirMarginOnceAndNotAtEverySeam) {
  const AxisRules fixed{.sizes = {188, 0}, .grid = 4, .offset = -88};
  const AxisPlan plan = PlanAxis(fixed, {.image = 1000}).value();
  EXPECT_EQ(plan.output, 912);
  EXPECT_EQ(plan.origin, 44.0);
  EXPECT_EQ(plan.write_step, 96);  // of 100, the largest multiple of 16
  EXPECT_THAT(PlanAxis(fixed, {.image = 60}).error().what, HasSubstr("too small"));
}

TEST(PlanAxis, ALargerTileThanTheImageNeedsIsTheWholeImage) {
  const AxisPlan plan = PlanAxis(kNuclei, {.image = 100, .window = 512}).value();
  EXPECT_EQ(plan.windows.size(), 1u);
  EXPECT_EQ(plan.window, plan.padded);
}

}  // namespace
}  // namespace tegula::tiling
