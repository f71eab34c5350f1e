#include "tegula/tiling/axis_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace tegula::tiling {
namespace {

using ::testing::HasSubstr;

// Everything a plan promises of one output, checked from its windows alone.
void ExpectExact(const AxisRules& rules, const AxisPlan& plan, std::size_t o) {
  const OutputRule& rule = rules.outputs[o];
  const OutputAxis& output = plan.outputs[o];
  const auto network = [&](std::int64_t size) { return rule.scale.Floor(size) + rule.offset; };
  const std::int64_t crop = plan.pad_before * rule.scale.num / rule.scale.den;
  EXPECT_EQ(plan.pad_before * rule.scale.num % rule.scale.den, 0);
  std::int64_t written = 0;
  for (std::size_t i = 0; i < plan.windows.size(); ++i) {
    const Interval& input = plan.windows[i].input;
    const Piece& piece = plan.windows[i].pieces[o];
    EXPECT_EQ(piece.use.size(), piece.write.size());
    if (piece.write.empty()) {
      EXPECT_EQ(written, output.size) << "nothing is left to write";
      continue;
    }
    EXPECT_EQ(piece.write.begin, written) << "write boxes partition the output";
    EXPECT_TRUE((Interval{0, network(plan.window)}.Contains(piece.use)));
    EXPECT_EQ(piece.use.begin + input.begin * rule.scale.num / rule.scale.den, piece.write.begin + crop)
        << "the piece comes from its place";
    // The input pixels an output pixel sees lie inside the window, or the window ends where the whole does.
    const double shift = 0.5 * static_cast<double>(rule.offset), scale = rule.scale.value();
    const double first_seen =
        (static_cast<double>(piece.write.begin + crop) - shift) / scale - static_cast<double>(rules.context);
    const double last_seen =
        (static_cast<double>(piece.write.end + crop) - shift) / scale + static_cast<double>(rules.context);
    EXPECT_TRUE(input.begin == 0 || first_seen + 1e-9 >= static_cast<double>(input.begin));
    EXPECT_TRUE(input.end == plan.padded || last_seen - 1e-9 <= static_cast<double>(input.end));
    EXPECT_TRUE(plan.windows.size() == 1 || piece.write.begin % output.chunk == 0) << "writes are unions of chunks";
    EXPECT_EQ(piece.write.begin % output.write_step, 0);
    written = piece.write.end;
  }
  EXPECT_EQ(written, output.size);
  EXPECT_EQ(output.write_step % output.chunk, 0);
}

void ExpectExact(const AxisRules& rules, const AxisPlan& plan) {
  EXPECT_TRUE(rules.sizes.is_fixed() ? (plan.padded - rules.sizes.min) % rules.grid == 0
                                     : rules.sizes.Accepts(plan.padded));
  EXPECT_EQ(plan.pad_before + plan.image + plan.pad_after, plan.padded);
  EXPECT_GE(plan.pad_after, plan.pad_before);
  for (const Window& window : plan.windows) {
    EXPECT_EQ(window.input.size(), plan.window);
    EXPECT_TRUE(rules.sizes.Accepts(window.input.size()) || plan.windows.size() == 1);
    EXPECT_EQ(window.input.begin % rules.grid, 0);
    EXPECT_TRUE((Interval{0, plan.padded}.Contains(window.input)));
  }
  for (std::size_t o = 0; o < rules.outputs.size(); ++o) ExpectExact(rules, plan, o);
}

TEST(PlanAxis, KeepsItsPromisesForRandomModelsAndImages) {
  std::mt19937 random(1);
  const auto pick = [&](std::int64_t from, std::int64_t to) {
    return std::uniform_int_distribution<std::int64_t>(from, to)(random);
  };
  int planned = 0, in_windows = 0;
  for (int i = 0; i < 20'000; ++i) {
    AxisRules rules;
    rules.grid = std::int64_t{1} << pick(0, 4);
    const std::int64_t step = rules.grid * pick(1, 3);
    rules.sizes = {rules.grid * pick(4, 40), pick(0, 3) == 0 ? 0 : step};
    rules.context = pick(0, 60);
    rules.outputs.resize(static_cast<std::size_t>(pick(1, 3)));
    for (OutputRule& rule : rules.outputs) {
      constexpr Rational kScales[] = {{1, 1}, {1, 1}, {2, 1}, {4, 1}, {1, 2}, {1, 4}, {3, 2}};
      rule.scale = kScales[pick(0, 6)];
      if (!rule.scale.Divides(rules.grid)) rule.scale = {1, 1};
      rule.offset = pick(0, 2) == 0 ? -2 * pick(0, 20) : 0;
      rule.halo = pick(0, 20);
    }
    AxisRequest request{.image = pick(1, 700), .border = pick(0, 1) == 0 ? Border::kPad : Border::kNetwork};
    if (pick(0, 3) == 0) request.chunks = {1, 16, 4};
    request.max_window = pick(64, 400);
    if (pick(0, 1) == 0) request.window = rules.sizes.min + pick(0, 20) * rules.sizes.step;
    const Result<AxisPlan> plan = PlanAxis(rules, request);
    if (!plan.ok()) {
      EXPECT_EQ(plan.error().code, Code::kInvalid);
      continue;
    }
    ++planned;
    if (plan->windows.size() > 1) ++in_windows;
    ExpectExact(rules, *plan);
    if (HasFailure()) FAIL() << "case " << i;
  }
  EXPECT_GT(planned, 8000);
  EXPECT_GT(in_windows, 3000);
}

const AxisRules kNuclei{.sizes = {80, 16}, .grid = 16, .context = 56, .outputs = {{.halo = 32}}};

TEST(PlanAxis, TheWholeImageIsOneWindowWhenItFits) {
  const AxisPlan plan = PlanAxis(kNuclei, {.image = 500}).value();
  EXPECT_EQ(plan.windows.size(), 1u);
  EXPECT_EQ(plan.padded, 576);  // 500 + 2 * 32 = 564, then the next 80 + 16 n
  EXPECT_EQ(plan.outputs[0].size, 500);
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
              HasSubstr("the smallest size that is possible here is 128"));
  const AxisRules fixed{.sizes = {188, 0}, .grid = 4, .outputs = {{.offset = -88}}};
  EXPECT_THAT(PlanAxis(fixed, {.image = 2000, .window = 200}).error().what, HasSubstr("takes 188 only"));
}

