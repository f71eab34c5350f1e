#include "tegula/pipeline/class_areas.h"

#include <gtest/gtest.h>

#include <random>

#include "tegula/core/testing/shuffled_executor.h"

namespace tegula::pipeline {
namespace {

constexpr std::int64_t kHeight = 150, kWidth = 230, kChannels = 3;

// A store of random values in small chunks, and the same values in memory.
class ClassAreasTest : public ::testing::Test {
 protected:
  ClassAreasTest() {
    outputs::StoreOptions options;
    options.axes = {{'c', kChannels, 1, 0, 0}, {'y', kHeight, 32, 0, 0}, {'x', kWidth, 32, 0, 0}};
    auto folder = TemporaryFolder::Create("class-areas");
    auto store = outputs::ChunkStore::Create(folder->path() / "s.ome.zarr", options);
    EXPECT_TRUE(store.ok());
    auto values = Tensor::Allocate(DType::kF32, {kChannels, kHeight, kWidth});
    std::mt19937 random(3);
    std::uniform_real_distribution<float> value(0, 1);
    for (float& each : values->values<float>()) each = value(random);
    EXPECT_TRUE(store->WriteBox(0, {0, 0, 0}, values->view()).ok());
    folder_.emplace(std::move(*folder));
    store_.emplace(std::move(*store));
    values_.emplace(std::move(*values));
  }

  float At(std::int64_t c, std::int64_t y, std::int64_t x) const {
    return values_->values<float>()[static_cast<std::size_t>((c * kHeight + y) * kWidth + x)];
  }
  std::int64_t Largest(std::int64_t y, std::int64_t x) const {
    std::int64_t largest = 0;
    for (std::int64_t c = 1; c < kChannels; ++c)
      if (At(c, y, x) > At(largest, y, x)) largest = c;
    return largest;
  }

  std::optional<TemporaryFolder> folder_;
  std::optional<outputs::ChunkStore> store_;
  std::optional<Tensor> values_;
  SilentProgress progress_;
};

objects::PolygonMask Triangle(double y, double x, double size) {
  return *objects::PolygonMask::Create({{{{y, x}, {y, x + size}, {y + size, x}, {y, x}}, {}}});
}

TEST_F(ClassAreasTest, CountEveryPixelOfOverlappingAreasAsOneByOne) {
  const objects::PixelGrid grid{*objects::PixelAxis::Create(2, 10), *objects::PixelAxis::Create(3, -7)};
  const Box whole{{0, kHeight}, {0, kWidth}};
  std::vector<CountedArea> areas = {{std::nullopt, whole}, {std::nullopt, {{5, 6}, {200, 201}}}};
  for (const double size : {3.0, 90.0, 700.0}) {
    areas.push_back({Triangle(20, 30, size), {}});
    areas.back().bounds = areas.back().mask->Bounds(grid, whole);
  }
  const std::vector<objects::ClassRule> rules = {objects::Argmax{}, objects::Threshold{1, 0.25}};

  std::vector<std::int64_t> expected;
  for (const CountedArea& area : areas) {
    std::vector<std::int64_t> row(kChannels + 2);
    for (std::int64_t y = area.bounds.y.begin; y < area.bounds.y.end; ++y)
      for (std::int64_t x = area.bounds.x.begin; x < area.bounds.x.end; ++x) {
        if (area.mask && !area.mask->Intersects(grid, {{y, y + 1}, {x, x + 1}})) continue;
        ++row[static_cast<std::size_t>(Largest(y, x))];
        row[kChannels] += At(1, y, x) >= 0.25F ? 1 : 0;
        ++row[kChannels + 1];
      }
    expected.insert(expected.end(), row.begin(), row.end());
  }
  for (const unsigned seed : {1U, 2U}) {
    const testing::ShuffledExecutor executor(seed, 3);
    const auto counts = CountClasses({executor, progress_}, PlacedPlane::Of(*store_, 0, 0, grid), rules, areas);
    ASSERT_TRUE(counts.ok()) << ToString(counts.error());
    EXPECT_EQ(counts->values, expected);
  }
}

TEST_F(ClassAreasTest, AnAreaOutsideTheImageHasNoPixels) {
  const SerialExecutor executor;
  const std::vector<CountedArea> areas = {{Triangle(1000, 1000, 50), {{1000, 1050}, {1000, 1050}}}, {std::nullopt, {}}};
  const std::vector<objects::ClassRule> rules = {objects::Argmax{}};
  const auto counts = CountClasses({executor, progress_}, PlacedPlane::Of(*store_, 0, 0, {}), rules, areas);
  ASSERT_TRUE(counts.ok());
  EXPECT_EQ(counts->values, std::vector<std::int64_t>(2 * (kChannels + 1)));
}

TEST_F(ClassAreasTest, ARuleForAChannelThatIsNotThereIsRefused) {
  const SerialExecutor executor;
  const std::vector<objects::ClassRule> rules = {objects::Threshold{kChannels, 0.5}};
  EXPECT_FALSE(CountClasses({executor, progress_}, PlacedPlane::Of(*store_, 0, 0, {}), rules, {}).ok());
}

}  // namespace
}  // namespace tegula::pipeline
