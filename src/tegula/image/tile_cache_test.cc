#include "tegula/image/tile_cache.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>

#include "tegula/core/executor.h"
#include "tegula/core/random.h"

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

TEST(TileCache, ExpectsThatOthersWantWhatNotOneReadAloneTakes) {
  const Box tile{{80, 160}, {100, 200}};
  const auto rest = [&](const Box& box) { return TileShare::Of(tile, box, {10, 10}, kImage).rest; };
  EXPECT_TRUE(rest({{0, 400}, {0, 400}}).empty());
  EXPECT_EQ(rest({{0, 400}, {0, 150}}), (Interval{40, 100}));
  EXPECT_EQ(rest({{0, 400}, {150, 400}}), (Interval{0, 60}));
  EXPECT_EQ(rest({{0, 400}, {120, 180}}), (Interval{0, 100}));  // from the first to the last
  EXPECT_EQ(rest({{0, 150}, {0, 150}}), (Interval{0, 100}));    // whoever reads the rows below wants all columns
  EXPECT_EQ(rest({{400, 500}, {0, 400}}), (Interval{0, 100}));
  EXPECT_EQ(rest({{0, 400}, {150, 165}}), (Interval{0, 100}));  // nothing is taken by one alone
}

// A tile of one sample whose pixels tell their rows and columns, and how many rows of it were decoded.
class NumberedTile {
 public:
  NumberedTile(std::int64_t height, std::int64_t width) : height_(height), width_(width) {}

  /// Reads `box` and checks that its pixels come, once each and right.
  void Read(TileCache& cache, TileCache::Key key, const Box& box, FunctionRef<TileShare(Interval)> share) {
    std::vector<int> seen(static_cast<std::size_t>(height_));
    const auto take = [&](std::int64_t y, std::int64_t x, const ConstView& pixels_yxs) {
      const Interval columns{x, x + pixels_yxs.shape()[1]};
      EXPECT_TRUE(columns.Contains(box.x));
      for (std::int64_t i = 0; i < pixels_yxs.shape()[0]; ++i) {
        const std::uint8_t* const row = pixels_yxs.as<std::uint8_t>() + i * columns.size();
        ++seen[static_cast<std::size_t>(y + i)];
        EXPECT_TRUE(row[0] == Value(y + i, x) && row[columns.size() - 1] == Value(y + i, columns.end - 1))
            << "row " << y + i;
      }
    };
    const auto decode = [&](std::int64_t end, TakeRows show) -> Result<std::optional<Tensor>> {
      constexpr std::int64_t kAtOnce = 8;
      std::vector<std::uint8_t> piece(static_cast<std::size_t>(kAtOnce * width_));
      for (std::int64_t y = 0; y < end; y += kAtOnce) {
        const std::int64_t count = std::min(kAtOnce, end - y);
        for (std::int64_t i = 0; i < count; ++i)
          for (std::int64_t x = 0; x < width_; ++x) piece[static_cast<std::size_t>(i * width_ + x)] = Value(y + i, x);
        show(y, ConstView(reinterpret_cast<const std::byte*>(piece.data()), DType::kU8, {count, width_, 1}));
      }
      decoded += end;
      return std::optional<Tensor>();
    };
    const TileRead read{.shape_yxs = {height_, width_, 1}, .band_height = kBandHeight, .box = box, .share = share};
    ASSERT_TRUE(cache.Read(key, read, decode, take).ok());
    for (std::int64_t y = box.y.begin; y < box.y.end; ++y)
      EXPECT_EQ(seen[static_cast<std::size_t>(y)], 1) << "row " << y;
  }

  static constexpr std::int64_t kBandHeight = 16;
  std::atomic<std::int64_t> decoded{0};

 private:
  static std::uint8_t Value(std::int64_t y, std::int64_t x) { return static_cast<std::uint8_t>((7 * y + x) % 251); }
  std::int64_t height_, width_;
};

// What a read of rows takes of a tile at the top of a larger image, with the overlap of two reads.
auto RowsAlone(Interval rows, std::int64_t overlap) {
  return [=](Interval band) { return TileShare::Of({band, {0, 10}}, {rows, {0, 1000}}, {overlap, 0}, kImage); };
}