TEST(PlanAxis, ValidConvolutionsLoseTheirMarginOnceAndNotAtEverySeam) {
  const AxisRules fixed{.sizes = {188, 0}, .grid = 4, .outputs = {{.offset = -88}}};
  const AxisPlan plan = PlanAxis(fixed, {.image = 1000}).value();
  EXPECT_EQ(plan.outputs[0].size, 912);
  EXPECT_EQ(plan.outputs[0].origin, 44.0);
  EXPECT_EQ(plan.outputs[0].write_step, 96);  // of 100, the largest multiple of 16
  EXPECT_THAT(PlanAxis(fixed, {.image = 60}).error().what, HasSubstr("too small"));
}

TEST(PlanAxis, ALargerTileThanTheImageNeedsIsTheWholeImage) {
  const AxisPlan plan = PlanAxis(kNuclei, {.image = 100, .window = 512}).value();
  EXPECT_EQ(plan.windows.size(), 1u);
  EXPECT_EQ(plan.window, plan.padded);
}

TEST(PlanAxis, AnOutputWithoutTheAxisNeedsAllOfItInOneWindow) {
  const AxisRules rules{.sizes = {8, 0}, .grid = 8, .outputs = {{.collapses = true}}};
  const AxisPlan plan = PlanAxis(rules, {.image = 7}).value();
  EXPECT_EQ(plan.outputs[0].size, 1);
  EXPECT_EQ(plan.windows.size(), 1u);
  EXPECT_EQ(plan.windows[0].pieces[0].use, (Interval{0, 1}));
}

TEST(PlanAxis, OutputsWithoutTheAxisArePatchesWhereTheImageIsLongerThanTheFixedSize) {
  const AxisRules rules{.sizes = {64, 0}, .grid = 32, .outputs = {{.collapses = true}, {.collapses = true}}};
  for (const std::int64_t stride : {0, 1, 16, 64, 100})
    for (const std::int64_t image : {1, 63, 64, 65, 640, 5000}) {
      if (stride == 0 && image <= 64) continue;
      const AxisPlan plan = PlanAxis(rules, {.image = image, .stride = stride}).value();
      const std::int64_t step = stride == 0 ? 64 : stride;
      EXPECT_EQ(plan.patch, 64);
      EXPECT_EQ(plan.stride, step);
      ASSERT_EQ(plan.outputs.size(), 2u);
      // The patches cover the image, and no patch is without a pixel of it.
      const std::int64_t size = plan.outputs[0].size;
      EXPECT_GE((size - 1) * step + 64, image) << image << " by " << step;
      if (size > 1) {
        EXPECT_LT((size - 2) * step + 64, image) << image << " by " << step;
      }
      std::int64_t next = 0;
      for (const Window& window : plan.windows) {
        EXPECT_EQ(window.input.size(), plan.window);
        for (const Piece& piece : window.pieces) {
          EXPECT_EQ(piece.write.begin, next);
          EXPECT_EQ(piece.use, (Interval{0, piece.write.size()}));
          EXPECT_EQ(window.input.begin, piece.write.begin * step);
          EXPECT_LE((piece.write.size() - 1) * step + 64, plan.window);
          EXPECT_EQ(piece.write.begin % plan.outputs[0].chunk, 0);
        }
        next = window.pieces[0].write.end;
      }
      EXPECT_EQ(next, size);
      // Map pixels lie around the middle of their patches.
      EXPECT_DOUBLE_EQ(plan.outputs[0].origin + 0.5 / plan.outputs[0].scale, 32);
    }
}

TEST(PlanAxis, AStrideIsForOutputsWithoutTheAxis) {
  const AxisRules mixed{.sizes = {64, 0}, .grid = 32, .outputs = {{.collapses = true}, {}}};
  EXPECT_THAT(PlanAxis(mixed, {.image = 640, .stride = 8}).error().what, HasSubstr("a stride is for models"));
  EXPECT_THAT(PlanAxis(mixed, {.image = 640}).error().what, HasSubstr("needs all of it in one window"));
  const AxisRules free{.sizes = {32, 16}, .grid = 16, .outputs = {{.collapses = true}}};
  EXPECT_EQ(PlanAxis(free, {.image = 640, .window = 48, .stride = 8})->patch, 48);
  EXPECT_THAT(PlanAxis(free, {.image = 640, .window = 50, .stride = 8}).error().what, HasSubstr("32 + n * 16"));
  // Without a stride such a network is asked about the whole image, which is what the reference does.
  EXPECT_FALSE(PlanAxis(free, {.image = 640})->is_patches());
  EXPECT_FALSE(PlanAxis(free, {.image = 640, .stride = -3}).ok());
}

TEST(PlanAxis, SmallWindowsWriteSmallChunksWhereLargeOnesDoNotFit) {
  const AxisRules rules{.sizes = {64, 0}, .grid = 4, .context = 28};
  const AxisPlan plan = PlanAxis(rules, {.image = 200}).value();
  EXPECT_EQ(plan.outputs[0].write_step, 8);
  EXPECT_EQ(plan.outputs[0].chunk, 8);
}

}  // namespace
}  // namespace tegula::tiling
