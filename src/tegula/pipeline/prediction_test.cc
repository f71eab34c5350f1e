// The test that matters most: any tiling, any order of tiles and any number of workers give the whole-image answer, bit
// for bit, for networks of any context, stride and offset.

#include "tegula/pipeline/prediction.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "tegula/core/testing/shuffled_executor.h"
#include "tegula/engines/toy.h"
#include "tegula/image/open.h"
#include "tegula/pipeline/statistics_pass.h"
#include "tegula/tensor/kernels.h"

namespace tegula::pipeline {
namespace {

using Random = std::mt19937;

std::int64_t Pick(Random& random, std::int64_t from, std::int64_t to) {
  return std::uniform_int_distribution<std::int64_t>(from, to)(random);
}

// A random network of the kinds that are tiled, as text.
std::string RandomNetwork(Random& random) {
  std::string text;
  int depth = 0;
  if (Pick(random, 0, 3) == 0) text += fmt::format("valid {}\n", 2 * Pick(random, 0, 2));
  for (std::int64_t i = Pick(random, 1, 4); i > 0; --i) {
    switch (Pick(random, 0, 3)) {
      case 0: text += fmt::format("blur {}\n", Pick(random, 0, 6)); break;
      case 1: text += fmt::format("conv {} {}\n", Pick(random, 0, 2), Pick(random, 1, 99)); break;
      case 2:
        text += "pool\n";
        ++depth;
        break;
      case 3:
        if (depth == 0) break;
        text += "upsample\n";
        --depth;
        break;
      default: break;
    }
  }
  for (; depth > 0 && Pick(random, 0, 2) > 0; --depth) text += "upsample\n";
  return text + "blur 1\n";
}

// The description of a network on one channel with free sizes, with statistics of the whole image in front.
spec::ModelDescription Describe(const engines::ToyFacts& facts, std::int64_t halo, PadMode pad, Random& random) {
  spec::TensorDescription in, out;
  in.id = "in";
  out.id = "out";
  in.data.dtype = DType::kU8;
  in.pad = {pad, 7};
  const std::int64_t step = facts.grid * Pick(random, 1, 2);
  const std::int64_t min = CeilDiv(2 * facts.context + 16 - facts.offset, facts.grid) * facts.grid;
  for (const char* id : {"y", "x"}) {
    in.axes.push_back({.id = id, .size = spec::ParameterizedSize{min, step}});
    out.axes.push_back({.id = id, .size = spec::SizeReference{"in", id, facts.scale, facts.offset}, .halo = halo});
  }
  const spec::Axis batch{.id = "batch", .type = spec::AxisType::kBatch, .size = spec::FixedSize{1}};
  const spec::Axis channel{
      .id = "channel", .type = spec::AxisType::kChannel, .size = spec::FixedSize{1}, .channel_names = {"value"}};
  for (spec::TensorDescription* tensor : {&in, &out}) tensor->axes.insert(tensor->axes.begin(), {batch, channel});
  in.ops = {spec::EnsureDtype{DType::kF32}, spec::ZeroMeanUnitVariance{{{"y", "x"}}, 1e-6},
            spec::EnsureDtype{DType::kF32}};
  out.ops = {spec::Sigmoid{}, spec::EnsureDtype{DType::kF32}};
  spec::ModelDescription model;
  model.format_version = "0.5.4";
  model.inputs.push_back(std::move(in));
  model.outputs.push_back(std::move(out));
  return model;
}

struct Case {
  std::string network;
  spec::ModelDescription model;
  std::string image;
  tiling::TileRequest request;
};

// All of the result in memory, (channel, y, x).
Result<Tensor> Predict(const Case& c, const tiling::TileRequest& request, const Executor& executor,
                       std::int64_t* tiles = nullptr) {
  SilentProgress progress;
  const RunContext context{executor, progress};
  TEGULA_ASSIGN_OR_RETURN(const std::unique_ptr<engines::Network> network, engines::NewToyNetwork(c.network));
  TEGULA_ASSIGN_OR_RETURN(const std::unique_ptr<image::Source> source, image::Open(c.image));
  TEGULA_ASSIGN_OR_RETURN(const image::BoundImage bound, image::Bind(*source, {}, {}));
  TEGULA_ASSIGN_OR_RETURN(const ops::Statistics statistics, ComputeStatistics(context, c.model, bound));
  const InputFeed feed{&bound};
  TEGULA_ASSIGN_OR_RETURN(const Prediction prediction,
                          Prediction::Bind(c.model, *network, {&feed, 1}, statistics, {{0}, request}));
  if (tiles != nullptr) *tiles = prediction.plan().tiles();
  const std::int64_t height = prediction.output().height(), width = prediction.output().width();
  TEGULA_ASSIGN_OR_RETURN(Tensor result, Tensor::Allocate(DType::kF32, {1, 1, 1, height, width}));
  std::fill(result.values<float>().begin(), result.values<float>().end(), -1.0f);
  const View whole = result.view();
  const auto keep = [&](std::size_t, const Block& write, const ConstView& use) -> Status {
    ConvertCopy(use, Crop(whole, write));
    return Ok();
  };
  TEGULA_TRY(prediction.Run(context, keep));
  return result;
}

constexpr std::int64_t kWhole = 1 << 20;

Case RandomCase(std::uint32_t seed) {
  Random random(seed);
  Case c;
  c.network = RandomNetwork(random);
  const engines::ToyFacts facts = engines::FactsOf(c.network).value();
  constexpr PadMode kModes[] = {PadMode::kSymmetric, PadMode::kReflect, PadMode::kEdge, PadMode::kConstant};
  // Declared halos may be anything: what is exact is decided by the context.
  const std::int64_t halo = facts.scale.num * Pick(random, 0, 6);
  c.model = Describe(facts, halo, kModes[Pick(random, 0, 3)], random);
  c.image =
      fmt::format("synthetic:noise,height={},width={},seed={}", Pick(random, 20, 150), Pick(random, 20, 150), seed);
  c.request.border = Pick(random, 0, 1) == 0 ? tiling::Border::kPad : tiling::Border::kNetwork;
  c.request.SetContext(facts.context);
  const auto& size = std::get<spec::ParameterizedSize>(c.model.inputs[0].axes[2].size);
  c.request.SetTile(size.min + size.step * Pick(random, 0, 5));
  return c;
}

TEST(Prediction, AnyTilingInAnyOrderIsTheWholeImageAnswer) {
  int compared = 0, tiled_cases = 0;
  for (std::uint32_t seed = 1; compared < 5000 && seed < 20000; ++seed) {
    const Case c = RandomCase(seed);
    tiling::TileRequest whole_request = c.request;
    const auto& size = std::get<spec::ParameterizedSize>(c.model.inputs[0].axes[2].size);
    whole_request.SetTile(size.min + size.step * (kWhole / size.step));
    const Result<Tensor> whole = Predict(c, whole_request, SerialExecutor());
    std::int64_t tiles = 0;
    const Result<Tensor> tiled = Predict(c, c.request, testing::ShuffledExecutor(seed, 4), &tiles);
    // A tile that is too small for the context is refused; the whole never is, but for images smaller than the valid
    // convolution.
    if (!whole.ok() || !tiled.ok()) {
      EXPECT_EQ((whole.ok() ? tiled : whole).error().code, Code::kInvalid)
          << ToString((whole.ok() ? tiled : whole).error());
      continue;
    }
    ++compared;
    if (tiles > 1) ++tiled_cases;
    ASSERT_EQ(whole->shape(), tiled->shape()) << "seed " << seed;
    const auto a = whole->values<float>(), b = tiled->values<float>();
    for (std::size_t i = 0; i < a.size(); ++i)
      ASSERT_EQ(a[i], b[i]) << "seed " << seed << " pixel " << i << " of " << ToString(whole->shape()) << "\n"
                            << c.network << c.image << " tile " << *c.request.tile[GridAxis::kY];
  }
  EXPECT_EQ(compared, 5000);
  EXPECT_GT(tiled_cases, 3000);
}

TEST(Prediction, TooLittleContextWouldShow) {
  // The same comparison finds what it is there to find: half the context a network needs gives other pixels.
  int different = 0;
  for (std::uint32_t seed = 1; seed < 200; ++seed) {
    Case c = RandomCase(seed);
    const engines::ToyFacts facts = engines::FactsOf(c.network).value();
    for (spec::Axis& axis : c.model.outputs[0].axes) axis.halo = 0;
    c.request.SetContext(facts.context / 2);
    tiling::TileRequest whole_request = c.request;
    const auto& size = std::get<spec::ParameterizedSize>(c.model.inputs[0].axes[2].size);
    whole_request.SetTile(size.min + size.step * (kWhole / size.step));
    const Result<Tensor> whole = Predict(c, whole_request, SerialExecutor()),
                         tiled = Predict(c, c.request, SerialExecutor());
    if (!whole.ok() || !tiled.ok()) continue;
    const auto a = whole->values<float>(), b = tiled->values<float>();
    different += std::equal(a.begin(), a.end(), b.begin()) ? 0 : 1;
  }
  EXPECT_GT(different, 40);
}

TEST(Prediction, TheNumberOfWorkersDoesNotMatter) {
  for (std::uint32_t seed = 1; seed < 40; ++seed) {
    const Case c = RandomCase(seed);
    const Result<Tensor> one = Predict(c, c.request, SerialExecutor()),
                         many = Predict(c, c.request, *NewThreadExecutor(7));
    ASSERT_EQ(one.ok(), many.ok());
    if (!one.ok()) continue;
    EXPECT_TRUE(std::equal(one->values<float>().begin(), one->values<float>().end(), many->values<float>().begin()));
  }
}

// The largest total of tiles that was spoken of, and the largest number that was done.
class Counting final : public Progress {
 public:
  void Update(std::string_view, std::int64_t done, std::int64_t total, std::string_view) override {
    most_done = std::max(most_done, done), most_total = std::max(most_total, total);
  }
  void Note(std::string_view) override {}
  std::int64_t most_done = 0, most_total = 0;
};

TEST(Prediction, TilesThatNobodyAskedForAreNeitherMadeNorCounted) {
  const Case c = RandomCase(12);
  const SerialExecutor executor;
  SilentProgress silent;
  const auto network = engines::NewToyNetwork(c.network).value();
  const auto source = image::Open("synthetic:noise,height=300,width=300").value();
  const image::BoundImage bound = image::Bind(*source, {}, {}).value();
  const ops::Statistics statistics = ComputeStatistics({executor, silent}, c.model, bound).value();
  const InputFeed feed{&bound};
  const Prediction prediction = Prediction::Bind(c.model, *network, {&feed, 1}, statistics, {{0}, c.request}).value();
  const std::int64_t tiles = prediction.plan().tiles();
  ASSERT_GT(tiles, 6);
  std::int64_t number = 0, made = 0;
  const auto state_of = [&](const tiling::Tile&) {
    constexpr TileState kStates[] = {TileState::kMissing, TileState::kDone, TileState::kNotAsked};
    return kStates[number++ % 3];
  };
  const auto count = [&](std::size_t, const Block&, const ConstView&) -> Status {
    ++made;
    return Ok();
  };
  Counting progress;
  const auto session = prediction.NewSession().value();
  ASSERT_TRUE(prediction.Run({executor, progress}, *session, state_of, count).ok());
  EXPECT_EQ(made, (tiles + 2) / 3);
  EXPECT_EQ(progress.most_total, tiles - tiles / 3);
  EXPECT_EQ(progress.most_done, progress.most_total);
}

TEST(Prediction, AStopRequestEndsItWithCancelled) {
  const Case c = RandomCase(1);
  std::stop_source stop;
  stop.request_stop();
  SilentProgress progress;
  const SerialExecutor executor;
  const RunContext context{executor, progress, stop.get_token()};
  const std::unique_ptr<image::Source> source = image::Open(c.image).value();
  const image::BoundImage bound = image::Bind(*source, {}, {}).value();
  EXPECT_EQ(ComputeStatistics(context, c.model, bound).error().code, Code::kCancelled);
}

TEST(Prediction, WhatCannotBeAppliedIsNamed) {
  Random random(1);
  spec::ModelDescription model = Describe({}, 0, PadMode::kSymmetric, random);
  EXPECT_TRUE(CheckApplicable(model).ok());
  model.outputs.front().ops.emplace_back(spec::UnsupportedOp{"stardist_postprocessing"});
  EXPECT_NE(CheckApplicable(model).error().what.find("stardist_postprocessing"), std::string::npos);
  model.outputs.push_back(model.outputs.front());
  model.outputs.back().id = "points";
  model.outputs.back().ops.clear();
  model.outputs.back().axes[2].size = spec::DataDependentSize{};
  EXPECT_NE(CheckApplicable(model, {1}).error().what.find("output points"), std::string::npos);
}

}  // namespace
}  // namespace tegula::pipeline
