#include "tegula/outputs/pyramid.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <type_traits>

#include "tegula/core/testing/shuffled_executor.h"

namespace tegula::outputs {
namespace {

template <class T>
Tensor Plane(std::int64_t height, std::int64_t width, std::vector<T> values) {
  Tensor plane = Tensor::Allocate(DTypeOf<T>(), {height, width}).value();
  std::ranges::copy(values, plane.values<T>().begin());
  return plane;
}

template <class T>
std::vector<T> Halved(const Tensor& in, Reduction reduction) {
  const Shape& shape = in.shape();
  Tensor out = Tensor::Allocate(in.dtype(), {(shape[0] + 1) / 2, (shape[1] + 1) / 2}).value();
  Halve(in.view(), reduction, out.view());
  return {out.values<T>().begin(), out.values<T>().end()};
}

TEST(Halve, MeansOfIntegersAreRoundedHalfUp) {
  EXPECT_EQ(Halved<std::uint8_t>(Plane<std::uint8_t>(2, 4, {0, 1, 255, 255, 1, 0, 255, 254}), Reduction::kMean),
            (std::vector<std::uint8_t>{1, 255}));
  EXPECT_EQ(Halved<std::int8_t>(Plane<std::int8_t>(2, 4, {-1, -1, -1, 0, 0, 0, -1, -1}), Reduction::kMean),
            (std::vector<std::int8_t>{0, -1}));
  EXPECT_EQ(Halved<bool>(Plane<bool>(2, 4, {true, false, true, false, true, false, false, false}), Reduction::kMean),
            (std::vector<bool>{true, false}));
}

TEST(Halve, MeansOfTheLargestIntegersDoNotOverflow) {
  constexpr auto kMax = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(Halved<std::uint64_t>(Plane<std::uint64_t>(2, 2, {kMax, kMax, kMax, kMax - 2}), Reduction::kMean),
            (std::vector<std::uint64_t>{kMax}));
  EXPECT_EQ(Halved<std::uint64_t>(Plane<std::uint64_t>(2, 2, {kMax, kMax, kMax, kMax - 3}), Reduction::kMean),
            (std::vector<std::uint64_t>{kMax - 1}));
  constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
  EXPECT_EQ(Halved<std::int64_t>(Plane<std::int64_t>(2, 3, {kMin, kMin, kMin, kMin, kMin, kMin}), Reduction::kMean),
            (std::vector<std::int64_t>{kMin, kMin}));
  EXPECT_EQ(Halved<std::int64_t>(Plane<std::int64_t>(2, 2, {-1, -2, -1, -2}), Reduction::kMean),
            (std::vector<std::int64_t>{-1}));
}

TEST(Halve, OddEdgesAreReducedFromWhatIsThere) {
  const Tensor plane = Plane<float>(3, 3, {1, 2, 3, 4, 5, 6, 7, 8, 9});
  EXPECT_EQ(Halved<float>(plane, Reduction::kMean), (std::vector<float>{3, 4.5F, 7.5F, 9}));
  EXPECT_EQ(Halved<float>(plane, Reduction::kNearest), (std::vector<float>{1, 3, 7, 9}));
  EXPECT_EQ(Halved<std::uint8_t>(Plane<std::uint8_t>(1, 1, {7}), Reduction::kMean), (std::vector<std::uint8_t>{7}));
}

TEST(Halve, ModesAreTheFirstOfTheMostFrequent) {
  EXPECT_EQ(Halved<std::uint16_t>(Plane<std::uint16_t>(2, 8, {1, 2, 5, 4, 3, 3, 9, 8, 2, 3, 4, 5, 1, 1, 7, 6}),
                                  Reduction::kMode),
            (std::vector<std::uint16_t>{2, 5, 3, 9}));
}

TEST(Halve, MeansOfFloatsAreNanIfOneIs) {
  const std::vector<float> out =
      Halved<float>(Plane<float>(2, 4, {std::nanf(""), 1, 1, 1, 1, 1, 1, 2}), Reduction::kMean);
  EXPECT_TRUE(std::isnan(out[0]));
  EXPECT_EQ(out[1], 1.25F);
}

TEST(Halve, NanMeansAreOfWhatIsKnown) {
  const float nan = std::nanf("");
  const std::vector<float> out = Halved<float>(Plane<float>(3, 5,
                                                            {nan, 1, nan, nan, 3,  //
                                                             2, 6, nan, nan, nan,  //
                                                             nan, 8, 1, 2, nan}),
                                               Reduction::kNanMean);
  ASSERT_EQ(out.size(), 6U);
  EXPECT_EQ(out[0], 3);
  EXPECT_TRUE(std::isnan(out[1]));
  EXPECT_EQ(out[2], 3);
  EXPECT_EQ(out[3], 8);
  EXPECT_EQ(out[4], 1.5F);
  EXPECT_TRUE(std::isnan(out[5]));
  EXPECT_EQ(Halved<std::uint8_t>(Plane<std::uint8_t>(2, 2, {0, 0, 0, 9}), Reduction::kNanMean),
            (std::vector<std::uint8_t>{2}));
}

// The definition, pixel by pixel, over the whole image at once.
template <class T>
T Expected(const std::vector<T>& present, Reduction reduction) {
  if (reduction == Reduction::kNearest) return present[0];
  if (reduction == Reduction::kMean || reduction == Reduction::kNanMean) {
    double total = 0;
    for (const T value : present) total += static_cast<double>(value);
    const double mean = total / static_cast<double>(present.size());
    return static_cast<T>(std::is_floating_point_v<T> ? mean : std::floor(mean + 0.5));
  }
  T best = present[0];
  for (const T value : present)
    if (std::ranges::count(present, value) > std::ranges::count(present, best)) best = value;
  return best;
}

template <class T>
void ExpectPyramid(const ChunkStore& store) {
  for (int level = 1; level < store.levels(); ++level) {
    const Shape above = store.LevelShape(level - 1), below = store.LevelShape(level);
    Tensor in = Tensor::Allocate(DTypeOf<T>(), above).value(), out = Tensor::Allocate(DTypeOf<T>(), below).value();
    ASSERT_TRUE(store.ReadBox(level - 1, {0, 0, 0}, in.view()).ok());
    ASSERT_TRUE(store.ReadBox(level, {0, 0, 0}, out.view()).ok());
    for (std::int64_t c = 0; c < below[0]; ++c)
      for (std::int64_t y = 0; y < below[1]; ++y)
        for (std::int64_t x = 0; x < below[2]; ++x) {
          std::vector<T> present;
          for (std::int64_t yy = 2 * y; yy < std::min(2 * y + 2, above[1]); ++yy)
            for (std::int64_t xx = 2 * x; xx < std::min(2 * x + 2, above[2]); ++xx)
              present.push_back(in.values<T>()[static_cast<std::size_t>((c * above[1] + yy) * above[2] + xx)]);
          ASSERT_EQ(out.values<T>()[static_cast<std::size_t>((c * below[1] + y) * below[2] + x)],
                    Expected(present, store.options().reduction))
              << level << ": " << c << " " << y << " " << x;
        }
  }
}

class Pyramid : public ::testing::Test {
 protected:
  template <class T>
  ChunkStore Make(const std::string& name, Reduction reduction, const Executor& executor) {
    StoreOptions options;
    options.axes = {{.name = 'c', .size = 2, .chunk = 2},
                    {.name = 'y', .size = 77, .chunk = 16},
                    {.name = 'x', .size = 101, .chunk = 8}};
    options.dtype = DTypeOf<T>();
    options.levels = 8;
    options.reduction = reduction;
    ChunkStore store = ChunkStore::Create(folder_.path() / name, options).value();
    Tensor pixels = Tensor::Allocate(options.dtype, store.LevelShape(0)).value();
    std::mt19937 random(4);
    for (T& value : pixels.values<T>())
      value = static_cast<T>(static_cast<double>(random() % 1000) / (std::is_floating_point_v<T> ? 7.0 : 100.0));
    EXPECT_TRUE(store.WriteBox(0, {0, 0, 0}, pixels.view()).ok());
    EXPECT_TRUE(FinishPyramid({.executor = executor, .progress = silent_}, store).ok());
    return store;
  }

