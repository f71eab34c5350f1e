#include <cstdlib>

#include "tegula/core/platform.h"
#include "tegula/engines/testing/engine_conformance.h"

namespace tegula::engines::testing {
namespace {

Path Folder(const char* variable, const char* below) {
  const char* folder = std::getenv(variable);
  return Path(folder != nullptr ? folder : ".") / below;
}

Shape Same(const Shape& input) { return input; }

std::vector<Case> Cases() {
  const Path demo = Folder("TEGULA_SOURCE", "demo/nuclei_demo");
  const std::vector<Shape> shapes = {{1, 1, 64, 48}, {1, 1, 48, 96}};
  return {
      {"openvino", spec::WeightsFormat::kOnnx, demo / "weights.onnx", shapes, Same},
      {"libtorch", spec::WeightsFormat::kTorchscript, demo / "weights_torchscript.pt", shapes, Same},
      {"toy", spec::WeightsFormat::kOnnx, Folder("TEGULA_SOURCE", "src/tegula/engines/testing/network.toy"), shapes,
       [](const Shape& in) {
         return Shape{1, 1, in[2] / 2 - 2, in[3] / 2 - 2};
       }},
  };
}

class EveryEngine : public ::testing::TestWithParam<Case> {
 protected:
  EveryEngine() : registry_(Folder("TEGULA_BUILD", "lib")) {}
  void SetUp() override {
    const auto engine = registry_.Find(GetParam().engine);
    if (engine.ok()) return;
    ASSERT_EQ(engine.error().code, Code::kUnsupported);
    GTEST_SKIP() << ToString(engine.error());
  }
  Fixture Load() { return {registry_, GetParam()}; }
  Registry registry_;
};

TEST_P(EveryEngine, SaysWhatItIs) { CheckItSaysWhatItIs(Load()); }
TEST_P(EveryEngine, GivesTheSameBitsInEveryRunAndSession) { CheckRunsAreRepeatable(Load(), GetParam()); }
TEST_P(EveryEngine, RunsSessionsSideBySide) { CheckSessionsRunSideBySide(Load(), GetParam()); }
TEST_P(EveryEngine, RefusesInputsItWasNotMadeFor) { CheckWrongInputsAreRefused(Load(), GetParam()); }
TEST_P(EveryEngine, CanBeStopped) { CheckItCanBeStopped(Load(), GetParam()); }
TEST_P(EveryEngine, ReplacesNothing) { CheckNothingIsReplaced(Load(), GetParam()); }
TEST_P(EveryEngine, RefusesFilesThatAreNotNetworks) { CheckOtherFilesAreRefused(Load(), GetParam()); }

INSTANTIATE_TEST_SUITE_P(Engines, EveryEngine, ::testing::ValuesIn(Cases()),
                         [](const auto& test) { return test.param.engine; });

TEST(Engines, AgreeOnTheSameWeights) {
  Registry registry(Folder("TEGULA_BUILD", "lib"));
  const std::vector<Case> cases = Cases();
  if (!registry.Find("openvino").ok() || !registry.Find("libtorch").ok())
    GTEST_SKIP() << "needs both OpenVINO and LibTorch";
  const Tensor input = Ramp(cases[0].shapes[0]);
  const Tensor a = Fixture::Run(*Fixture(registry, cases[0]).NewSession(input.shape()), input);
  const Tensor b = Fixture::Run(*Fixture(registry, cases[1]).NewSession(input.shape()), input);
  ASSERT_EQ(a.shape(), b.shape());
  for (std::size_t i = 0; i < a.values<float>().size(); ++i)
    ASSERT_NEAR(a.values<float>()[i], b.values<float>()[i], 1e-4);
}

}  // namespace
}  // namespace tegula::engines::testing