TEST(TileCache, KeepsOnlyTheBandsThatOthersWillTake) {
  TileCache cache(100000);
  NumberedTile tile(100, 10);
  tile.Read(cache, {}, {{0, 60}, {0, 10}}, RowsAlone({0, 60}, 20));  // so the next one begins at 40
  EXPECT_EQ(cache.bytes(), (100 - 32) * 10);
  tile.Read(cache, {}, {{40, 100}, {0, 10}}, RowsAlone({40, 200}, 20));
  EXPECT_EQ(cache.bytes(), 0);
  EXPECT_EQ(tile.decoded, 100);
  // What went is decoded again, and not kept as nobody else is expected.
  tile.Read(cache, {}, {{0, 100}, {0, 10}}, RowsAlone({0, 200}, 0));
  EXPECT_EQ(tile.decoded, 200);
  EXPECT_EQ(cache.bytes(), 0);
}

TEST(TileCache, KeepsOnlyTheColumnsThatOthersWillTake) {
  TileCache cache(100000);
  NumberedTile tile(100, 100);
  const auto read = [&](Interval x, std::int64_t overlap) {
    const auto share = [&](Interval band) {
      return TileShare::Of({band, {0, 100}}, {{0, 1000}, x}, {overlap, overlap}, kImage);
    };
    tile.Read(cache, {}, {{0, 100}, Intersect(x, {0, 100})}, share);
  };
  read({0, 60}, 20);
  EXPECT_EQ(cache.bytes(), 60 * 100);
  read({40, 200}, 20);
  EXPECT_EQ(cache.bytes(), 0);
  EXPECT_EQ(tile.decoded, 100);
  // A read that nobody expected finds too few columns, and leaves what it expects others to want.
  read({0, 60}, 20), read({30, 70}, 10);
  EXPECT_EQ(tile.decoded, 300);
  EXPECT_EQ(cache.bytes(), 100 * 100);
}

TEST(TileCache, LeavesATileOfWhichFewRowsAreWantedToThoseWhoWantTheOthers) {
  TileCache cache(100000);
  NumberedTile tile(256, 10);
  tile.Read(cache, {}, {{0, 20}, {0, 10}}, RowsAlone({-100, 20}, 20));
  EXPECT_EQ(tile.decoded, 32);
  EXPECT_EQ(cache.bytes(), 32 * 10);
  tile.Read(cache, {}, {{0, 256}, {0, 10}}, RowsAlone({0, 400}, 20));
  EXPECT_EQ(tile.decoded, 32 + 256);
  NumberedTile low(240, 10);  // 32 rows are more than an eighth
  low.Read(cache, {1, 0}, {{0, 20}, {0, 10}}, RowsAlone({-100, 20}, 20));
  EXPECT_EQ(low.decoded, 240);
}

// Windows over an image of tiles, as a prediction reads them; `order` says in which.
struct WindowsOverTiles {
  std::int64_t height, width, tile, step, overlap;

  // None lies within what the one before reads.
  std::int64_t Count(std::int64_t size) const { return std::max<std::int64_t>(1, CeilDiv(size - overlap, step)); }
  std::int64_t across() const { return Count(width); }
  std::int64_t windows() const { return Count(height) * across(); }
  Box image() const { return {{0, height}, {0, width}}; }
  Box Window(std::int64_t i) const {
    const auto along = [&](std::int64_t n, std::int64_t size) {
      return Intersect(Interval{n * step, (n + 1) * step + overlap}, {0, size});
    };
    return {along(i / across(), height), along(i % across(), width)};
  }
  // Of the tile in row and column.
  Box Tile(std::int64_t y, std::int64_t x) const {
    return Intersect({{y * tile, (y + 1) * tile}, {x * tile, (x + 1) * tile}}, image());
  }
  template <class F>
  void ForEachTile(const Box& box, F&& f) const {
    for (std::int64_t y = box.y.begin / tile; y * tile < box.y.end; ++y)
      for (std::int64_t x = box.x.begin / tile; x * tile < box.x.end; ++x) f(y, x, Tile(y, x));
  }
  // Rows that were decoded.
  std::int64_t Read(TileCache& cache, std::int64_t i) const {
    std::int64_t decoded = 0;
    const Box box = Window(i);
    ForEachTile(box, [&](std::int64_t y, std::int64_t x, const Box& at) {
      NumberedTile one(at.height(), at.width());
      const auto share = [&](Interval band) {
        return TileShare::Of({band.Shifted(at.y.begin), at.x}, box, {overlap, overlap}, image());
      };
      const Box wanted = Intersect(at, box);
      one.Read(cache, {static_cast<std::uint64_t>(y), static_cast<std::uint64_t>(x)},
               {wanted.y.Shifted(-at.y.begin), wanted.x.Shifted(-at.x.begin)}, share);
      decoded += one.decoded;
    });
    return decoded;
  }
};

