// Networks of which it is known how far they see, by their layers or by changing every line of pixels in turn.

#include "tegula/pipeline/receptive_field.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "tegula/core/random.h"
#include "tegula/engines/toy.h"
#include "tegula/tiling/axis_plan.h"

namespace tegula::pipeline {
namespace {

const SerialExecutor kSerial;
SilentProgress silent;

spec::ModelDescription Describe(const spec::AxisSize& size, const engines::ToyFacts& facts, std::int64_t halo = 0) {
  spec::TensorDescription in, out;
  in.id = "in", out.id = "out";
  in.axes = {{.id = "batch", .type = spec::AxisType::kBatch},
             {.id = "channel", .type = spec::AxisType::kChannel, .size = spec::FixedSize{1}},
             {.id = "y", .size = size},
             {.id = "x", .size = size}};
  out.axes = in.axes;
  for (const std::size_t i : {2, 3}) {
    out.axes[i].size = spec::SizeReference{"in", in.axes[i].id, facts.scale, facts.offset};
    out.axes[i].halo = halo;
  }
  spec::ModelDescription model;
  model.inputs = {in};
  model.outputs = {out};
  return model;
}

Tensor Noise(std::int64_t height, std::int64_t width) {
  Tensor tensor = *Tensor::Allocate(DType::kF32, {1, 1, height, width});
  std::int64_t i = 0;
  for (float& value : tensor.values<float>()) value = static_cast<float>(UniformAt(7, 0, 0, i++));
  return tensor;
}

Result<ReceptiveField> Measure(const std::string& text, const spec::AxisSize& size, std::int64_t sample,
                               std::int64_t halo = 0, std::stop_token stop = {}) {
  const std::unique_ptr<engines::Network> network = *engines::NewToyNetwork(text);
  std::vector<Tensor> tensors;
  tensors.push_back(Noise(sample, sample));
  return MeasureReceptiveField(Describe(size, *engines::FactsOf(text), halo), *network, std::move(tensors),
                               {kSerial, silent, stop});
}

std::vector<AxisField> AxesOfFixed(const std::string& text) {
  return std::move(Measure(text, spec::FixedSize{64}, 64)->axes);
}

ReceptiveField MeasureFree(const std::string& text, std::int64_t halo = 0) {
  return *Measure(text, spec::ParameterizedSize{32, 8}, 96, halo);
}

struct Known {
  const char* network;
  std::int64_t sees, context, grid;
};
class KnownNetworks : public testing::TestWithParam<Known> {};

TEST_P(KnownNetworks, AreMeasuredAsTheyAre) {
  const Known& known = GetParam();
  const ReceptiveField field = MeasureFree(known.network);
  EXPECT_EQ(field.noise, 0);
  ASSERT_EQ(field.axes.size(), 2u);
  for (const AxisField& axis : field.axes) {
    EXPECT_TRUE(axis.is_finite) << axis.remark;
    EXPECT_TRUE(axis.is_grid_measured) << axis.remark;
    EXPECT_EQ(axis.before, known.sees);
    EXPECT_EQ(axis.after, known.sees);
    EXPECT_EQ(axis.window_before, known.context);
    EXPECT_EQ(axis.window_after, known.context);
    EXPECT_EQ(axis.grid, known.grid);
    EXPECT_EQ(axis.deviation, 0);
    EXPECT_EQ(axis.declared_step, 8);
  }
}

INSTANTIATE_TEST_SUITE_P(Toys, KnownNetworks,
                         testing::Values(Known{"identity", 0, 0, 1}, Known{"conv 3 7", 3, 3, 1},
                                         Known{"blur 40", 40, 40, 1}, Known{"valid 2", 2, 2, 1}, Known{"pool", 0, 0, 2},
                                         Known{"upsample\nconv 1 5", 1, 1, 1},
                                         Known{"conv 1 1\npool\nconv 1 2\nupsample\nconv 1 3", 5, 5, 2},
                                         // A pixel sees the block it lies in, which windows on the grid do not cut.
                                         Known{"pool\npool\nupsample\nupsample", 3, 0, 4}));

// Every line of a small image is changed alone: (before, after) as the definition has them.
std::pair<std::int64_t, std::int64_t> LineByLine(const std::string& text, std::int64_t size) {
  const engines::ToyFacts facts = *engines::FactsOf(text);
  const std::unique_ptr<engines::Network> network = *engines::NewToyNetwork(text);
  const Shape shape{1, 1, size, 24};
  const DType dtype = DType::kF32;
  const std::unique_ptr<engines::Session> session = *network->NewSession({&shape, 1}, {&dtype, 1});
  const auto run = [&](const Tensor& input) {
    const ConstView view = input.view();
    return std::move((*session->Run({&view, 1}))[0]);
  };
  const Tensor base = Noise(size, 24);
  const Tensor expected = run(base);
  const double lost = -static_cast<double>(facts.offset) / 2, scale = facts.scale.value();
  std::pair<std::int64_t, std::int64_t> seen;
  for (const float by : {10.0f, -10.0f, 0.5f, -0.5f})
    for (std::int64_t line = size / 4; line < 3 * size / 4; ++line) {
      Tensor input = base.Clone();
      for (std::int64_t x = 0; x < 24; ++x)
        input.values<float>()[static_cast<std::size_t>(line * 24 + x)] += x % 2 == 0 ? by : -2 * by;
      const Tensor output = run(input);
      const std::int64_t width = output.shape()[3];
      for (std::int64_t i = 0; i < output.elements(); ++i) {
        const auto at = static_cast<std::size_t>(i);
        if (std::as_const(output).values<float>()[at] == expected.values<float>()[at]) continue;
        const double y = static_cast<double>(i / width) + lost;
        seen.first = std::max(seen.first, static_cast<std::int64_t>(std::floor(y / scale)) - line);
        seen.second = std::max(seen.second, line + 1 - static_cast<std::int64_t>(std::ceil((y + 1) / scale)));
      }
    }
  return seen;
}

TEST(MeasureReceptiveField, FindsWhatChangingEveryLineFinds) {
  std::mt19937 random(3);
  const auto pick = [&](int from, int to) { return std::uniform_int_distribution(from, to)(random); };
  for (int round = 0; round < 12; ++round) {
    std::string text;
    int depth = 0;
    for (int layers = pick(2, 5); layers > 0; --layers) {
      const int kind = pick(0, 3);
      if (kind == 0) text += "blur " + std::to_string(pick(1, 3)) + "\n";
      if (kind == 1) text += "conv 1 " + std::to_string(pick(1, 99)) + "\n";
      if (kind == 2 && depth < 3) text += "pool\n", ++depth;
      if (kind == 3 && depth > 0) text += "upsample\n", --depth;
    }
    text += "blur 1\n";
    SCOPED_TRACE(text);
    const ReceptiveField field = MeasureFree(text);
    const auto [before, after] = LineByLine(text, 128);
    ASSERT_EQ(field.axes.size(), 2u);
    for (const AxisField& axis : field.axes) {
      EXPECT_TRUE(axis.is_finite) << axis.remark;
      EXPECT_EQ(axis.before, before);
      EXPECT_EQ(axis.after, after);
      EXPECT_EQ(axis.grid, engines::FactsOf(text)->grid);
    }
  }
}

// Rows [begin, end) of the only plane.
Tensor Rows(const Tensor& plane, Interval rows) {
  Tensor part = *Tensor::Allocate(DType::kF32, {1, 1, rows.size(), plane.shape()[3]});
  const float* const from = plane.values<float>().data() + rows.begin * plane.shape()[3];
  std::copy(from, from + part.elements(), part.values<float>().begin());
  return part;
}

TEST(MeasureReceptiveField, PlansWithWhatWasMeasuredAreExact) {
  for (const std::string text : {"conv 1 1\npool\nconv 2 2\npool\nconv 1 3\nupsample\nupsample\nconv 1 4",
                                 "conv 2 8\npool\nblur 3", "upsample\nconv 2 5\nvalid 2", "blur 9\nconv 1 3"}) {
    const AxisField axis = MeasureFree(text).axes.front();
    const engines::ToyFacts facts = *engines::FactsOf(text);
    const std::unique_ptr<engines::Network> network = *engines::NewToyNetwork(text);
    const auto run = [&](const Tensor& input) {
      const ConstView view = input.view();
      const DType dtype = DType::kF32;
      return std::move((*(*network->NewSession({&view.shape(), 1}, {&dtype, 1}))->Run({&view, 1}))[0]);
    };
    const tiling::AxisRules rules{
        .sizes = {32, 8}, .grid = axis.grid, .context = axis.context(), .outputs = {{facts.scale, facts.offset}}};
    for (const std::int64_t size : {200, 264, 328}) {
      const Tensor image = Noise(size, 16);
      const tiling::AxisPlan plan =
          *tiling::PlanAxis(rules, {.image = size, .border = tiling::Border::kNetwork, .max_window = 96});
      ASSERT_GT(plan.windows.size(), 1u) << text;
      const Tensor whole = run(image);
      for (const tiling::Window& window : plan.windows) {
        const Tensor part = Rows(run(Rows(image, window.input)), window.pieces[0].use),
                     wanted = Rows(whole, window.pieces[0].write);
        EXPECT_TRUE(std::ranges::equal(part.values<float>(), wanted.values<float>())) << text << " " << size;
      }
    }
  }
}

TEST(MeasureReceptiveField, SaysByHowMuchTooSmallAHaloIsOff) {
  const AxisField small = MeasureFree("conv 3 7", 1).axes.front();
  EXPECT_EQ(small.declared_halo, 1);
  EXPECT_GT(small.declared_deviation, small.tolerance);
  const AxisField enough = MeasureFree("conv 3 7", 3).axes.front();
  EXPECT_EQ(enough.declared_deviation, 0);
}

TEST(MeasureReceptiveField, ANetworkThatTakesTheMeanSeesEverything) {
  for (const char* text : {"global", "conv 2 3\nglobal", "global\npool"}) {
    const ReceptiveField field = MeasureFree(text);
    for (const AxisField& axis : field.axes) {
      EXPECT_FALSE(axis.is_finite);
      EXPECT_FALSE(axis.remark.empty());
      EXPECT_GT(axis.declared_deviation, 0);
      ASSERT_EQ(axis.far.size(), 3u);
      for (const FarChange& far : axis.far) EXPECT_GT(far.change, 0) << far.distance;
      EXPECT_EQ(axis.far.back().distance, 256);
    }
  }
}

TEST(MeasureReceptiveField, FixedSizesAreMeasuredInsideTheirWindow) {
  for (const AxisField& axis : AxesOfFixed("conv 1 1\npool\nconv 1 2\nupsample\nconv 1 3")) {
    EXPECT_TRUE(axis.is_finite) << axis.remark;
    EXPECT_EQ(axis.before, 5);
    EXPECT_EQ(axis.after, 5);
    EXPECT_EQ(axis.grid, 2);
    EXPECT_EQ(axis.declared_step, 0);
  }
  // Farther than from the middle to the ends, and still less than half: seen from the ends.
  for (const AxisField& axis : AxesOfFixed("blur 30")) {
    EXPECT_TRUE(axis.is_finite) << axis.remark;
    EXPECT_EQ(axis.before, 30);
    EXPECT_EQ(axis.after, 30);
    EXPECT_FALSE(axis.is_grid_measured);
    EXPECT_EQ(axis.grid, 32);
    EXPECT_NE(axis.remark.find("assumed"), std::string::npos);
  }
  for (const AxisField& axis : AxesOfFixed("blur 40")) EXPECT_FALSE(axis.is_finite);
  for (const AxisField& axis : AxesOfFixed("global")) EXPECT_FALSE(axis.is_finite);
}

TEST(MeasureReceptiveField, ASizeThatTheNetworkRefusesIsHeldFixed) {
  // Sizes of 65, 67, ... cannot be pooled, but that of the example can.
  const ReceptiveField field = *Measure("conv 1 4\npool\nupsample", spec::ParameterizedSize{33, 2}, 48);
  EXPECT_NE(field.remark.find("size of its example only"), std::string::npos);
  for (const AxisField& axis : field.axes) EXPECT_TRUE(axis.is_finite) << axis.remark;
}

TEST(MeasureReceptiveField, StopsOnRequest) {
  std::stop_source stop;
  stop.request_stop();
  const Result<ReceptiveField> field = Measure("conv 1 1", spec::ParameterizedSize{32, 8}, 64, 0, stop.get_token());
  ASSERT_FALSE(field.ok());
  EXPECT_EQ(field.error().code, Code::kCancelled);
}

}  // namespace
}  // namespace tegula::pipeline
