#include "tegula/core/heap.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tegula/core/platform.h"

namespace tegula {
namespace {

TEST(LowHeap, HolesBetweenBlocksInUseGoBackToTheSystem) {
#if !defined(__GLIBC__) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "another allocator";
#endif
  if (ResidentMemoryBytes() == 0) GTEST_SKIP() << "the system does not tell how much memory is in use";
  constexpr std::size_t kBlock = 100'000, kBlocks = 640;
  const LowHeap heap;
  std::vector<std::string> blocks;
  for (std::size_t i = 0; i < kBlocks; ++i) blocks.emplace_back(kBlock, 'x');
  for (std::size_t i = 0; i < kBlocks; ++i)
    if (i % 8 != 7) std::string().swap(blocks[i]);  // never the last
  const std::int64_t half = ResidentMemoryBytes() - static_cast<std::int64_t>(kBlock * kBlocks / 2);
  const double give_up = MonotonicSeconds() + 30;
  while (ResidentMemoryBytes() > half && MonotonicSeconds() < give_up)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_LE(ResidentMemoryBytes(), half);
  EXPECT_EQ(blocks.back(), std::string(kBlock, 'x'));
}

}  // namespace
}  // namespace tegula
