#include "tegula/pipeline/cell_objects.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tegula/core/files.h"
#include "tegula/pipeline/label_image.h"
#include "tegula/pipeline/numbered_objects.h"
#include "tegula/pipeline/object_junctions.h"

namespace tegula::pipeline {
namespace {

constexpr std::int64_t kHeight = 300, kWidth = 270;

class CellObjectsTest : public ::testing::Test {
 protected:
  outputs::ChunkStore Store(const std::string& name, std::int64_t chunk, DType dtype = DType::kU32) {
    outputs::StoreOptions options{
        .axes = {{'y', kHeight, std::min(chunk, kHeight)}, {'x', kWidth, std::min(chunk, kWidth)}}};
    options.dtype = dtype, options.levels = 1, options.is_label = true;
    return outputs::ChunkStore::Create(folder_.path() / name, options).value();
  }
  // Small discs with gaps in the numbers, some of which touch.
  outputs::ChunkStore Nuclei(const std::string& name, std::int64_t chunk) {
    outputs::ChunkStore store = Store(name, chunk, DType::kU16);
    Tensor numbers = Tensor::Allocate(DType::kU16, {kHeight, kWidth}).value();
    for (std::int64_t y = 0; y < kHeight; ++y)
      for (std::int64_t x = 0; x < kWidth; ++x) {
        const std::int64_t row = y / 30, column = x / 27, dy = y % 30 - 15, dx = x % 27 - 13 - row % 3,
                           radius = 4 + (row * 7 + column * 3) % 11;
        numbers.values<std::uint16_t>()[static_cast<std::size_t>(y * kWidth + x)] =
            static_cast<std::uint16_t>(dy * dy + dx * dx <= radius * radius ? 900 - 3 * (row * 10 + column) : 0);
      }
    EXPECT_TRUE(store.WriteBox(0, {0, 0}, std::as_const(numbers).view()).ok());
    return store;
  }
  static std::vector<std::uint32_t> Pixels(const outputs::ChunkStore& store) {
    Tensor pixels = Tensor::Allocate(DType::kU32, {kHeight, kWidth}).value();
    EXPECT_TRUE(store.ReadBox(0, {0, 0}, pixels.view()).ok());
    const auto values = std::as_const(pixels).values<std::uint32_t>();
    return {values.begin(), values.end()};
  }

  TemporaryFolder folder_ = TemporaryFolder::Create("cells").value();
  std::unique_ptr<Executor> executor_ = NewThreadExecutor(3);
  SilentProgress progress_;
  RunContext context_{*executor_, progress_};
};

TEST_F(CellObjectsTest, GrowsTheSameFromAnyChunks) {
  const objects::Expansion expansion(6.5, 1, 1);
  std::set<std::vector<std::uint32_t>> grown;
  for (const std::int64_t chunk : {64, 257, 1000}) {
    const outputs::ChunkStore nuclei = Nuclei("n" + std::to_string(chunk), chunk),
                              cells = Store("c" + std::to_string(chunk), chunk);
    ASSERT_TRUE(GrowCells(context_, nuclei, expansion, cells).ok());
    grown.insert(Pixels(cells));
  }
  EXPECT_EQ(grown.size(), 1U);
}

TEST_F(CellObjectsTest, CytoplasmIsWhatTheNucleusLeavesOfItsCell) {
  const outputs::ChunkStore nuclei = Nuclei("n", 64), cells = Store("c", 50), rest = Store("r", 40, DType::kU16);
  ASSERT_TRUE(GrowCells(context_, nuclei, objects::Expansion(4, 1, 1), cells).ok());
  ASSERT_TRUE(TakeCytoplasm(context_, nuclei, cells, rest).ok());
  const std::vector<std::uint32_t> inner = Pixels(nuclei), whole = Pixels(cells), left = Pixels(rest);
  std::size_t ring = 0;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    EXPECT_EQ(left[i], inner[i] != 0 ? 0 : whole[i]);
    EXPECT_TRUE(inner[i] == 0 || inner[i] == whole[i]);
    ring += left[i] != 0 ? 1 : 0;
  }
  EXPECT_GT(ring, 5000U);
}

TEST_F(CellObjectsTest, ObjectsAreFoundByTheirNumbers) {
  const outputs::ChunkStore nuclei = Nuclei("n", 64);
  const auto plan = objects::MeasurementPlan::Create({}, {.has_numbers = true}, {}).value();
  FindResult found = FindNumbered(context_, nuclei, nullptr, {}, {}, plan, folder_.path() / "spool").value();
  EXPECT_EQ(found.objects.largest_number(), 900);
  EXPECT_EQ(found.objects.NumberOf(0), found.objects.Read(0)->region.number);

  // Painted again they are the image they came of.
  const outputs::ChunkStore painted = Store("painted", 64, DType::kU16);
  ASSERT_TRUE(WriteLabels(context_, found.objects, painted).ok());
  EXPECT_EQ(Pixels(painted), Pixels(nuclei));

  std::map<std::uint32_t, std::int64_t> areas;
  for (const std::uint32_t number : Pixels(nuclei)) ++areas[number];
  const ObjectsByNumber by_number(std::move(found.objects));
  for (const auto& [number, area] : areas) {
    const std::optional<objects::MeasuredRegion> object = by_number.Read(number).value();
    ASSERT_EQ(object.has_value(), number != 0) << number;
    EXPECT_EQ(object ? object->region.area_px : area, area) << number;
  }
  EXPECT_FALSE(by_number.Read(899).value());
}

TEST_F(CellObjectsTest, OutlinesOfCellsAndNucleiMeetWhereThreeKindsOfPixelsDo) {
  const outputs::ChunkStore nuclei = Nuclei("n", 64), cells = Store("c", 64);
  ASSERT_TRUE(GrowCells(context_, nuclei, objects::Expansion(3, 1, 1), cells).ok());
  const std::vector<std::uint32_t> inner = Pixels(nuclei), whole = Pixels(cells);
  const auto at = [&](std::int64_t y, std::int64_t x) -> std::pair<std::uint32_t, bool> {
    if (y < 0 || x < 0 || y >= kHeight || x >= kWidth) return {};
    const auto i = static_cast<std::size_t>(y * kWidth + x);
    return {whole[i], inner[i] != 0};
  };
  const objects::Junctions junctions = JunctionsOf(context_, nuclei, cells).value();
  std::size_t meetings = 0;
  for (std::int32_t y = 0; y <= kHeight; ++y) {
    std::vector<objects::Corner> by_hand, there;
    for (std::int32_t x = 0; x <= kWidth; ++x)
      if ((at(y - 1, x - 1) != at(y - 1, x)) + (at(y, x - 1) != at(y, x)) + (at(y - 1, x - 1) != at(y, x - 1)) +
              (at(y - 1, x) != at(y, x)) >
          2)
        by_hand.push_back({y, x});
    junctions.ForEachOn({y, 0}, {y, static_cast<std::int32_t>(kWidth) + 1},
                        [&](objects::Corner corner) { there.push_back(corner); });
    EXPECT_EQ(there, by_hand) << y;
    meetings += by_hand.size();
  }
  EXPECT_GT(meetings, 50U);
}

}  // namespace
}  // namespace tegula::pipeline
