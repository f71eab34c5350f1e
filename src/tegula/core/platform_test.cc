#include "tegula/core/platform.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <fstream>

namespace tegula {
namespace {

// Address space of this process, in pages.
std::int64_t MappedPages() {
  std::int64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages;
}

TEST(AllocatePages, GivesWhatCanBeWrittenAndTakesAllOfItBack) {
  const std::int64_t before = MappedPages();
  for (const std::size_t bytes : {1UL, 4096UL, 4097UL, 1UL << 20, 2UL << 20, (6UL << 20) + 5, 65UL << 20})
    for (int i = 0; i < 20; ++i) {
      void* const pages = AllocatePages(bytes);
      ASSERT_NE(pages, nullptr);
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(pages) % 4096, 0U);
      std::memset(pages, 7, bytes);
      FreePages(pages, bytes);
    }
  EXPECT_LE(MappedPages() - before, 100);
}

TEST(AllocatePages, OfAGreatSizeTakesNoMemoryBeforeItIsTouched) {
  const std::int64_t before = ResidentMemoryBytes();
  if (before == 0) GTEST_SKIP() << "the system does not tell how much memory is in use";
  constexpr std::size_t kBytes = 1UL << 30;
  void* const pages = AllocatePages(kBytes);
  ASSERT_NE(pages, nullptr);
  EXPECT_LE(ResidentMemoryBytes() - before, 10 << 20);
  FreePages(pages, kBytes);
}

TEST(AllocatePages, IsNullWhereThereIsNotSoMuch) { EXPECT_EQ(AllocatePages(std::size_t{1} << 60), nullptr); }

}  // namespace
}  // namespace tegula