TEST(TileCache, DecodesWhatWindowsShareOnceAndIsEmptyInTheEnd) {
  std::uint64_t state = 1;
  const auto random = [&](std::int64_t from, std::int64_t to) {
    state = Mix(state);
    return from + static_cast<std::int64_t>(state % static_cast<std::uint64_t>(to - from));
  };
  for (int run = 0; run < 200; ++run) {
    WindowsOverTiles windows{random(1, 400), random(1, 400), random(1, 200), random(20, 200), 0};
    windows.overlap = random(0, windows.step / 2 + 1);
    TileCache cache(1 << 30);
    std::int64_t decoded = 0, all = 0;
    for (std::int64_t i = 0; i < windows.windows(); ++i) decoded += windows.Read(cache, i);
    windows.ForEachTile(windows.image(), [&](std::int64_t, std::int64_t, const Box& at) { all += at.height(); });
    EXPECT_EQ(cache.bytes(), 0) << run;
    EXPECT_GE(decoded, all);
    EXPECT_LE(decoded, all + all / 8) << run;  // the first few rows of tiles that a window just touches from above
  }
}

TEST(TileCache, GivesTheRightRowsInAnyOrderAndWithAnyBudget) {
  const WindowsOverTiles windows{300, 300, 70, 64, 20};
  for (const std::int64_t budget : {1LL, 5000LL, 1LL << 30}) {
    TileCache cache(budget);
    for (std::int64_t i = 0; i < windows.windows(); ++i) windows.Read(cache, i * 7 % windows.windows());
    for (std::int64_t i = windows.windows() - 1; i >= 0; --i) windows.Read(cache, i);
    EXPECT_LE(cache.bytes(), std::max<std::int64_t>(budget, 70 * 70));
  }
}

TEST(TileCache, GivesThreadsTheRightRows) {
  const WindowsOverTiles windows{300, 300, 70, 64, 20};
  TileCache cache(20000);
  const std::unique_ptr<Executor> threads = NewThreadExecutor(4);
  threads->ForEach(4 * windows.windows(), [&](std::int64_t i, int) { windows.Read(cache, i % windows.windows()); });
  EXPECT_LE(cache.bytes(), 20000);
}

TEST(TileCache, KeepsATileThatWasDecodedWhole) {
  TileCache cache(1000);
  int decoded = 0;
  const auto read = [&](TileShare share) {
    const auto decode = [&](std::int64_t, TakeRows) -> Result<std::optional<Tensor>> {
      ++decoded;
      TEGULA_ASSIGN_OR_RETURN(Tensor tile, Tensor::Allocate(DType::kU8, {12, 10, 1}));  // rows beyond the image
      return std::optional(std::move(tile));
    };
    std::int64_t rows = 0;
    const auto take = [&](std::int64_t, std::int64_t, const ConstView& pixels_yxs) { rows += pixels_yxs.shape()[0]; };
    const auto share_of = [&](Interval) { return share; };
    const TileRead wanted{.shape_yxs = {10, 10, 1}, .band_height = 12, .box = {{2, 4}, {0, 10}}, .share = share_of};
    ASSERT_TRUE(cache.Read({}, wanted, decode, take).ok());
    EXPECT_EQ(rows, 12);
  };
  read({4, 10, {0, 10}}), read({5, 10, {5, 10}});
  EXPECT_EQ(cache.bytes(), 120);
  read({1, 10, {5, 10}});
  EXPECT_EQ(decoded, 1);
  EXPECT_EQ(cache.bytes(), 0);
  read({10, 10});
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
  NumberedTile tile(20, 10);
  const auto all = [](Interval) { return TileShare{.rest = {0, 10}}; };
  const auto damaged = [](std::int64_t, TakeRows) -> Result<std::optional<Tensor>> { return CorruptError("no"); };
  const TileRead read{.shape_yxs = {20, 10, 1}, .band_height = 16, .box = {{0, 20}, {0, 10}}, .share = all};
  const auto take = [](std::int64_t, std::int64_t, const ConstView&) {};
  EXPECT_EQ(cache.Read({1, 0}, read, damaged, take).error().code, Code::kCorrupt);
  tile.Read(cache, {1, 0}, {{0, 20}, {0, 10}}, all);
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
