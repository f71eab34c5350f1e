#include "tegula/objects/cells/expand_labels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "tegula/core/random.h"

namespace tegula::objects {
namespace {

// A share of the pixels has numbers, which do not follow their places.
Tensor Labels(std::int64_t height, std::int64_t width, std::uint64_t seed, double share, DType dtype = DType::kU32) {
  Tensor labels = Tensor::Allocate(dtype, {1, 1, 1, height, width}).value();
  const auto set = [&](std::int64_t i, std::uint32_t number) {
    if (dtype == DType::kU16)
      labels.values<std::uint16_t>()[static_cast<std::size_t>(i)] = static_cast<std::uint16_t>(number);
    else
      labels.values<std::uint32_t>()[static_cast<std::size_t>(i)] = number;
  };
  for (std::int64_t i = 0; i < height * width; ++i) {
    const double chance = UniformAt(seed, i, 0, 0);
    set(i, chance < share ? 1 + static_cast<std::uint32_t>(UniformAt(seed, i, 1, 0) * 60'000) : 0);
  }
  return labels;
}

// One pixel of number 1 in the middle.
Tensor Dot(std::int64_t height, std::int64_t width) {
  Tensor labels = Tensor::Allocate(DType::kU32, {1, 1, 1, height, width}).value();
  std::ranges::fill(labels.values<std::uint32_t>(), 0U);
  labels.values<std::uint32_t>()[static_cast<std::size_t>(height / 2 * width + width / 2)] = 1;
  return labels;
}

Tensor Expanded(const Tensor& labels, const Expansion& expansion, std::int64_t block, std::int64_t written,
                int workers = 1, DType dtype = DType::kU32) {
  Tensor grown = Tensor::Allocate(dtype, labels.shape()).value();
  const TensorBlocks from(labels.view(), {{1, 1, block, block}}), to(grown.view(), {{1, 1, written, written}});
  const std::unique_ptr<Executor> executor = NewThreadExecutor(workers);
  SilentProgress progress;
  EXPECT_TRUE(ExpandLabels({*executor, progress}, from, expansion, to).ok());
  return grown;
}

// By the definition, pixel by pixel.
std::vector<std::uint32_t> ByDefinition(const Tensor& labels, double distance, double step_y, double step_x) {
  const std::int64_t height = labels.shape()[3], width = labels.shape()[4];
  const std::span<const std::uint32_t> numbers = labels.values<std::uint32_t>();
  std::vector<std::uint32_t> expected(numbers.begin(), numbers.end());
  for (std::int64_t i = 0; i < height * width; ++i) {
    if (numbers[static_cast<std::size_t>(i)] != 0) continue;
    double best = INFINITY;
    std::uint32_t number = 0;
    for (std::int64_t k = 0; k < height * width; ++k) {
      const std::uint32_t other = numbers[static_cast<std::size_t>(k)];
      if (other == 0) continue;
      const double y = static_cast<double>(std::abs(i / width - k / width)) * step_y,
                   x = static_cast<double>(std::abs(i % width - k % width)) * step_x, square = y * y + x * x;
      if (square < best || (square == best && other < number)) best = square, number = other;
    }
    expected[static_cast<std::size_t>(i)] = best <= distance * distance ? number : 0;
  }
  return expected;
}

std::vector<std::uint32_t> Values(const Tensor& labels) {
  const std::span<const std::uint32_t> numbers = labels.values<std::uint32_t>();
  return {numbers.begin(), numbers.end()};
}

TEST(ExpandLabels, GivesEachPixelTheNearestObjectAndOfSeveralTheLowestNumber) {
  const struct {
    double distance, step_y, step_x, share;
  } cases[] = {{1, 1, 1, 0.05}, {1.5, 1, 1, 0.1},  {5, 1, 1, 0.01},     {5, 1, 1, 0.002},
               {3, 2, 1, 0.02}, {4, 0.5, 2, 0.02}, {0.75, 1, 0.5, 0.1}, {100, 1, 1, 0.001}};
  std::uint64_t seed = 0;
  for (const auto& [distance, step_y, step_x, share] : cases)
    for (const auto& [height, width] : {std::pair{41, 30}, {1, 60}, {60, 1}, {7, 7}}) {
      const Tensor labels = Labels(height, width, ++seed, share);
      const Expansion expansion(distance, step_y, step_x);
      EXPECT_EQ(Values(Expanded(labels, expansion, 1000, 1000)), ByDefinition(labels, distance, step_y, step_x))
          << distance << " " << step_y << " " << step_x << " " << height << "x" << width;
    }
}

TEST(ExpandLabels, IsTheSameForAllBlocksAndWorkers) {
  for (const double distance : {2.0, 12.5, 40.0}) {
    const Tensor labels = Labels(300, 410, 7, 0.003);
    const Expansion expansion(distance, 1, 1);
    const std::vector<std::uint32_t> whole = Values(Expanded(labels, expansion, 1000, 1000));
    for (const auto& [read, written] : {std::pair{64, 64}, {257, 257}, {64, 257}, {1000, 17}})
      EXPECT_EQ(Values(Expanded(labels, expansion, read, written, 4)), whole) << distance << " " << read;
  }
}

TEST(ExpandLabels, KeepsObjectsAndGrowsByNoMoreThanTheDistance) {
  const Tensor grown = Expanded(Dot(21, 21), Expansion(5, 1, 1), 8, 8);
  for (std::int64_t y = 0; y < 21; ++y)
    for (std::int64_t x = 0; x < 21; ++x)
      EXPECT_EQ(grown.values<std::uint32_t>()[static_cast<std::size_t>(y * 21 + x)],
                (y - 10) * (y - 10) + (x - 10) * (x - 10) <= 25 ? 1U : 0U);
}

TEST(ExpandLabels, ReachesPixelsAtExactlyTheDistance) {
  // 0.3 / 0.1 is less than 3 in doubles.
  EXPECT_EQ(Expansion(0.3, 0.1, 0.1).reach_x(), 3);
  EXPECT_EQ(Expansion(0.3, 0.1, 0.1).reach_y(), 3);
  EXPECT_EQ(Values(Expanded(Dot(1, 9), Expansion(0.3, 0.1, 0.1), 9, 9)),
            (std::vector<std::uint32_t>{0, 1, 1, 1, 1, 1, 1, 1, 0}));
}

TEST(ExpandLabels, TakesAndGivesOtherUnsignedTypes) {
  const Tensor narrow = Labels(50, 60, 3, 0.01, DType::kU16), wide = Labels(50, 60, 3, 0.01);
  const Expansion expansion(6, 1, 1);
  const Tensor grown = Expanded(narrow, expansion, 32, 32, 1, DType::kU16);
  const std::vector<std::uint32_t> expected = Values(Expanded(wide, expansion, 32, 32));
  EXPECT_TRUE(std::ranges::equal(grown.values<std::uint16_t>(), expected));
}

}  // namespace
}  // namespace tegula::objects
