#include "tegula/image/tile_cache.h"

#include <gtest/gtest.h>

#include <atomic>

#include "tegula/core/executor.h"

namespace tegula::image {
namespace {

Result<Tensor> Bytes(std::int64_t size) { return Tensor::Allocate(DType::kU8, {size}); }

TEST(TileCache, DecodesATileOnceWhileItIsHeld) {
  TileCache cache(1000);
  int decoded = 0;
  const auto decode = [&]() {
    ++decoded;
    return Bytes(100);
  };
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(cache.Get({1, 2}, decode).ok());
  EXPECT_EQ(decoded, 1);
  EXPECT_EQ(cache.bytes(), 100);
}

TEST(TileCache, DropsTheLeastRecentlyUsedAndKeepsItsBudget) {
  TileCache cache(250);
  int decoded = 0;
  const auto get = [&](std::uint64_t tile) {
    return cache.Get({0, tile}, [&]() {
      ++decoded;
      return Bytes(100);
    });
  };
  for (const std::uint64_t tile : {0U, 1U, 0U, 2U}) ASSERT_TRUE(get(tile).ok());  // 1 goes
  EXPECT_EQ(decoded, 3);
  EXPECT_LE(cache.bytes(), 250);
  ASSERT_TRUE(get(0).ok());
  EXPECT_EQ(decoded, 3);
  ASSERT_TRUE(get(1).ok());
  EXPECT_EQ(decoded, 4);
}

TEST(TileCache, KeepsTheNewestTileHoweverLarge) {
  TileCache cache(10);
  ASSERT_TRUE(cache.Get({0, 0}, [] { return Bytes(1000); }).ok());
  EXPECT_EQ(cache.bytes(), 1000);
  ASSERT_TRUE(cache.Get({0, 1}, [] { return Bytes(2000); }).ok());
  EXPECT_EQ(cache.bytes(), 2000);
}

TEST(TileCache, AnErrorIsNotRemembered) {
  TileCache cache;
  EXPECT_EQ(cache.Get({0, 0}, []() -> Result<Tensor> { return CorruptError("no"); }).error().code, Code::kCorrupt);
  EXPECT_TRUE(cache.Get({0, 0}, [] { return Bytes(1); }).ok());
}

TEST(TileCache, ThreadsThatWantOneTileDecodeItOnce) {
  TileCache cache;
  std::atomic<int> decoded{0};
  const std::unique_ptr<Executor> threads = NewThreadExecutor(4);
  threads->ForEach(400, [&](std::int64_t i, int) {
    const Result<TileCache::Tile> tile = cache.Get({0, static_cast<std::uint64_t>(i % 7)}, [&]() {
      ++decoded;
      return Bytes(1000);
    });
    EXPECT_EQ((*tile)->bytes(), 1000);
  });
  EXPECT_EQ(decoded, 7);
  EXPECT_EQ(cache.bytes(), 7000);
}

}  // namespace
}  // namespace tegula::image
