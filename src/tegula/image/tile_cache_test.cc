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

constexpr Box kImage{{0, 1000}, {0, 1000}};

TEST(TileCache, CountsWhatSeveralRegionsReadInParts) {
  const Box tile{{80, 160}, {0, 80}};
  const auto taken = [&](const Box& box, Overlap overlap) { return TileShare::Of(tile, box, overlap, kImage).taken; };
  EXPECT_EQ(TileShare::Of(tile, tile, {}, kImage).whole, 4 * 80 * 80);
  EXPECT_EQ(taken({{0, 200}, {0, 200}}, {}), 4 * 80 * 80);
  EXPECT_EQ(taken({{0, 120}, {0, 200}}, {}), 4 * 40 * 80);
  EXPECT_EQ(taken({{0, 120}, {0, 200}}, {10, 10}), 4 * 30 * 80 + 2 * 10 * 80);
  EXPECT_EQ(taken({{110, 300}, {0, 200}}, {10, 10}), 4 * 40 * 80 + 2 * 10 * 80);
  // Regions of 70 pixels that overlap by 20, and the image ends with the last one.
  const Box image{{0, 170}, {0, 170}};
  for (const Box& part : {Box{{0, 100}, {0, 100}}, Box{{70, 130}, {20, 110}}, Box{{130, 170}, {0, 30}}}) {
    std::int64_t sum = 0;
    for (std::int64_t y = 0; y < 150; y += 50)
      for (std::int64_t x = 0; x < 150; x += 50)
        sum += TileShare::Of(part, {{y, y + 70}, {x, x + 70}}, {20, 20}, image).taken;
    EXPECT_EQ(sum, 4 * part.area());
  }
}

TEST(TileCache, DropsATileWhenAllOfItWasTaken) {
  TileCache cache(1000);
  int decoded = 0;
  const auto get = [&](std::int64_t taken) {
    const auto decode = [&]() {
      ++decoded;
      return Bytes(100);
    };
    ASSERT_TRUE(cache.Get({0, 0}, decode, {taken, 10}).ok());
  };
  get(4), get(5);
  EXPECT_EQ(cache.bytes(), 100);
  get(1);
  EXPECT_EQ(decoded, 1);
  EXPECT_EQ(cache.bytes(), 0);
  get(10);
  EXPECT_EQ(decoded, 2);
  EXPECT_EQ(cache.bytes(), 0);
}

// Where the next tile of so many bytes would lie.
const std::byte* PixelsOf(TileCache& cache, std::int64_t bytes) {
  const Tensor next = cache.Allocate(DType::kU8, {bytes}).value();
  return next.view().data();
}

TEST(TileCache, GivesThePixelsOfATileThatWentToTheNext) {
  TileCache cache(100);
  Tensor first = cache.Allocate(DType::kU8, {100}).value();
  const std::byte* const pixels = std::as_const(first).view().data();
  ASSERT_TRUE(cache.Get({0, 0}, [&] { return std::move(first); }).ok());
  ASSERT_TRUE(cache.Get({0, 1}, [] { return Bytes(100); }).ok());
  EXPECT_NE(PixelsOf(cache, 50), pixels);
  EXPECT_EQ(PixelsOf(cache, 100), pixels);
  EXPECT_EQ(cache.Allocate(DType::kU8, {100})->shape(), Shape{100});
}

TEST(TileCache, ATileThatIsInUseIsGivenToNobody) {
  TileCache cache(100);
  const TileCache::Tile used = cache.Get({0, 0}, [] { return Bytes(100); }).value();
  ASSERT_TRUE(cache.Get({0, 1}, [] { return Bytes(100); }).ok());
  EXPECT_NE(PixelsOf(cache, 100), used->view().data());
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
