// Statistics of a whole output, and the pass that uses them.

#include "tegula/pipeline/second_pass.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tegula/core/files.h"
#include "tegula/engines/toy.h"
#include "tegula/image/open.h"
#include "tegula/pipeline/statistics_pass.h"
#include "tegula/pipeline/testing/toy_model.h"
#include "tegula/tensor/kernels.h"

namespace tegula::pipeline {
namespace {

constexpr const char* kNetwork = "blur 2\n";

spec::ModelDescription ModelWith(std::vector<spec::OpDescription> after) {
  return ToyModel(kNetwork, std::move(after));
}

const std::vector<std::string> kYX = {"y", "x"};

// One prediction with its stores, in a folder of its own.
class SecondPass : public ::testing::Test {
 protected:
  // What lies in the final store.
  Result<Tensor> Predict(const spec::ModelDescription& model, std::int64_t tile, const std::string& name) {
    const RunContext context{executor_, progress_};
    TEGULA_ASSIGN_OR_RETURN(const std::unique_ptr<engines::Network> network, engines::NewToyNetwork(kNetwork));
    TEGULA_ASSIGN_OR_RETURN(const std::unique_ptr<image::Source> source,
                            image::Open("synthetic:noise,height=150,width=131,seed=3"));
    TEGULA_ASSIGN_OR_RETURN(const image::BoundImage bound, image::Bind(*source, {}, {}));
    TEGULA_ASSIGN_OR_RETURN(ops::Statistics statistics, ComputeStatistics(context, model, bound));
    tiling::TileRequest request;
    request.SetTile(tile);
    request.SetContext(2);
    const InputFeed feed{&bound};
    TEGULA_ASSIGN_OR_RETURN(const Prediction prediction,
                            Prediction::Bind(model, *network, {&feed, 1}, statistics, {{0}, request}));
    outputs::StoreOptions options;
    options.name = "out";
    options.dtype = prediction.output().dtype;
    options.axes = {{'c', 1, 1},
                    {'y', prediction.output().height(), prediction.output().chunk[GridAxis::kY]},
                    {'x', prediction.output().width(), prediction.output().chunk[GridAxis::kX]}};
    TEGULA_ASSIGN_OR_RETURN(const outputs::ChunkStore finished,
                            outputs::ChunkStore::Create(folder_.path() / name, options));
    EXPECT_TRUE(prediction.needs_second_pass());
    TEGULA_ASSIGN_OR_RETURN(
        const outputs::ChunkStore raw,
        outputs::ChunkStore::Create(folder_.path() / (name + "-raw"), ScratchOptions(prediction.raw_dtype(), options)));
    const outputs::StorePart first(raw), second(finished);
    const auto keep = [&](std::size_t, const Block& write, const ConstView& use) { return first.Write(write, use); };
    TEGULA_TRY(prediction.Run(context, keep));
    const auto has = [&](const Block& block) { return second.Has(block); };
    const auto write = [&](const Block& block, const ConstView& pixels) { return second.Write(block, pixels); };
    TEGULA_TRY(FinishOutput(context, prediction, 0, first, {has, write}, statistics));
    if (again_) {
      TEGULA_TRY(again_(finished));
      TEGULA_TRY(FinishOutput(context, prediction, 0, first, {has, write}, statistics));
    }
    TEGULA_ASSIGN_OR_RETURN(Tensor result, Tensor::Allocate(options.dtype, finished.LevelShape(0)));
    TEGULA_TRY(finished.ReadBox(0, {0, 0, 0}, result.view()));
    return result;
  }

