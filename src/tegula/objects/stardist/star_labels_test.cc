// The numbers of StarDist's objects do not depend on blocks, workers or memory.

#include "tegula/objects/stardist/star_labels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>

#include "tegula/core/testing/shuffled_executor.h"

namespace tegula::objects {
namespace {

constexpr std::int64_t kRays = 16;

struct Field {
  PerAxis<std::int64_t> size;  // of the network's output
  std::vector<std::int64_t> grid;
  double share = 0.1;        // of pixels that are candidates
  double large_share = 0.0;  // of these that span many blocks
  int scores = 0;            // so many different ones; 0: all are
};

StarDist New(const Field& field) {
  StarDistOptions options;
  options.n_rays = kRays;
  options.prob_threshold = 0.5;
  options.nms_threshold = 0.3;
  options.grid = field.grid;
  options.border.assign(field.grid.size(), {1, 2});
  if (field.grid.size() == 3) {
    options.anisotropy = {2, 1, 1};
    options.overlap_label = 7;
  }
  return StarDist::Create(options).value();
}

// (1, 1 + rays, z, y, x).
Tensor RandomOutput(const Field& field, std::uint32_t seed) {
  std::mt19937 random(seed);
  const auto uniform = [&](double from, double to) { return std::uniform_real_distribution<double>(from, to)(random); };
  const std::int64_t pixels = field.size[GridAxis::kZ] * field.size[GridAxis::kY] * field.size[GridAxis::kX];
  Tensor output = Tensor::Allocate(DType::kF32, {1, 1 + kRays, field.size[GridAxis::kZ], field.size[GridAxis::kY],
                                                 field.size[GridAxis::kX]})
                      .value();
  const std::span<float> values = output.values<float>();
  for (std::int64_t i = 0; i < pixels; ++i) {
    const double score = uniform(0, 1) < field.share ? uniform(0.5, 1) : uniform(0, 0.5);
    values[static_cast<std::size_t>(i)] =
        static_cast<float>(field.scores > 0 ? std::round(score * field.scores) / field.scores : score);
    const double radius = uniform(0, 1) < field.large_share ? field.grid.size() == 3 ? 9 : 40 : 5;
    for (std::int64_t ray = 1; ray <= kRays; ++ray)
      values[static_cast<std::size_t>(ray * pixels + i)] = static_cast<float>(radius * uniform(0.8, 1.2));
  }
  return output;
}

struct Blocks {
  std::int64_t values, labels;
  std::int64_t memory = 0;
};

Result<std::vector<std::int32_t>> Labels(const Field& field, const Tensor& output, const Blocks& blocks,
                                         const Executor& executor, std::int64_t cut = 0) {
  const auto clipped = [](const PerAxis<std::int64_t>& size, std::int64_t edge) {
    PerAxis<std::int64_t> block;
    for (const GridAxis axis : kGridAxes) block[axis] = std::min(size[axis], edge);
    return block;
  };
  PerAxis<std::int64_t> size = field.size;
  for (std::size_t axis = 0; axis < field.grid.size(); ++axis)
    size.of[4 - field.grid.size() + axis] = size.of[4 - field.grid.size() + axis] * field.grid[axis] - cut;
  Tensor labels =
      Tensor::Allocate(DType::kI32, {1, 1, size[GridAxis::kZ], size[GridAxis::kY], size[GridAxis::kX]}).value();
  TensorLabels sink({size, clipped(size, blocks.labels)}, labels.view());
  SilentProgress progress;
  const RunContext context{executor, progress};
  MemoryScratch scratch;
  TEGULA_TRY(LabelStars(New(field), TensorBlocks(output.view(), clipped(field.size, blocks.values)),
                        {context, scratch, blocks.memory}, sink));
  const std::span<const std::int32_t> values = std::as_const(labels).values<std::int32_t>();
  EXPECT_EQ(sink.largest(), values.empty() ? 0 : *std::ranges::max_element(values));
  return std::vector<std::int32_t>(values.begin(), values.end());
}

TEST(LabelStars, GivesTheSameNumbersWhateverTheBlocksTheWorkersAndTheMemory) {
  const Field fields[] = {{{{1, 1, 150, 170}}, {2, 2}, 0.05, 0, 0},
                          {{{1, 1, 300, 260}}, {1, 1}, 0.02, 0.01, 0},  // some span several blocks
                          {{{1, 1, 120, 130}}, {1, 1}, 0.1, 0.002, 8},  // ties
                          {{{1, 12, 30, 34}}, {1, 2, 2}, 0.02, 0, 0},
                          {{{1, 14, 25, 24}}, {2, 1, 1}, 0.015, 0.02, 6}};
  for (const Field& field : fields) {
    SCOPED_TRACE(field.size[GridAxis::kX]);
    const Tensor output = RandomOutput(field, 5);
    constexpr std::int64_t kWhole = 1 << 20;
    const std::vector<std::int32_t> whole = Labels(field, output, {kWhole, kWhole}, SerialExecutor{}).value();
    ASSERT_GT(*std::ranges::max_element(whole), 15);
    const std::unique_ptr<Executor> two = NewThreadExecutor(2);
    const testing::ShuffledExecutor eight(3, 8);
    const auto candidates = static_cast<double>(
        std::ranges::count_if(output.values<float>().first(static_cast<std::size_t>(output.elements() / (1 + kRays))),
                              [](float score) { return score > 0.5F; }));
    // Not enough to hold all candidates.
    const auto memory = static_cast<std::int64_t>(1.5 * candidates) * New(field).bytes_per_star();
    const auto expect_same = [&](const Blocks& blocks, const Executor& executor) {
      const auto labels = Labels(field, output, blocks, executor);
      ASSERT_TRUE(labels.ok()) << ToString(labels.error());
      EXPECT_EQ(*labels, whole);
    };
    expect_same({64, 64, memory}, *two);
    expect_same({19, 257, memory}, eight);
    expect_same({257, 64}, eight);
    expect_same({1024, 1024}, *two);
  }
}

// As where an image is not a multiple of the network's grid.
TEST(LabelStars, PaintsNoMoreThanTheImageHas) {
  const Field field{{{1, 1, 60, 70}}, {2, 2}, 0.05, 0, 0};
  const Tensor output = RandomOutput(field, 2);
  const std::vector<std::int32_t> whole = Labels(field, output, {32, 50}, SerialExecutor{}).value();
  const std::vector<std::int32_t> cut = Labels(field, output, {32, 50}, SerialExecutor{}, 1).value();
  for (std::size_t y = 0; y < 119; ++y)
    for (std::size_t x = 0; x < 139; ++x) ASSERT_EQ(cut[y * 139 + x], whole[y * 140 + x]);
}

TEST(LabelStars, NamesTheMemoryThatItNeeds) {
  const Field field{{{1, 1, 100, 100}}, {1, 1}, 0.3, 0, 0};
  const Tensor output = RandomOutput(field, 2);
  const auto refused = Labels(field, output, {50, 50, 100'000}, SerialExecutor{});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kExhausted);
  EXPECT_THAT(refused.error().what, ::testing::HasSubstr("--memory"));
}

}  // namespace
}  // namespace tegula::objects
