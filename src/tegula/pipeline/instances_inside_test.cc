#include "tegula/pipeline/instances_inside.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "tegula/core/random.h"
#include "tegula/core/testing/shuffled_executor.h"
#include "tegula/objects/pixel_blocks.h"
#include "tegula/tensor/kernels.h"

namespace tegula::pipeline {
namespace {

constexpr std::int64_t kHeight = 50, kWidth = 70;

RegionOfInterest Rectangle(const Box& box) {
  return RegionOfInterest::Create(objects::PolygonMask::Rectangle(box).value(), {}).value();
}

// Blocks of numbers, some of them in several pieces.
Tensor Numbers() {
  Tensor numbers = Tensor::Allocate(DType::kU32, {1, 1, 1, kHeight, kWidth}).value();
  for (std::int64_t y = 0; y < kHeight; ++y)
    for (std::int64_t x = 0; x < kWidth; ++x) {
      const std::int64_t cell = y / 6 * 12 + x / 6;
      const bool is_there = UniformAt(1, 0, y, x) < 0.8;
      numbers.values<std::uint32_t>()[static_cast<std::size_t>(y * kWidth + x)] =
          is_there ? static_cast<std::uint32_t>(cell % 5 == 0 ? 1 + cell / 40 : 100 + cell) : 0;
    }
  return numbers;
}

Tensor Inside(const Tensor& numbers, const RegionOfInterest& region, std::int64_t block, const Executor& executor) {
  const BlockGrid grid{{{1, 1, kHeight, kWidth}}, {{1, 1, block, block}}};
  const objects::TensorBlocks all(numbers.view(), grid.block);
  Tensor inside = Tensor::Allocate(DType::kI32, numbers.shape()).value();
  objects::TensorLabels labels(grid, inside.view());
  SilentProgress progress;
  EXPECT_TRUE(WriteInside({executor, progress}, all, region, labels).ok());
  return inside;
}

TEST(WriteInside, KeepsWholeObjectsWhoseCentroidsLieInTheRegion) {
  const Tensor numbers = Numbers();
  const Box box{{13, 31}, {20, 55}};
  const Tensor inside = Inside(numbers, Rectangle(box), 16, SerialExecutor{});
  std::map<std::uint32_t, std::vector<std::int64_t>> objects;
  for (std::int64_t i = 0; i < kHeight * kWidth; ++i)
    if (const std::uint32_t number = numbers.values<std::uint32_t>()[static_cast<std::size_t>(i)]; number != 0)
      objects[number].push_back(i);
  std::set<bool> seen;
  bool reaches_out = false;
  for (const auto& [number, pixels] : objects) {
    double y = 0, x = 0;
    for (const std::int64_t i : pixels)
      y += static_cast<double>(i / kWidth) + 0.5, x += static_cast<double>(i % kWidth) + 0.5;
    y /= static_cast<double>(pixels.size()), x /= static_cast<double>(pixels.size());
    const bool belongs = y >= static_cast<double>(box.y.begin) && y < static_cast<double>(box.y.end) &&
                         x >= static_cast<double>(box.x.begin) && x < static_cast<double>(box.x.end);
    seen.insert(belongs);
    for (const std::int64_t i : pixels) {
      ASSERT_EQ(inside.values<std::int32_t>()[static_cast<std::size_t>(i)],
                belongs ? static_cast<std::int32_t>(number) : 0)
          << number;
      reaches_out = reaches_out || (belongs && !box.y.Contains(i / kWidth));
    }
  }
  EXPECT_EQ(seen.size(), 2U);
  EXPECT_TRUE(reaches_out);
}

TEST(WriteInside, DoesNotDependOnBlocksOrWorkers) {
  const Tensor numbers = Numbers();
  const RegionOfInterest region = Rectangle({{5, 40}, {3, 33}});
  const Tensor expected = Inside(numbers, region, 70, SerialExecutor{});
  for (const std::int64_t block : {7, 32}) {
    const Tensor found = Inside(numbers, region, block, testing::ShuffledExecutor(2, 5));
    EXPECT_TRUE(std::ranges::equal(found.values<std::int32_t>(), expected.values<std::int32_t>()));
  }
}

}  // namespace
}  // namespace tegula::pipeline
