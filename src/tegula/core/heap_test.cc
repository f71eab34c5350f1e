#include "tegula/core/heap.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace tegula {
namespace {

// Bytes of this process that are in memory and belong to no file; 0 where the system does not tell.
std::int64_t ResidentBytes() {
  std::ifstream file("/proc/self/status");
  for (std::string word; file >> word;)
    if (word == "RssAnon:") {
      std::int64_t kilobytes = 0;
      file >> kilobytes;
      return kilobytes * 1024;
    }
  return 0;
}

TEST(LowHeap, HolesBetweenBlocksInUseGoBackToTheSystem) {
#if !defined(__GLIBC__) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "another allocator";
#endif
  if (ResidentBytes() == 0) GTEST_SKIP() << "the system does not tell how much memory is in use";
  constexpr std::size_t kBlock = 100'000, kBlocks = 640;
  const LowHeap heap;
  std::vector<std::string> blocks;
  for (std::size_t i = 0; i < kBlocks; ++i) blocks.emplace_back(kBlock, 'x');
  for (std::size_t i = 0; i < kBlocks; ++i)
    if (i % 8 != 7) std::string().swap(blocks[i]);  // never the last
  const std::int64_t half = ResidentBytes() - static_cast<std::int64_t>(kBlock * kBlocks / 2);
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (ResidentBytes() > half && std::chrono::steady_clock::now() < give_up)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_LE(ResidentBytes(), half);
  EXPECT_EQ(blocks.back(), std::string(kBlock, 'x'));
}

}  // namespace
}  // namespace tegula
