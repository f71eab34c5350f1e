#include "tegula/spec/package_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tegula::spec {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kTensors = R"(
type: model
name: Tiny
inputs:
- id: a
  axes: [{type: batch}, {type: space, id: y, size: 8}, {type: space, id: x, size: 8}]
outputs:
- id: b
  axes: [{type: batch}, {type: space, id: y, size: 8}, {type: space, id: x, size: 8}]
weights:
  pytorch_state_dict:
    source: parts/w.pt
    pytorch_version: 2.10
    architecture: {source: net.py, callable: Net, kwargs: {width: 3}}
)";

class WrittenPackages : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(MakeFolders(At("source/parts")).ok());
    Write("source/rdf.yaml", "format_version: 0.5.4" + std::string(kTensors));
    Write("source/parts/w.pt", "a state dict");
    Write("source/net.py", "class Net: pass\n");
    Write("made/w.pt", "torchscript");
  }
  Path At(const char* name) const { return folder_.path() / name; }
  void Write(const char* name, std::string_view text) {
    ASSERT_TRUE(MakeFolders(At(name).parent_path()).ok());
    ASSERT_TRUE(WriteFileWhole(At(name), text).ok());
  }
  AddedWeights Made() const {
    return {.format = WeightsFormat::kTorchscript,
            .file = At("made/w.pt"),
            .framework_version = "2.13.0",
            .comment = "made by a test"};
  }
  std::string Text(const Path& file) const { return ReadFile(file, 1 << 20).value(); }

  TemporaryFolder folder_ = TemporaryFolder::Create("tegula-test").value();
};

TEST_F(WrittenPackages, AFolderHoldsWhatAZipHolds) {
  const Package source = Package::Open(At("source")).value();
  const WritePackageOptions lenient{.is_lenient = true};
  const WrittenPackage zip = WritePackage(source, At("out.zip"), lenient).value();
  const WrittenPackage folder = WritePackage(source, At("out"), lenient).value();
  EXPECT_THAT(folder.files, ElementsAre("rdf.yaml", "net.py", "w.pt"));
  EXPECT_EQ(zip.files, folder.files);
  EXPECT_EQ(Text(At("out/w.pt")), "a state dict");
  EXPECT_EQ(Package::Open(At("out.zip"))->description_sha256(), Package::Open(At("out"))->description_sha256());
  EXPECT_FALSE(std::filesystem::exists(At("out.partial")));
}

TEST_F(WrittenPackages, AddedWeightsGetANameAChecksumAndAParent) {
  Package source = Package::Open(At("source")).value();
  ASSERT_TRUE(source.Add(Made()).ok());
  ASSERT_TRUE(WritePackage(source, At("out"), {.is_lenient = true}).ok());
  const Package written = Package::Open(At("out")).value();
  ASSERT_EQ(written.description().weights.size(), 2U);
  const WeightsEntry& added = written.description().weights[1];
  EXPECT_EQ(added.format, WeightsFormat::kTorchscript);
  EXPECT_EQ(added.file.source, "w_2.pt");  // w.pt is the state dict's
  EXPECT_EQ(added.file.sha256, Sha256OfBytes("torchscript"));
  EXPECT_EQ(added.parent, "pytorch_state_dict");
  EXPECT_EQ(added.framework_version, "2.13.0");
  EXPECT_EQ(Text(written.Weights(added)->path), "torchscript");
  EXPECT_THAT(Text(At("out/rdf.yaml")), HasSubstr("comment: made by a test"));
  EXPECT_EQ(written.description().weights[0].architecture->kwargs, R"({"width": 3})");
}

TEST_F(WrittenPackages, Format04HasNoPlaceForAComment) {
  Write("source/rdf.yaml", "format_version: 0.4.10" + std::string(R"(
type: model
name: Tiny
inputs: [{name: a, axes: byx, data_type: float32, shape: [1, 8, 8]}]
outputs: [{name: b, axes: byx, data_type: float32, shape: [1, 8, 8]}]
test_inputs: [in.npy]
test_outputs: [out.npy]
weights:
  pytorch_state_dict: {source: parts/w.pt, architecture: 'net.py:Net', kwargs: {width: 3},
                       architecture_sha256: )") +
                               Sha256OfBytes("class Net: pass\n") + "}\n");
  Package source = Package::Open(At("source")).value();
  EXPECT_EQ(source.description().weights[0].architecture->callable, "Net");
  EXPECT_EQ(source.description().weights[0].architecture->file.source, "net.py");
  ASSERT_TRUE(source.Add(Made()).ok());
  ASSERT_TRUE(WritePackage(source, At("out"), {.is_lenient = true}).ok());
  const std::string text = Text(At("out/rdf.yaml"));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("comment")));
  EXPECT_THAT(text, HasSubstr("architecture: net.py:Net"));
  EXPECT_NE(Package::Open(At("out"))->description().FindWeights(WeightsFormat::kTorchscript), nullptr);
}

TEST_F(WrittenPackages, OnlyTheAddedWeightsStandForThemselves) {
  Package source = Package::Open(At("source")).value();
  ASSERT_TRUE(source.Add(Made()).ok());
  ASSERT_TRUE(WritePackage(source, At("out"), {.weights = WeightsFormat::kTorchscript, .is_lenient = true}).ok());
  const Package written = Package::Open(At("out")).value();
  ASSERT_EQ(written.description().weights.size(), 1U);
  EXPECT_EQ(written.description().weights[0].parent, "");
  EXPECT_FALSE(std::filesystem::exists(At("out/net.py")));
}

TEST_F(WrittenPackages, ThereIsOneEntryOfAFormat) {
  Package source = Package::Open(At("source")).value();
  AddedWeights again = Made();
  again.format = WeightsFormat::kPytorchStateDict;
  EXPECT_EQ(source.Add(again).error().code, Code::kInvalid);
  again = Made();
  again.file = At("made/missing.pt");
  EXPECT_EQ(source.Add(again).error().code, Code::kNotFound);
  EXPECT_TRUE(source.added().empty());
  EXPECT_EQ(source.description().weights.size(), 1U);
}

}  // namespace
}  // namespace tegula::spec
