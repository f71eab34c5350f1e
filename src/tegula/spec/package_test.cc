#include "tegula/spec/package.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zip.h>

#include "tegula/core/platform.h"

namespace tegula::spec {
namespace {

using ::testing::HasSubstr;

class RealPackages : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(data_ / "models_made")) GTEST_SKIP() << "no models in " << data_;
  }
  Path data_ = Path(EnvironmentVariable("TEGULA_TEST_DATA")) / "data";
};

TEST_F(RealPackages, AllMadeModelsOpenAndTheirFilesMatchTheirChecksums) {
  int opened = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(data_ / "models_made")) {
    const std::string name = file.path().filename().string();
    if (name != "rdf.yaml" && !name.ends_with("bioimageio.yaml")) continue;
    const Result<Package> package = Package::Open(file.path());
    ASSERT_TRUE(package.ok()) << ToString(package.error());
    ++opened;
    for (const WeightsEntry& weights : package->description().weights) {
      const Result<Path> found = package->File(weights.file);
      EXPECT_TRUE(found.ok()) << ToString(found.error());
    }
  }
  EXPECT_GE(opened, 17);
}

TEST_F(RealPackages, Format05IsReadNatively) {
  const Package package = Package::Open(data_ / "models_made/he_nuclei_rgb/rdf.yaml").value();
  const ModelDescription& model = package.description();
  EXPECT_EQ(model.name, "HE nuclei RGB");
  ASSERT_EQ(model.inputs.size(), 1u);
  EXPECT_EQ(model.inputs[0].data.dtype, DType::kU8);
  EXPECT_EQ(model.inputs[0].axes[1].channel_names, (std::vector<std::string>{"red", "green", "blue"}));
  EXPECT_EQ(std::get<ParameterizedSize>(model.inputs[0].axes[2].size).step, 8);
  EXPECT_EQ(model.outputs[0].axes[3].halo, 48);
  EXPECT_EQ(model.inputs[0].ops.size(), 3u);
  EXPECT_EQ(std::get<ScaleLinear>(model.inputs[0].ops[1]).axis, "channel");
  EXPECT_EQ(model.weights.size(), 3u);
  EXPECT_EQ(model.ToleranceFor("classes", WeightsFormat::kOnnx).absolute, 1e-4);
}

TEST_F(RealPackages, Format04IsReadNatively) {
  const Package package = Package::Open(data_ / "models_made/zips/nuclei_fluo_globalnorm.zip").value();
  const ModelDescription& model = package.description();
  const auto& scale = std::get<ScaleRange>(model.inputs[0].ops[1]);
  EXPECT_EQ(scale.axes, (StatisticAxes{{"y", "x"}}));
  EXPECT_EQ(scale.max_percentile, 99.8);
  EXPECT_EQ(model.outputs[0].axes[2].halo, 48);
  EXPECT_EQ(model.ToleranceFor("interior", WeightsFormat::kTorchscript).absolute, 1e-4);
  EXPECT_EQ(model.ToleranceFor("interior", WeightsFormat::kKerasV3).mismatched_per_million, 0);
  EXPECT_TRUE(package.File(*model.inputs[0].test_tensor).ok());
}

TEST_F(RealPackages, OffsetsOfValidConvolutionsAreTheSameInBothVersions) {
  for (const char* name : {"fixed_shape_valid_conv_v04/rdf.yaml", "fixed_shape_valid_conv_v05/rdf.yaml"}) {
    const Package package = Package::Open(data_ / "models_made" / name).value();
    EXPECT_EQ(std::get<SizeReference>(package.description().outputs[0].axes[2].size).offset, -88) << name;
  }
}

TEST_F(RealPackages, AScaleOfPoint499IsExact) {
  const Package package = Package::Open(data_ / "models_made/he_nuclei_rgb/scale_0499.bioimageio.yaml").value();
  EXPECT_TRUE(std::get<SizeReference>(package.description().outputs[0].axes[2].size).scale.is_one());
}

TEST_F(RealPackages, DuplicateTensorIdsAreRefused) {
  const Result<Package> package = Package::Open(data_ / "models/unet2d_nuclei_broad/invalid_v0_4_0_duplicate_tensor_names.bioimageio.yaml");
  ASSERT_FALSE(package.ok());
  EXPECT_EQ(package.error().code, Code::kInvalid);
  EXPECT_THAT(package.error().what, HasSubstr("the tensor id 'data' is used twice"));
}

