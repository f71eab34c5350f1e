// Outlines of numbered objects.

#include "tegula/pipeline/instance_objects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "tegula/core/files.h"
#include "tegula/core/testing/shuffled_executor.h"
#include "tegula/outputs/store_part.h"

namespace tegula::pipeline {
namespace {

using ::testing::ElementsAre;

class Instances : public ::testing::Test {
 protected:
  outputs::ChunkStore Store(const Tensor& labels_yx, std::int64_t chunk) {
    const Shape& shape = labels_yx.shape();
    outputs::StoreOptions options;
    options.dtype = labels_yx.dtype();
    options.axes = {{'y', shape[0], chunk}, {'x', shape[1], chunk}};
    options.levels = 1;
    outputs::ChunkStore store =
        outputs::ChunkStore::Create(folder_.path() / std::to_string(stores_++), options).value();
    for (std::int64_t y = 0; y < shape[0]; y += chunk)
      for (std::int64_t x = 0; x < shape[1]; x += chunk)
        EXPECT_TRUE(store
                        .WriteBox(0, {y, x},
                                  labels_yx.view()
                                      .Slice(0, y, std::min(chunk, shape[0] - y))
                                      .Slice(1, x, std::min(chunk, shape[1] - x)))
                        .ok());
    return store;
  }

  Result<std::vector<objects::Region>> Trace(const outputs::ChunkStore& store, const Executor& executor,
                                             std::int64_t min_area = 0) {
    SilentProgress progress;
    const RunContext context{executor, progress};
    std::vector<objects::Region> regions;
    const auto keep = [&](objects::Region region) {
      regions.push_back(std::move(region));
      return Ok();
    };
    const std::int64_t rows = outputs::StorePart(store).chunk()[GridAxis::kY];
    TEGULA_TRY(TraceInstances(context, store, min_area, {rows, [](Interval) { return Ok(); }}, keep));
    return regions;
  }

  TemporaryFolder folder_ = TemporaryFolder::Create("instances").value();
  int stores_ = 0;
};

Tensor Labels(const std::vector<std::string>& rows, DType dtype = DType::kI32) {
  Tensor labels = Tensor::Allocate(dtype, {std::ssize(rows), static_cast<std::int64_t>(rows.front().size())}).value();
  std::size_t i = 0;
  for (const std::string& row : rows)
    for (const char pixel : row) {
      const int number = pixel == '.' ? 0 : pixel - '0';
      dtype == DType::kI32 ? labels.values<std::int32_t>()[i] = number
                           : labels.values<std::uint16_t>()[i] = static_cast<std::uint16_t>(number);
      ++i;
    }
  return labels;
}

TEST_F(Instances, NeighboursOfOtherNumbersAreOtherObjects) {
  for (const DType dtype : {DType::kI32, DType::kU16}) {
    const outputs::ChunkStore store = Store(Labels({"1122", "1122", "..33"}, dtype), 2);
    const std::vector<objects::Region> found = Trace(store, SerialExecutor{}).value();
    ASSERT_EQ(found.size(), 3U);
    std::map<std::int64_t, std::int64_t> areas;
    for (const objects::Region& region : found) {
      areas[region.number] = region.area_px;
      EXPECT_EQ(region.label, 0);
      EXPECT_EQ(region.polygons.size(), 1U);
    }
    EXPECT_THAT(areas, ElementsAre(std::pair(1, 4), std::pair(2, 4), std::pair(3, 2)));
  }
}

TEST_F(Instances, PartsOfOneNumberAreOneObject) {
  const outputs::ChunkStore store = Store(Labels({"1.1.", ".2.1", "11..", "...."}), 3);
  const std::vector<objects::Region> found = Trace(store, SerialExecutor{}).value();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].number, 2);
  const objects::Region& one = found[1];
  EXPECT_EQ(one.number, 1);
  EXPECT_EQ(one.pixels, 5);
  EXPECT_EQ(one.area_px, 5);
  EXPECT_EQ(one.polygons.size(), 4U);
  EXPECT_EQ(one.first, (objects::Corner{0, 0}));
  EXPECT_EQ(one.bounds, (Box{{0, 3}, {0, 4}}));
  EXPECT_DOUBLE_EQ(one.centroid_x, (0.5 + 2.5 + 3.5 + 0.5 + 1.5) / 5);
}

TEST_F(Instances, SmallOnesAreLeftOutAsAWhole) {
  const outputs::ChunkStore store = Store(Labels({"1.1.2", ".....", "1.1.3"}), 4);
  const std::vector<objects::Region> found = Trace(store, SerialExecutor{}, 2).value();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].number, 1);
}

TEST_F(Instances, DoNotDependOnChunksOrWorkers) {
  std::mt19937 random(3);
  Tensor labels = Tensor::Allocate(DType::kI32, {60, 2500}).value();
  std::int32_t number = 0;
  for (std::int32_t& pixel : labels.values<std::int32_t>()) {
    if (random() % 8 == 0) number = static_cast<std::int32_t>(random() % 90'000);
    pixel = random() % 3 == 0 ? 0 : number;
  }
  const std::vector<objects::Region> expected = Trace(Store(labels, 60), SerialExecutor{}).value();
  ASSERT_GT(expected.size(), 5000U);
  const std::vector<objects::Region> found = Trace(Store(labels, 7), testing::ShuffledExecutor(2, 8)).value();
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    ASSERT_EQ(found[i].number, expected[i].number);
    ASSERT_EQ(found[i].pixels, expected[i].pixels);
    ASSERT_EQ(found[i].polygons.size(), expected[i].polygons.size());
    ASSERT_EQ(found[i].polygons.front().outer, expected[i].polygons.front().outer);
  }
}

TEST_F(Instances, NegativeNumbersAreRefused) {
  Tensor labels = Labels({"12", ".."});
  labels.values<std::int32_t>()[3] = -1;
  const auto refused = Trace(Store(labels, 2), SerialExecutor{});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kInvalid);
}

}  // namespace
}  // namespace tegula::pipeline