  void ExpectSameFiles(const ChunkStore& expected, const ChunkStore& found) {
    int files = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(expected.folder())) {
      if (!entry.is_regular_file()) continue;
      const Path other = found.folder() / std::filesystem::relative(entry.path(), expected.folder());
      EXPECT_EQ(ReadFile(entry.path(), 1 << 20).value(), ReadFile(other, 1 << 20).value()) << other;
      ++files;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(found.folder()))
      files -= entry.is_regular_file() ? 1 : 0;
    EXPECT_EQ(files, 0);
  }

  TemporaryFolder folder_ = TemporaryFolder::Create("tegula-test").value();
  SilentProgress silent_;
};

TEST_F(Pyramid, IsWhatTheDefinitionGivesForTheWholeImage) {
  const auto threads = NewThreadExecutor(4);
  for (const Reduction reduction : {Reduction::kMean, Reduction::kNanMean, Reduction::kMode, Reduction::kNearest}) {
    const std::string name = std::to_string(static_cast<int>(reduction));
    ExpectPyramid<float>(Make<float>(name + "f32", reduction, *threads));
    ExpectPyramid<std::uint8_t>(Make<std::uint8_t>(name + "u8", reduction, *threads));
    ExpectPyramid<std::int16_t>(Make<std::int16_t>(name + "i16", reduction, *threads));
    ExpectPyramid<std::int64_t>(Make<std::int64_t>(name + "i64", reduction, *threads));
  }
}

TEST_F(Pyramid, HoldsTheSameBytesWhateverTheOrderOfWorkersIs) {
  const ChunkStore a = Make<float>("a", Reduction::kMean, SerialExecutor());
  const ChunkStore b = Make<float>("b", Reduction::kMean, testing::ShuffledExecutor(3, 4));
  ExpectSameFiles(a, b);
  EXPECT_TRUE(a.HasChunk(4, {0, 0, 0}));
}

Path FileOf(const ChunkStore& store, int level, const Shape& index) {
  return store.folder() / fmt::format("{}/c/{}", level, fmt::join(index.sizes(), "/"));
}

// Boxes of whole chunks that cover an image, each a number of chunks high and wide.
std::vector<std::pair<Shape, Shape>> BoxesOf(const ChunkStore& store, std::int64_t high, std::int64_t wide) {
  std::vector<std::pair<Shape, Shape>> boxes;
  const Shape size = store.LevelShape(0), chunk = store.ChunkShape();
  for (std::int64_t c = 0; c < size[0]; c += chunk[0])
    for (std::int64_t y = 0; y < size[1]; y += high * chunk[1])
      for (std::int64_t x = 0; x < size[2]; x += wide * chunk[2])
        boxes.push_back({{c, y, x},
                         {std::min(chunk[0], size[0] - c), std::min(high * chunk[1], size[1] - y),
                          std::min(wide * chunk[2], size[2] - x)}});
  return boxes;
}

TEST_F(Pyramid, MadeWhileChunksArriveItHasTheBytesOfOneMadeAfterwards) {
  std::mt19937 random(11);
  const auto between = [&](std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(random() % static_cast<std::uint32_t>(most - least + 1));
  };
  int made_early = 0;
  for (int round = 0; round < 16; ++round) {
    StoreOptions options;
    options.axes = {{.name = 'c', .size = between(1, 3), .chunk = between(1, 2)},
                    {.name = 'y', .size = between(1, 70), .chunk = between(6, 17)},
                    {.name = 'x', .size = between(1, 70), .chunk = between(6, 17)}};
    options.dtype = round % 2 == 0 ? DType::kF32 : DType::kU8;
    options.reduction = std::array{Reduction::kMean, Reduction::kMode, Reduction::kNanMean}[random() % 3];
    options.levels = static_cast<int>(between(1, 6));
    options.fill = 3;
    const std::string name = std::to_string(round);
    const ChunkStore after = ChunkStore::Create(folder_.path() / (name + "after"), options).value();
    const ChunkStore during = ChunkStore::Create(folder_.path() / (name + "during"), options).value();
    const Shape shape = after.LevelShape(0);
    // Rows of three times as many elements: of every second a pixel, so that views have gaps.
    Tensor numbers = Tensor::Allocate(options.dtype, {shape[0], shape[1], 3 * shape[2]}).value();
    VisitDType(options.dtype, [&](auto tag) {
      for (auto& value : numbers.values<typename decltype(tag)::type>())
        value = static_cast<typename decltype(tag)::type>(random() % 5);
    });
    const std::int64_t gap = between(1, 3);
    const ConstView pixels(std::as_const(numbers).view().data(), options.dtype, shape,
                           {shape[1] * 3 * shape[2], 3 * shape[2], gap});
    auto boxes = BoxesOf(after, between(1, 5), between(1, 5));
    std::ranges::shuffle(boxes, random);
    if (round % 3 == 0 && boxes.size() > 2) boxes.pop_back();  // what is not asked for is never written
    const auto write = [&](std::size_t number) {
      const auto& [begin, size] = boxes[number];
      ConstView part = pixels;
      for (int axis = 0; axis < 3; ++axis) part = part.Slice(axis, begin[axis], size[axis]);
      EXPECT_TRUE(after.WriteBox(0, begin, part).ok());
      EXPECT_TRUE(WriteBoxAndAbove(during, begin, part).ok());
    };
    for (std::size_t number = 0; number < boxes.size(); ++number) write(number);
    const testing::ShuffledExecutor shuffled(static_cast<std::uint32_t>(round), 3);
    ASSERT_TRUE(FinishPyramid({.executor = SerialExecutor(), .progress = silent_}, after).ok());
    if (round % 3 != 0) {
      for (int level = 1; level < during.levels(); ++level)
        for (std::int64_t chunk = 0; chunk < during.ChunkCount(level); ++chunk, ++made_early)
          EXPECT_TRUE(during.HasChunk(level, during.ChunkIndex(level, chunk))) << round << ": " << level;
    }
    // A kill leaves out what was not written yet; and tiles that were under way are written again.
    for (int level = 1; level < during.levels(); ++level)
      for (std::int64_t chunk = 0; chunk < during.ChunkCount(level); ++chunk)
        if (random() % 4 == 0) std::filesystem::remove(FileOf(during, level, during.ChunkIndex(level, chunk)));
    write(random() % boxes.size());
    ASSERT_TRUE(FinishPyramid({.executor = shuffled, .progress = silent_}, during).ok());
    ExpectSameFiles(after, during);
  }
  EXPECT_GT(made_early, 60);
}

TEST_F(Pyramid, WritersAtOnceLeaveNoChunkOut) {
  StoreOptions options;
  options.axes = {{.name = 'y', .size = 128, .chunk = 16}, {.name = 'x', .size = 128, .chunk = 16}};
  options.levels = 4;
  const ChunkStore store = ChunkStore::Create(folder_.path() / "at once", options).value();
  const auto threads = NewThreadExecutor(8);
  std::stop_source stop;
  const auto write = [&](std::int64_t number, int) {
    const Tensor pixels = Plane<float>(16, 16, std::vector<float>(256, static_cast<float>(number)));
    return WriteBoxAndAbove(store, store.ChunkBegin(store.ChunkIndex(0, number)), pixels.view());
  };
  ASSERT_TRUE(ForEach(*threads, store.ChunkCount(0), stop.get_token(), write).ok());
  EXPECT_TRUE(store.HasChunk(3, {0, 0}));
  Tensor top = store.ReadChunk(3, {0, 0}).value();
  double total = 0;
  for (const float value : top.values<float>()) total += static_cast<double>(value);
  EXPECT_EQ(total / 256, 31.5);
}

TEST_F(Pyramid, LeavesOutChunksUnderWhichThereAreNone) {
  StoreOptions options;
  options.axes = {{.name = 'y', .size = 64, .chunk = 8}, {.name = 'x', .size = 64, .chunk = 8}};
  options.levels = 3;
  const ChunkStore store = ChunkStore::Create(folder_.path() / "sparse", options).value();
  Tensor ones = Tensor::Allocate(DType::kF32, {8, 8}).value();
  std::ranges::fill(ones.values<float>(), 1.0F);
  ASSERT_TRUE(store.WriteChunk(0, {7, 1}, ones.view()).ok());
  ASSERT_TRUE(FinishPyramid({.executor = SerialExecutor(), .progress = silent_}, store).ok());
  for (std::int64_t number = 0; number < store.ChunkCount(1); ++number) {
    const Shape index = store.ChunkIndex(1, number);
    EXPECT_EQ(store.HasChunk(1, index), (index == Shape{3, 0})) << ToString(index);
  }
  EXPECT_EQ(store.ReadChunk(2, {1, 0}).value().values<float>()[7 * 8 + 3], 1.0F);
}

TEST_F(Pyramid, StopsOnRequestAndNamesADamagedChunk) {
  const ChunkStore store = Make<float>("a", Reduction::kMean, SerialExecutor());
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(
      FinishPyramid({.executor = SerialExecutor(), .progress = silent_, .stop = stop.get_token()}, store).error().code,
      Code::kCancelled);
  ASSERT_TRUE(WriteFileWhole(store.folder() / "0/c/0/1/2", "damaged").ok());
  std::filesystem::remove(store.folder() / "1/c/0/0/1");
  const Status status = FinishPyramid({.executor = SerialExecutor(), .progress = silent_}, store);
  EXPECT_EQ(status.error().code, Code::kCorrupt);
  EXPECT_NE(ToString(status.error()).find("0/c/0/1/2"), std::string::npos);
}

}  // namespace
}  // namespace tegula::outputs
