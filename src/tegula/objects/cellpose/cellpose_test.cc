#include "tegula/objects/cellpose/cellpose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "tegula/core/files.h"
#include "tegula/core/random.h"
#include "tegula/core/testing/shared_data.h"
#include "tegula/core/testing/shuffled_executor.h"
#include "tegula/objects/cellpose/cell_map.h"
#include "tegula/objects/cellpose/flow_error.h"
#include "tegula/objects/cellpose/flow_field.h"
#include "tegula/objects/testing/halves.h"
#include "tegula/tensor/kernels.h"
#include "tegula/tensor/npy.h"

namespace tegula::objects {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Disc {
  double y = 0, x = 0, radius = 0;
};

double DistanceTo(const Disc& disc, std::int64_t y, std::int64_t x) {
  return std::hypot(static_cast<double>(y) - disc.y, static_cast<double>(x) - disc.x);
}

// The disc in which a pixel lies, of several that with the nearest middle; -1 outside.
int DiscAt(const std::vector<Disc>& discs, std::int64_t y, std::int64_t x) {
  int nearest = -1;
  for (std::size_t i = 0; i < discs.size(); ++i) {
    const double distance = DistanceTo(discs[i], y, x);
    if (distance > discs[i].radius) continue;
    if (nearest < 0 || distance < DistanceTo(discs[static_cast<std::size_t>(nearest)], y, x))
      nearest = static_cast<int>(i);
  }
  return nearest;
}

// What a network would ideally say of these discs: (3, y, x).
Tensor IdealOutput(std::int64_t height, std::int64_t width, const std::vector<Disc>& discs) {
  Tensor out = Tensor::Allocate(DType::kF32, {3, height, width}).value();
  float* flow_y = out.values<float>().data();
  float* flow_x = flow_y + height * width;
  float* logit = flow_x + height * width;
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x, ++flow_y, ++flow_x, ++logit) {
      *flow_y = *flow_x = 0;
      *logit = -5;
      const int i = DiscAt(discs, y, x);
      if (i < 0) continue;
      const Disc& disc = discs[static_cast<std::size_t>(i)];
      *logit = 5;
      const double length = std::max(1e-9, DistanceTo(disc, y, x)) / 5;
      *flow_y = static_cast<float>((disc.y - static_cast<double>(y)) / length);
      *flow_x = static_cast<float>((disc.x - static_cast<double>(x)) / length);
    }
  return out;
}

// Discs at places that differ by fractions of pixels, on a grid in which neighbours touch.
std::vector<Disc> ManyDiscs(std::int64_t rows, std::int64_t columns) {
  std::vector<Disc> discs;
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = 0; j < columns; ++j)
      discs.push_back({static_cast<double>(12 + 20 * i) + 3 * UniformAt(1, 0, i, j),
                       static_cast<double>(12 + 20 * j) + 3 * UniformAt(1, 1, i, j), 7 + 4 * UniformAt(1, 2, i, j)});
  return discs;
}

CellposeObjects Find(const ConstView& output_cyx, const CellposeOptions& options = {}) {
  Result<CellposeObjects> found = CellposeLabels(output_cyx, options, SerialExecutor());
  EXPECT_TRUE(found.ok()) << ToString(found.error());
  return std::move(found).value();
}

CellposeObjects Find(const Tensor& output_cyx, const CellposeOptions& options = {}) {
  return Find(output_cyx.view(), options);
}

std::vector<std::uint32_t> LabelsOf(const CellposeObjects& found) {
  const auto labels = found.labels_yx.values<std::uint32_t>();
  return {labels.begin(), labels.end()};
}

TEST(Cellpose, NothingAboveTheThresholdIsNoObject) {
  EXPECT_EQ(Find(IdealOutput(40, 50, {})).objects, 0);
  EXPECT_EQ(Find(IdealOutput(40, 50, {{20, 20, 9}}), {.cellprob_threshold = 5}).objects, 0);
  EXPECT_EQ(Find(IdealOutput(0, 50, {})).labels_yx.shape(), (Shape{0, 50}));
  EXPECT_EQ(Find(IdealOutput(1, 1, {{0, 0, 5}})).objects, 0);
}