constexpr std::string_view kRdf = R"(format_version: 0.5.4
type: model
name: Tiny
inputs:
- id: a
  axes: [{type: batch}, {type: space, id: y, size: 8}, {type: space, id: x, size: 8}]
outputs:
- id: b
  axes: [{type: batch}, {type: space, id: y, size: 8}, {type: space, id: x, size: 8}]
weights: {onnx: {source: w.onnx, opset_version: 15}}
)";

class MadePackages : public ::testing::Test {
 protected:
  TemporaryFolder folder_ = TemporaryFolder::Create("tegula-test").value();
  Path At(const char* name) const { return folder_.path() / name; }
  void Write(const Path& path, std::string_view text) { ASSERT_TRUE(WriteFileWhole(path, text).ok()); }
  Path Zip(const std::vector<std::pair<std::string, std::string>>& files) {
    const Path path = At("package.zip");
    int code = 0;
    zip_t* zip = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
    for (const auto& file : files) zip_file_add(zip, file.first.c_str(), zip_source_buffer(zip, file.second.data(), file.second.size(), 0), 0);
    EXPECT_EQ(zip_close(zip), 0);
    return path;
  }
};

TEST_F(MadePackages, TwoCandidatesAreAnErrorThatListsThem) {
  Write(At("a.bioimageio.yaml"), kRdf);
  Write(At("b.bioimageio.yaml"), kRdf);
  const Error error = Package::Open(folder_.path()).error();
  EXPECT_EQ(error.code, Code::kInvalid);
  EXPECT_THAT(error.what, HasSubstr("a.bioimageio.yaml, b.bioimageio.yaml"));
  Write(At("rdf.yaml"), kRdf);
  EXPECT_EQ(Package::Open(folder_.path())->description_file(), "rdf.yaml");
}

TEST_F(MadePackages, TheDescriptionMayLieOneFolderDownInAZip) {
  const Package package = Package::Open(Zip({{"tiny/rdf.yaml", std::string(kRdf)}, {"tiny/w.onnx", "weights"}})).value();
  EXPECT_EQ(ReadFile(package.File({"w.onnx", ""}).value(), 100).value(), "weights");
}

TEST_F(MadePackages, PathsThatLeaveThePackageAreRefused) {
  Write(At("rdf.yaml"), kRdf);
  for (const char* source : {"../secret", "/etc/passwd", "a/../../b", "..\\b", "", "http://example.com/w.onnx"}) {
    EXPECT_FALSE(Package::Open(folder_.path())->File({source, ""}).ok()) << source;
  }
  std::filesystem::create_symlink("/etc/passwd", At("link"));
  EXPECT_EQ(Package::Open(folder_.path())->File({"link", ""}).error().code, Code::kInvalid);
}

TEST_F(MadePackages, EntriesOfAZipCannotEscape) {
  const Path zip = Zip({{"rdf.yaml", std::string(kRdf)}, {"../escaped", "x"}});
  const Package package = Package::Open(zip).value();
  EXPECT_FALSE(package.File({"../escaped", ""}).ok());
  EXPECT_FALSE(std::filesystem::exists(At("../escaped")));
}

TEST_F(MadePackages, AWrongChecksumNamesFileAndBothSums) {
  Write(At("rdf.yaml"), kRdf);
  Write(At("w.onnx"), "abc");
  const Error error = Package::Open(folder_.path())->File({"w.onnx", std::string(64, '0')}).error();
  EXPECT_EQ(error.code, Code::kCorrupt);
  EXPECT_THAT(error.what, HasSubstr("ba7816bf"));
  EXPECT_THAT(error.what, HasSubstr("w.onnx"));
}

TEST_F(MadePackages, WhatIsNotAZipOrYamlIsCorrupt) {
  Write(At("m.zip"), "not a zip");
  EXPECT_EQ(Package::Open(At("m.zip")).error().code, Code::kCorrupt);
  Write(At("m.yaml"), "a: [1, 2");
  EXPECT_EQ(Package::Open(At("m.yaml")).error().code, Code::kCorrupt);
  EXPECT_EQ(Package::Open(At("none")).error().code, Code::kNotFound);
}

TEST_F(MadePackages, AnUnpackedSizeAboveTheLimitIsRefusedBeforeItIsUnpacked) {
  const Path zip = Zip({{"rdf.yaml", std::string(kRdf)}, {"w.onnx", std::string(2 << 20, 'x')}});
  const Package package = Package::Open(zip, {.archive_file_bytes = 1 << 20}).value();
  EXPECT_EQ(package.File({"w.onnx", ""}).error().code, Code::kExhausted);
}

}  // namespace
}  // namespace tegula::spec
