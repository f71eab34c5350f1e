// The numbers of Cellpose's objects do not depend on blocks or workers.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "tegula/core/random.h"
#include "tegula/core/testing/shuffled_executor.h"
#include "tegula/objects/cellpose/cellpose.h"
#include "tegula/objects/cellpose/flow_ends.h"
#include "tegula/objects/cellpose/flow_sinks.h"

namespace tegula::objects {
namespace {

struct Field {
  std::int64_t height, width;
  double spacing;        // of objects
  double noise = 0;      // of flows, in steps
  double length = 1;     // of steps
  double rings = 0;      // share of objects with holes
  double specks = 0;     // share of pixels that are inside or outside by mistake
  bool is_wild = false;  // flows outside of objects, some infinite or no numbers
};

// Objects at places that differ by fractions of pixels, some of which touch, overlap or lie in each other's holes.
Tensor Output(const Field& field) {
  constexpr std::uint64_t kSeed = 3;
  Tensor out = Tensor::Allocate(DType::kF32, {3, field.height, field.width}).value();
  const std::int64_t pixels = field.height * field.width;
  float* const values = out.values<float>().data();
  for (std::int64_t y = 0; y < field.height; ++y)
    for (std::int64_t x = 0; x < field.width; ++x) {
      const auto random = [&](std::int64_t what) { return UniformAt(kSeed, what, y, x); };
      double nearest = std::numeric_limits<double>::infinity(), to_y = 0, to_x = 0;
      const auto row = static_cast<std::int64_t>(static_cast<double>(y) / field.spacing);
      const auto column = static_cast<std::int64_t>(static_cast<double>(x) / field.spacing);
      for (std::int64_t i = row - 1; i <= row + 1; ++i)
        for (std::int64_t j = column - 1; j <= column + 1; ++j) {
          const auto of = [&](std::int64_t what) { return UniformAt(kSeed, what, i, j); };
          const double middle_y = (static_cast<double>(i) + 0.3 + 0.4 * of(10)) * field.spacing;
          const double middle_x = (static_cast<double>(j) + 0.3 + 0.4 * of(11)) * field.spacing;
          const double radius = field.spacing * (0.3 + 0.5 * of(12));
          const double distance = std::hypot(middle_y - static_cast<double>(y), middle_x - static_cast<double>(x));
          const bool is_ring = of(13) < field.rings;
          if (distance > radius || distance >= nearest || (is_ring && distance < 0.55 * radius)) continue;
          nearest = distance;
          // Rings run to one place within them.
          to_y = middle_y - (is_ring ? 0.8 * radius : 0) - static_cast<double>(y);
          to_x = middle_x - static_cast<double>(x);
        }
      bool is_inside = std::isfinite(nearest);
      if (random(0) < field.specks) is_inside = !is_inside;
      const double scale = 5 * field.length / std::max(1e-9, std::hypot(to_y, to_x));
      float flow_y = static_cast<float>(to_y * scale + 5 * field.noise * (random(1) - 0.5));
      float flow_x = static_cast<float>(to_x * scale + 5 * field.noise * (random(2) - 0.5));
      if (field.is_wild && random(3) < 0.0005) flow_y = std::numeric_limits<float>::quiet_NaN();
      if (field.is_wild && random(4) < 0.002) flow_x = 3e6F;
      const std::int64_t at = y * field.width + x;
      values[at] = flow_y;
      values[pixels + at] = flow_x;
      values[2 * pixels + at] = is_inside ? 5.F : -5.F;
    }
  return out;
}

struct Found {
  std::vector<std::uint32_t> labels;
  std::int64_t largest = 0;
  friend bool operator==(const Found&, const Found&) = default;
};

Found Find(const Tensor& output_cyx, const CellposeOptions& options, std::int64_t values_edge, std::int64_t labels_edge,
           const Executor& executor) {
  const std::int64_t height = output_cyx.shape()[1], width = output_cyx.shape()[2];
  const auto blocks = [&](std::int64_t edge) {
    return PerAxis<std::int64_t>{{1, 1, std::min(edge, height), std::min(edge, width)}};
  };
  Tensor labels = Tensor::Allocate(DType::kU32, {1, 1, 1, height, width}).value();
  TensorLabels sink({{{1, 1, height, width}}, blocks(labels_edge)}, labels.view());
  SilentProgress progress;
  const RunContext context{executor, progress};
  MemoryScratch scratch;
  const ConstView values(output_cyx.view().data(), DType::kF32, {1, 3, 1, height, width});
  const Status done = LabelCells(options, TensorBlocks(values, blocks(values_edge)), {context, scratch}, sink);
  EXPECT_TRUE(done.ok()) << ToString(done.error());
  const auto numbers = std::as_const(labels).values<std::uint32_t>();
  return {{numbers.begin(), numbers.end()}, sink.largest()};
}

TEST(CellposeBlocks, NumbersDoNotDependOnBlocksOrWorkers) {
  const Field fields[] = {{150, 180, 22},
                          {150, 180, 22, 0.5, 1, 0.4, 0.02},  // rings, with objects and specks in their holes
                          {150, 160, 110, 0.2, 1, 0, 0.001},  // larger than blocks
                          {90, 100, 16, 1, 0.5, 0.2, 0.05},   // ends everywhere
                          {120, 120, 30, 0, 6, 0.3, 0.01},    // steps of six pixels
                          {110, 120, 20, 0.3, 1, 0.2, 0.02, true}};
  const CellposeOptions settings[] = {{},
                                      {.flow_threshold = 0, .min_size = 0},
                                      {.flow_threshold = 0.8, .min_size = 60},
                                      {.flow_threshold = 1, .min_size = -1}};
  const std::unique_ptr<Executor> two = NewThreadExecutor(2);
  const testing::ShuffledExecutor eight(5, 8);
  std::int64_t objects = 0;
  for (const Field& field : fields) {
    const Tensor output = Output(field);
    for (const CellposeOptions& options : settings) {
      SCOPED_TRACE(::testing::PrintToString(field.spacing) + " " + ::testing::PrintToString(options.min_size));
      const Found whole = Find(output, options, 4096, 4096, SerialExecutor{});
      objects += whole.largest;
      EXPECT_EQ(Find(output, options, 64, 100, eight), whole);
      EXPECT_EQ(Find(output, options, 257, 64, *two), whole);
      EXPECT_EQ(Find(output, options, 1024, 31, *two), whole);
    }
    EXPECT_EQ(Find(output, {}, 17, 1024, eight), Find(output, {}, 1024, 1024, SerialExecutor{}));
  }
  EXPECT_GT(objects, 300);
}

// Sinks at the seams of blocks, and what they take in, whether or not it shows in the objects.
TEST(CellposeBlocks, SinksAndWhatTheyTakeInDoNotDependOnBlocks) {
  const Tensor output = Output({90, 100, 16, 1, 0.5, 0.2, 0.05});
  const ConstView values(output.view().data(), DType::kF32, {1, 3, 1, 90, 100});
  const SerialExecutor executor;
  SilentProgress progress;
  const RunContext context{executor, progress};
  const auto find = [&](std::int64_t edge) {
    MemoryScratch scratch;
    const ObjectWork work{context, scratch};
    const TensorBlocks blocks(values, {{1, 1, std::min<std::int64_t>(edge, 90), std::min<std::int64_t>(edge, 100)}});
    const FlowEnds ends = FlowEnds::Follow(blocks, 0, 200, work).value();
    const FlowSinks sinks = FlowSinks::Of(ends, context).value();
    const std::unique_ptr<PixelBlocks> labels = LabelBySinks(ends, sinks, work).value();
    const Tensor numbers = ReadPlane(*labels, {{0, 90}, {0, 100}}, {}).value();
    std::vector<std::int64_t> found;
    for (const FlowSink& sink : sinks.Numbered()) found.insert(found.end(), {sink.y, sink.x, sink.paths});
    found.insert(found.end(), numbers.values<std::uint32_t>().begin(), numbers.values<std::uint32_t>().end());
    return found;
  };
  const std::vector<std::int64_t> whole = find(1024);
  ASSERT_GT(whole.size(), 90U * 100U + 3U * 20U);
  for (const std::int64_t edge : {3, 7, 16, 64}) EXPECT_EQ(find(edge), whole) << edge;
}

// Everything runs over several blocks and windows into one corner.
TEST(CellposeBlocks, PathsGoOnWhereverTheyLead) {
  const std::int64_t height = 40, width = 900;
  Tensor output = Tensor::Allocate(DType::kF32, {3, height, width}).value();
  std::ranges::fill(output.values<float>(), 0.F);
  for (std::int64_t y = 10; y < 30; ++y)
    for (std::int64_t x = 0; x < 600; ++x) {
      const std::int64_t at = y * width + x;
      output.values<float>()[static_cast<std::size_t>(at)] = y < 20 ? 0.4F : -0.4F;
      output.values<float>()[static_cast<std::size_t>(height * width + at)] = x < 598 ? 20.F : 0.F;
      output.values<float>()[static_cast<std::size_t>(2 * height * width + at)] = 1.F;
    }
  const CellposeOptions options{.flow_threshold = 0};
  const Found whole = Find(output, options, 4096, 4096, SerialExecutor{});
  EXPECT_EQ(whole.largest, 1);
  EXPECT_EQ(whole.labels[static_cast<std::size_t>(20 * width)], 1U);
  EXPECT_EQ(Find(output, options, 32, 64, testing::ShuffledExecutor(1, 8)), whole);
}

TEST(CellposeBlocks, FindsTheSameInWhatIsThinnedOut) {
  const Tensor output = Output({160, 190, 20, 0.3, 1, 0.2, 0.02, true});
  for (const double threshold : {0.0, -7.0}) {
    const CellposeOptions options{.cellprob_threshold = threshold};
    Tensor thin = output.Clone();
    ThinCellpose(thin.view(), options);
    EXPECT_EQ(Find(thin, options, 64, 64, SerialExecutor{}), Find(output, options, 64, 64, SerialExecutor{}));
    // Both flows of what is outside, but for what is no number.
    const auto values = output.values<float>();
    const auto outside = std::ranges::count_if(values.last(values.size() / 3),
                                               [&](float logit) { return !(static_cast<double>(logit) > threshold); });
    const auto no_numbers = std::ranges::count_if(values, [](float value) { return std::isnan(value); });
    EXPECT_EQ(outside > 0, threshold == 0);
    EXPECT_GE(std::ranges::count(thin.values<float>(), 0.F), 2 * outside - no_numbers);
  }
}

}  // namespace
}  // namespace tegula::objects