TEST(Cellpose, ADiscIsOneObjectOfItsShape) {
  const std::vector<Disc> discs = {{20.3, 27.8, 9}};
  const CellposeObjects found = Find(IdealOutput(45, 50, discs));
  EXPECT_EQ(found.objects, 1);
  EXPECT_EQ(found.largest, 1U);
  const auto labels = found.labels_yx.values<std::uint32_t>();
  for (std::int64_t y = 0; y < 45; ++y)
    for (std::int64_t x = 0; x < 50; ++x)
      ASSERT_EQ(labels[static_cast<std::size_t>(y * 50 + x)], DiscAt(discs, y, x) == 0 ? 1U : 0U);
}

TEST(Cellpose, TwoDiscsThatTouchAreTwoObjects) {
  const std::vector<Disc> discs = {{30.2, 20.7, 11}, {25.4, 39.1, 11}};
  const CellposeObjects found = Find(IdealOutput(60, 60, discs));
  EXPECT_EQ(found.objects, 2);
  const auto labels = found.labels_yx.values<std::uint32_t>();
  // The right one begins higher up.
  EXPECT_EQ(labels[25 * 60 + 39], 1U);
  EXPECT_EQ(labels[30 * 60 + 20], 2U);
}

TEST(Cellpose, MoreThanTwoFifthsOfTheImageIsNoObject) {
  EXPECT_EQ(Find(IdealOutput(100, 100, {{50.3, 49.8, 35.5}})).objects, 1);
  EXPECT_EQ(Find(IdealOutput(100, 100, {{50.3, 49.8, 36}})).objects, 0);
}

TEST(Cellpose, HolesAreFilled) {
  Tensor output = IdealOutput(60, 60, {{30, 30, 12}});
  output.values<float>()[2 * 3600 + 24 * 60 + 33] = -5;
  const CellposeObjects found = Find(output);
  EXPECT_EQ(found.objects, 1);
  EXPECT_EQ(found.labels_yx.values<std::uint32_t>()[24 * 60 + 33], 1U);
}

TEST(Cellpose, ObjectsThatDoNotFitTheirFlowGo) {
  Tensor output = IdealOutput(60, 60, {{30, 30, 12}});
  for (float& flow : output.values<float>().first(2 * 3600)) flow *= 2.2F;
  EXPECT_EQ(Find(output).objects, 0);
  EXPECT_EQ(Find(output, {.flow_threshold = 2}).objects, 1);
  EXPECT_EQ(Find(output, {.flow_threshold = 0}).objects, 1);
  EXPECT_EQ(Find(output, {.do_3d = true}).objects, 1);
}

TEST(Cellpose, SmallObjectsGoUnlessTheirSizeDoesNotMatter) {
  const Tensor output = IdealOutput(60, 60, {{15.4, 15.2, 5}, {40.1, 40.3, 9}});
  EXPECT_EQ(Find(output, {.min_size = 100}).objects, 1);
  EXPECT_EQ(Find(output, {.min_size = 0}).objects, 2);
  EXPECT_EQ(Find(output, {.min_size = -1}).objects, 2);
}

TEST(Cellpose, NumbersRunWithoutGapsInTheOrderOfFirstPixels) {
  const CellposeObjects found = Find(IdealOutput(164, 144, ManyDiscs(8, 7)));
  EXPECT_EQ(found.objects, 56);
  EXPECT_EQ(found.largest, 56U);
  std::uint32_t seen = 0;
  for (const std::uint32_t label : LabelsOf(found)) {
    EXPECT_LE(label, seen + 1);
    seen = std::max(seen, label);
  }
  EXPECT_EQ(seen, 56U);
}

TEST(Cellpose, LabelsDoNotDependOnStridesOrWorkers) {
  const Tensor output_cyx = IdealOutput(164, 144, ManyDiscs(8, 7));
  const std::vector<std::uint32_t> expected = LabelsOf(Find(output_cyx));
  Tensor output_yxc = Tensor::Allocate(DType::kF32, {164, 144, 3}).value();
  const Shape strides{1, 144 * 3, 3};
  ConvertCopy(output_cyx.view(), View(output_yxc.view().data(), DType::kF32, output_cyx.shape(), strides));
  EXPECT_EQ(LabelsOf(Find({std::as_const(output_yxc).view().data(), DType::kF32, output_cyx.shape(), strides})),
            expected);
  EXPECT_EQ(LabelsOf(CellposeLabels(output_cyx.view(), {}, *NewThreadExecutor(3)).value()), expected);
  EXPECT_EQ(LabelsOf(CellposeLabels(output_cyx.view(), {}, tegula::testing::ShuffledExecutor(4, 5)).value()), expected);
}

