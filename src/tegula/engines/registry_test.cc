#include "tegula/engines/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tegula::engines {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

spec::WeightsEntry Weights(spec::WeightsFormat format, std::string source) {
  spec::WeightsEntry weights;
  weights.format = format;
  weights.file.source = std::move(source);
  return weights;
}

TEST(Registry, KnowsWhichEngineIsMadeForWhat) {
  EXPECT_THAT(Registry::CandidatesFor(Weights(spec::WeightsFormat::kOnnx, "w.onnx")), ElementsAre("openvino"));
  EXPECT_THAT(Registry::CandidatesFor(Weights(spec::WeightsFormat::kTensorflowSavedModelBundle, "w.zip")),
              ElementsAre("openvino"));
  EXPECT_THAT(Registry::CandidatesFor(Weights(spec::WeightsFormat::kTorchscript, "w.pt")), ElementsAre("libtorch"));
  EXPECT_THAT(Registry::CandidatesFor(Weights(spec::WeightsFormat::kOnnx, "w.toy")), ElementsAre("toy"));
  EXPECT_THAT(Registry::CandidatesFor(Weights(spec::WeightsFormat::kTensorflowJs, "w.zip")), ElementsAre());
}

TEST(Registry, KnowsWhichConverterWorksForWhichEngine) {
  const spec::WeightsEntry torchscript = Weights(spec::WeightsFormat::kTorchscript, "w.pt");
  EXPECT_EQ(Registry::ConverterFor("openvino", torchscript), "torchscript");
  EXPECT_EQ(Registry::ConverterFor("libtorch", torchscript), "");
  EXPECT_EQ(Registry::ConverterFor("openvino", Weights(spec::WeightsFormat::kOnnx, "w.onnx")), "");
  Registry registry("/nowhere");
  EXPECT_THAT(registry.FindConverter("torchscript").error().what, HasSubstr("not installed"));
  EXPECT_EQ(registry.FindConverter("caffe").error().code, Code::kNotFound);
}

TEST(Registry, ItsFingerprintChangesWithThePlugIns) {
  const TemporaryFolder folder = TemporaryFolder::Create("tegula_registry").value();
  const Registry registry(folder.path());
  const std::string none = registry.Fingerprint();
  ASSERT_TRUE(WriteFileWhole(folder.path() / "libtegula_converter_torchscript.so", "a").ok());
  const std::string one = registry.Fingerprint();
  EXPECT_NE(one, none);
  ASSERT_TRUE(WriteFileWhole(folder.path() / "libtegula_converter_torchscript.so", "ab").ok());
  EXPECT_NE(registry.Fingerprint(), one);
}

TEST(Registry, AnUnknownEngineIsAnErrorThatListsTheKnown) {
  Registry registry("/nowhere");
  const auto engine = registry.Find("caffe");
  ASSERT_FALSE(engine.ok());
  EXPECT_EQ(engine.error().code, Code::kNotFound);
  EXPECT_THAT(engine.error().what, HasSubstr("there are openvino, libtorch, toy"));
}

TEST(Registry, AnEngineThatIsNotInstalledSaysSo) {
  Registry registry("/nowhere");
  const auto engine = registry.Find("openvino");
  ASSERT_FALSE(engine.ok());
  EXPECT_EQ(engine.error().code, Code::kUnsupported);
  EXPECT_THAT(engine.error().what, HasSubstr("not installed"));
  for (const EngineStatus& status : registry.StatusOfAll()) EXPECT_NE(status.available, status.version.empty());
}

TEST(Registry, APlugInThatIsNotOneIsRefusedWithTheLoadersReason) {
  const TemporaryFolder folder = TemporaryFolder::Create("tegula_registry").value();
  ASSERT_TRUE(WriteFileWhole(folder.path() / "libtegula_engine_openvino.so", "not a library").ok());
  Registry registry(folder.path());
  const auto engine = registry.Find("openvino");
  ASSERT_FALSE(engine.ok());
  EXPECT_THAT(engine.error().what, HasSubstr("libtegula_engine_openvino.so"));
}

}  // namespace
}  // namespace tegula::engines
