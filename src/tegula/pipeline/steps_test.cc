#include "tegula/pipeline/steps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tegula/engines/toy.h"
#include "tegula/image/open.h"
#include "tegula/pipeline/testing/toy_model.h"
#include "tegula/tensor/kernels.h"

namespace tegula::pipeline {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Not;

class Steps : public ::testing::Test {
 protected:
  // What two raw values become, and what would beside the steps.
  struct Finished {
    std::vector<double> here;
    std::vector<std::vector<double>> beside;
  };
  static Finished Run(std::vector<spec::OpDescription> ops, float a, float b) {
    const spec::ModelDescription model = ToyModel("identity\n", std::move(ops));
    const std::unique_ptr<engines::Network> network = engines::NewToyNetwork("identity\n").value();
    const std::unique_ptr<image::Source> source = image::Open("synthetic:noise,height=32,width=32,seed=3").value();
    const image::BoundImage bound = image::Bind(*source, {}, {}).value();
    const InputFeed feed{&bound};
    const Prediction prediction =
        Prediction::Bind(model, *network, {&feed, 1}, {}, {.outputs = {0}, .is_raw = true}).value();
    EXPECT_TRUE(prediction.is_raw());
    const SteppedPostprocessing after = SteppedPostprocessing::Bind(model, prediction, 0, {}).value();
    Tensor raw = Tensor::Allocate(DType::kF32, {1, 1, 1, 2}).value();
    raw.values<float>()[0] = a, raw.values<float>()[1] = b;
    const auto values = [](const Tensor& tensor) {
      Tensor doubles = Tensor::Allocate(DType::kF64, tensor.shape()).value();
      ConvertCopy(tensor.view(), doubles.view());
      return std::vector<double>(doubles.values<double>().begin(), doubles.values<double>().end());
    };
    Finished finished{values(after.Run(std::as_const(raw).view()).value()), {}};
    const std::vector<Tensor> beside = after.BesideSteps(std::as_const(raw).view(), 1e-5).value();
    for (const Tensor& tensor : beside) finished.beside.push_back(values(tensor));
    return finished;
  }
};

TEST_F(Steps, SmoothPostprocessingHasNone) {
  const Finished finished = Run({spec::ScaleLinear{{2}, {1}, ""}, spec::EnsureDtype{DType::kF32}}, 0.25f, 1);
  EXPECT_THAT(finished.here, ElementsAre(1.5, 3));
  EXPECT_TRUE(finished.beside.empty());
}

TEST_F(Steps, ValuesAtAThresholdCouldBeEither) {
  const Finished finished = Run({spec::ScaleLinear{{2}, {0}, ""}, spec::Binarize{{1}, ""}}, 0.499999f, 0.49f);
  EXPECT_THAT(finished.here, ElementsAre(0, 0));
  EXPECT_THAT(finished.beside, Contains(ElementsAre(1, 0)));
  EXPECT_THAT(finished.beside, Not(Contains(ElementsAre(1, 1))));
}

TEST_F(Steps, ValuesAtAWholeNumberCouldBeEither) {
  const Finished finished = Run({spec::ScaleLinear{{100}, {0}, ""}, spec::EnsureDtype{DType::kU8}}, 0.3000001f, 0.5f);
  EXPECT_THAT(finished.here, ElementsAre(30, 50));
  EXPECT_THAT(finished.beside, Contains(ElementsAre(29, 49)));
  const Finished between = Run({spec::ScaleLinear{{100}, {0}, ""}, spec::EnsureDtype{DType::kU8}}, 0.305f, 0.505f);
  EXPECT_THAT(between.beside, Each(ElementsAre(30, 50)));
}

}  // namespace
}  // namespace tegula::pipeline