TEST(Cellpose, PixelsThatMeetWhatIsNotANumberAreInNoObject) {
  const std::vector<Disc> discs = {{20.3, 20.6, 9}, {20.2, 60.4, 9}};
  for (const float bad : {kNan, kInfinity, -kInfinity, 3e38F}) {
    Tensor output = IdealOutput(40, 80, discs);
    for (std::size_t i = 0; i < 40; ++i) output.values<float>()[80 * i + 15] = bad;
    const CellposeObjects found = Find(output);
    const auto labels = found.labels_yx.values<std::uint32_t>();
    EXPECT_NE(labels[20 * 80 + 60], 0U) << bad;
    EXPECT_EQ(labels[20 * 80 + 15], 0U) << bad;
  }
  Tensor nothing = IdealOutput(40, 80, discs);
  for (float& value : nothing.values<float>()) value = kNan;
  EXPECT_EQ(Find(nothing).objects, 0);
  for (float& value : nothing.values<float>()) value = kInfinity;
  EXPECT_EQ(Find(nothing).objects, 0);
}

TEST(Cellpose, RefusesWhatIsNoOutputOfCellpose) {
  EXPECT_EQ(CheckCellpose(DType::kF32, {2, 8, 8}).error().code, Code::kInvalid);
  EXPECT_EQ(CheckCellpose(DType::kF32, {8, 8}).error().code, Code::kInvalid);
  EXPECT_EQ(CheckCellpose(DType::kF64, {3, 8, 8}).error().code, Code::kInvalid);
  EXPECT_TRUE(CheckCellpose(DType::kF32, {3, 1 << 20, 1 << 20}).ok());
  EXPECT_EQ(CheckCellpose(DType::kF32, {3, 1 << 16, 1LL << 31}).error().code, Code::kExhausted);
  const Status volume = CheckCellpose(DType::kF32, {3, 8, 8, 8});
  EXPECT_EQ(volume.error().code, Code::kUnsupported);
  EXPECT_THAT(volume.error().what, HasSubstr("flow along z"));
  const Tensor output = IdealOutput(40, 40, {});
  EXPECT_EQ(CellposeLabels(output.view(), {}, SerialExecutor(), {}, {.tensor_bytes = 4000}).error().code,
            Code::kExhausted);
}

TEST(Cellpose, StopsOnRequest) {
  std::stop_source stop;
  stop.request_stop();
  const Tensor output = IdealOutput(40, 40, {{20, 20, 9}});
  EXPECT_EQ(CellposeLabels(output.view(), {}, SerialExecutor(), stop.get_token()).error().code, Code::kCancelled);
}

// A path that is cut short because it goes round ends where the whole path ends, whatever its length.
TEST(FlowField, PathsThatGoRoundEndWhereTheyWouldBeAfterAllSteps) {
  Tensor output = IdealOutput(40, 40, {{20, 20, 15}});
  for (float& flow : output.values<float>().first(2 * 1600)) flow *= 1.9F;  // too long: to and fro over the middle
  const Box all{{0, 40}, {0, 40}};
  const FlowField field = FlowField::Read(std::as_const(output).view(), all, 40, 40, 0, {}).value();
  const auto ends_after = [&](int steps) {
    Tensor ends = Tensor::Allocate(DType::kI32, {2, 40, 40}).value();
    std::vector<FlowPath> left;
    field.Follow(all, steps, ends.view(), left);
    EXPECT_TRUE(left.empty());
    return std::vector<std::int32_t>(ends.values<std::int32_t>().begin(), ends.values<std::int32_t>().end());
  };
  std::vector<std::vector<std::int32_t>> by_parity = {ends_after(150), ends_after(151)};
  EXPECT_NE(by_parity[0], by_parity[1]);
  for (int steps = 152; steps < 170; ++steps)
    EXPECT_EQ(ends_after(steps), by_parity[static_cast<std::size_t>(steps % 2)]);
}