  TemporaryFolder folder_ = TemporaryFolder::Create("second-pass").value();
  SerialExecutor executor_;
  SilentProgress progress_;
  std::function<Status(const outputs::ChunkStore&)> again_;
};

TEST_F(SecondPass, GivesTheOutputTheMeanAndDeviationOfTheImageWhateverTheTiles) {
  const spec::ModelDescription model =
      ModelWith({spec::ScaleMeanVariance{"in", kYX, 1e-6}, spec::EnsureDtype{DType::kF64}});
  const Tensor whole = Predict(model, 200, "whole").value(), tiled = Predict(model, 40, "tiled").value();
  double sum = 0, squares = 0;
  for (const double value : tiled.values<double>()) sum += value;
  const double mean = sum / static_cast<double>(tiled.elements());
  for (const double value : tiled.values<double>()) squares += (value - mean) * (value - mean);
  const std::unique_ptr<image::Source> source = image::Open("synthetic:noise,height=150,width=131,seed=3").value();
  const image::BoundImage bound = image::Bind(*source, {}, {}).value();
  const ops::Statistics of_image = ComputeStatistics({executor_, progress_}, model, bound).value();
  EXPECT_NEAR(mean, of_image.all()[1].values[0], 1e-6);
  EXPECT_NEAR(std::sqrt(squares / static_cast<double>(tiled.elements())), of_image.all()[0].values[0], 1e-4);
  EXPECT_TRUE(std::equal(whole.values<double>().begin(), whole.values<double>().end(), tiled.values<double>().begin()));
}

TEST_F(SecondPass, ScalesAndClipsByPercentilesOfTheRawOutput) {
  const Tensor scaled =
      Predict(ModelWith({spec::ScaleRange{kYX, 0, 100, 1e-6, ""}, spec::EnsureDtype{DType::kF32}}), 40, "a").value();
  const auto [low, high] = std::minmax_element(scaled.values<float>().begin(), scaled.values<float>().end());
  EXPECT_EQ(*low, 0);
  EXPECT_NEAR(*high, 1, 1e-6);
  const Tensor clipped = Predict(ModelWith({spec::Clip{{}, {}, 25, 75, kYX}}), 40, "b").value();
  const auto [least, most] = std::minmax_element(clipped.values<double>().begin(), clipped.values<double>().end());
  const auto at = [&](double end) {
    return std::count(clipped.values<double>().begin(), clipped.values<double>().end(), end);
  };
  const double all = static_cast<double>(clipped.elements());
  EXPECT_NEAR(static_cast<double>(at(*least)) / all, 0.25, 0.01);
  EXPECT_NEAR(static_cast<double>(at(*most)) / all, 0.25, 0.01);
}

TEST_F(SecondPass, GoesOnWhereItWasCutOffAndLeavesWhatIsThere) {
  const spec::ModelDescription model = ModelWith({spec::ScaleRange{kYX, 1, 99, 1e-6, ""}});
  const Tensor once = Predict(model, 40, "once").value();
  again_ = [&](const outputs::ChunkStore& finished) -> Status {
    std::filesystem::remove(finished.folder() / "0" / "c" / "0" / "1" / "1");
    const Shape first{0, 0, 0};
    Tensor marked = Tensor::Allocate(finished.options().dtype, finished.ChunkExtent(0, first)).value();
    std::fill(marked.values<double>().begin(), marked.values<double>().end(), 7.0);
    return finished.WriteChunk(0, first, marked.view());
  };
  const Tensor twice = Predict(model, 40, "twice").value();
  int sevens = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(once.elements()); ++i) {
    const double value = twice.values<double>()[i];
    sevens += value == 7.0 ? 1 : 0;
    EXPECT_TRUE(value == 7.0 || value == once.values<double>()[i]);
  }
  EXPECT_GT(sevens, 0);
}

TEST_F(SecondPass, WhatCannotBeAppliedIsRefusedBeforeTheFirstTile) {
  const Result<Tensor> rows =
      Predict(ModelWith({spec::ScaleRange{std::vector<std::string>{"x"}, 1, 99, 1e-6, ""}}), 40, "rows");
  EXPECT_EQ(rows.error().code, Code::kUnsupported);
  EXPECT_NE(rows.error().what.find("along y"), std::string::npos) << rows.error().what;
}

}  // namespace
}  // namespace tegula::pipeline
