#include "tegula/outputs/npy_export.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tegula/tensor/npy.h"

namespace tegula::outputs {
namespace {

class NpyExport : public ::testing::Test {
 protected:
  StoreOptions Options(DType dtype) const {
    StoreOptions options;
    options.dtype = dtype;
    options.axes = {{.name = 't', .size = 2, .chunk = 1},
                    {.name = 'c', .size = 3, .chunk = 2},
                    {.name = 'z', .size = 5, .chunk = 1},
                    {.name = 'y', .size = 21, .chunk = 8},
                    {.name = 'x', .size = 13, .chunk = 16}};
    options.levels = 1;
    options.fill = 7;
    return options;
  }

  TemporaryFolder folder_ = TemporaryFolder::Create("tegula-test").value();
  SilentProgress silent_;
  SerialExecutor executor_;
  RunContext context_{.executor = executor_, .progress = silent_};
};

TEST_F(NpyExport, IsTheWholeImageInTheStoresAxesWithTheFillValueWhereNothingIs) {
  // Also of chunks that reach over several planes, and of a plane alone.
  for (const std::vector<std::int64_t>& chunks :
       {std::vector<std::int64_t>{1, 2, 1, 8, 16}, {1, 1, 3, 8, 5}, {1, 8, 16}}) {
    StoreOptions options = Options(DType::kI16);
    options.axes.erase(options.axes.begin(), options.axes.end() - std::ssize(chunks));
    for (std::size_t axis = 0; axis < chunks.size(); ++axis) options.axes[axis].chunk = chunks[axis];
    const Path folder = folder_.path() / std::to_string(chunks.size() * 10 + static_cast<std::size_t>(chunks[1]));
    const ChunkStore store = ChunkStore::Create(folder, options).value();
    Tensor pixels = Tensor::Allocate(DType::kI16, store.LevelShape(0)).value();
    std::int16_t next = 0;
    for (std::int16_t& value : pixels.values<std::int16_t>()) value = next++;
    Shape begin = store.LevelShape(0);
    for (int axis = 0; axis < begin.rank(); ++axis) begin[axis] = 0;
    ASSERT_TRUE(store.WriteBox(0, begin, std::as_const(pixels).view()).ok());
    ASSERT_TRUE(ExportNpy(context_, store, folder_.path() / "a.npy").ok());
    const Tensor back = ReadNpy(folder_.path() / "a.npy").value();
    EXPECT_EQ(back.shape(), store.LevelShape(0));
    EXPECT_EQ(back.dtype(), DType::kI16);
    EXPECT_TRUE(std::ranges::equal(back.values<std::int16_t>(), std::as_const(pixels).values<std::int16_t>()));
  }
  const ChunkStore empty = ChunkStore::Create(folder_.path() / "empty", Options(DType::kU8)).value();
  ASSERT_TRUE(ExportNpy(context_, empty, folder_.path() / "a.npy").ok());
  const Tensor back = ReadNpy(folder_.path() / "a.npy").value();
  EXPECT_TRUE(std::ranges::all_of(back.values<std::uint8_t>(), [](std::uint8_t value) { return value == 7; }));
}

TEST_F(NpyExport, LargeResultsAreRefusedWithWhatToAskForInstead) {
  StoreOptions options = Options(DType::kF32);
  options.axes[3].size = 10'000;
  options.axes[4].size = 25'000;
  EXPECT_EQ(CheckNpy(options).error().code, Code::kUnsupported);
  EXPECT_NE(ToString(CheckNpy(options).error()).find("and npy is for results up to 1.00 GB; ask for --format ome-zarr"),
            std::string::npos)
      << ToString(CheckNpy(options).error());
  options.axes.erase(options.axes.begin(), options.axes.begin() + 3);
  EXPECT_TRUE(CheckNpy(options).ok());  // just as many
  options.axes[0].size += 1;
  EXPECT_FALSE(CheckNpy(options).ok());
}

TEST_F(NpyExport, AStopLeavesNoFile) {
  std::stop_source stop;
  stop.request_stop();
  const ChunkStore store = ChunkStore::Create(folder_.path() / "a", Options(DType::kU8)).value();
  context_.stop = stop.get_token();
  EXPECT_EQ(ExportNpy(context_, store, folder_.path() / "a.npy").error().code, Code::kCancelled);
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "a.npy"));
}

}  // namespace
}  // namespace tegula::outputs