TEST(FlowError, OppositeFlowsDifferByFour) {
  Tensor output = IdealOutput(40, 40, {{20, 20, 12}});
  SilentProgress progress;
  const SerialExecutor executor;
  const RunContext context{executor, progress};
  MemoryScratch scratch;
  const PerAxis<std::int64_t> size = {{1, 1, 40, 40}};
  std::unique_ptr<PixelBlocks> numbers = scratch.Make("numbers", {size, size}, 1, DType::kU32).value();
  Tensor twos = Tensor::Allocate(DType::kU32, {1, 40, 40}).value();
  for (std::size_t i = 0; i < 1600; ++i) twos.values<std::uint32_t>()[i] = output.values<float>()[3200 + i] > 0 ? 2 : 0;
  ASSERT_TRUE(WritePlane(*numbers, numbers->grid().at(0), std::as_const(twos).view()).ok());
  const CellMap cells = CellMap::Measure(std::move(numbers), context).value();
  const auto errors_of = [&](std::int64_t memory = 0) {
    const ConstView values(std::as_const(output).view().data(), DType::kF32, {1, 3, 1, 40, 40});
    return FlowErrors(cells, TensorBlocks(values, size), 0, {context, scratch, memory});
  };
  EXPECT_THAT(errors_of().value(), ElementsAre(0, 0, ::testing::Lt(0.02)));
  for (float& flow : output.values<float>().first(2 * 1600)) flow = -flow;
  EXPECT_THAT(errors_of().value(), ElementsAre(0, 0, ::testing::DoubleNear(4, 0.1)));
  output.values<float>()[20 * 40 + 20] = kNan;
  EXPECT_TRUE(std::isnan(errors_of().value()[2]));
  EXPECT_THAT(errors_of(1000).error().what, HasSubstr("an object of 25 x 25 pixels at y=8 x=8 needs"));
}

// --- Results of bioimageio.core with cellpose 3.1.1.2 ---

class CellposeGolden : public ::testing::Test {
 protected:
  void SetUp() override {
    if (golden_.empty()) GTEST_SKIP() << tegula::testing::NoSharedData("golden/ops");
  }

  // Every pixel has the number that the reference gives it.
  void Check(const ConstView& output_cyx, const CellposeOptions& options, const Path& labels_bcyx) {
    const CellposeObjects found = Find(output_cyx, options);
    const Tensor expected = ReadNpy(labels_bcyx).value();
    Tensor as_u32 = Tensor::Allocate(DType::kU32, expected.shape()).value();
    ConvertCopy(expected.view(), as_u32.view());
    EXPECT_TRUE(std::ranges::equal(LabelsOf(found), as_u32.values<std::uint32_t>()));
    EXPECT_EQ(found.largest, *std::ranges::max_element(as_u32.values<std::uint32_t>()));
    EXPECT_EQ(found.objects, found.largest);
  }

  void CheckCase(const std::string& name, const CellposeOptions& options) {
    SCOPED_TRACE(name);
    const Tensor output_bcyx = ReadNpy(golden_ / (name + ".net.npy")).value();
    const Shape& shape = output_bcyx.shape();
    ASSERT_EQ(shape[0], 1);
    Check({output_bcyx.view().data(), DType::kF32, {shape[1], shape[2], shape[3]}}, options,
          golden_ / (name + ".labels.npy"));
  }

  const Path golden_ = tegula::testing::SharedData("golden/ops");
};

TEST_F(CellposeGolden, EveryPixelHasTheNumberOfTheReference) {
  CheckCase("cellpose_2d", {});
  CheckCase("cellpose_2d_no_flow_check", {.flow_threshold = 0, .min_size = 0});
  CheckCase("cellpose_2d_threshold", {.cellprob_threshold = 2, .min_size = 60});
}

TEST_F(CellposeGolden, EveryPixelOfTheModelHasTheNumberOfItsTestOutput) {
  const Path part = "data/models_made/cellpose_like", model = tegula::testing::SharedData(part);
  if (model.empty()) GTEST_SKIP() << tegula::testing::NoSharedData(part);
  const Result<Tensor> output = testing::ReadHalves(model / "network_output.npy", {3, 208, 224});
  ASSERT_TRUE(output.ok()) << ToString(output.error());
  Check(output.value().view(), {}, model / "test_output.npy");
}

}  // namespace
}  // namespace tegula::objects
