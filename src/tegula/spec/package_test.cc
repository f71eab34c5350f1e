#include "tegula/spec/package.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zip.h>

#include "tegula/core/testing/shared_data.h"
#include "tegula/core/text.h"

namespace tegula::spec {
namespace {

using ::testing::HasSubstr;

class RealPackages : public ::testing::Test {
 protected:
  void SetUp() override {
    if (data_.empty()) GTEST_SKIP() << testing::NoSharedData("data");
  }
  const Path data_ = testing::SharedData("data");
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

// "image[batch, channel3, y=128+8n] -> ..." with references as tensor.axis*scale+offset and halos as h48.
std::string Signature(const Axis& axis) {
  std::string text = axis.id;
  if (axis.type == AxisType::kChannel) return text + std::to_string(axis.channel_names.size());
  if (const auto* fixed = std::get_if<FixedSize>(&axis.size)) text += "=" + std::to_string(fixed->size);
  if (const auto* more = std::get_if<ParameterizedSize>(&axis.size))
    text += "=" + std::to_string(more->min) + "+" + std::to_string(more->step) + "n";
  if (std::holds_alternative<DataDependentSize>(axis.size)) text += "=data";
  if (const auto* reference = std::get_if<SizeReference>(&axis.size)) {
    text += "=" + reference->tensor_id + "." + reference->axis_id;
    if (reference->scale.num != 1) text += "*" + std::to_string(reference->scale.num);
    if (reference->scale.den != 1) text += "/" + std::to_string(reference->scale.den);
    if (reference->offset != 0) text += std::to_string(reference->offset);
  }
  return text + (axis.halo == 0 ? "" : " h" + std::to_string(axis.halo));
}

std::string Signature(const std::vector<TensorDescription>& tensors) {
  std::vector<std::string> texts;
  for (const TensorDescription& tensor : tensors) {
    std::vector<std::string> axes, ops;
    for (const Axis& axis : tensor.axes) axes.push_back(Signature(axis));
    for (const OpDescription& op : tensor.ops)
      if (!std::holds_alternative<EnsureDtype>(op)) ops.emplace_back(OpId(op));
    texts.push_back(tensor.id + "[" + Join(axes, ", ") + "]" + (ops.empty() ? "" : "{" + Join(ops, ", ") + "}"));
  }
  return Join(texts, "; ");
}

TEST_F(RealPackages, AreReadAsTheirMakersDescribeThem) {
  const std::pair<const char*, const char*> expected[] = {
      {"cellpose_like",
       "image[batch, channel1, y=128+8n, x=128+8n]{scale_range} -> labels[batch, channel1, y=image.y h48, x=image.x "
       "h48]{cellpose_flow_dynamics} by torchscript"},
      {"fixed_shape_valid_conv_v04",
       "raw[batch=1, channel1, y=188, x=188] -> interior[batch=raw.batch, channel1, y=raw.y-88, x=raw.x-88]{sigmoid} "
       "by torchscript, onnx"},
      {"fixed_shape_valid_conv_v05",
       "raw[batch, channel1, y=188, x=188] -> interior[batch, channel1, y=raw.y-88, x=raw.x-88]{sigmoid} by "
       "torchscript, onnx"},
      {"he_nuclei_rgb",
       "image[batch, channel3, y=128+8n, x=128+8n]{scale_linear} -> classes[batch, channel3, y=image.y h48, x=image.x "
       "h48]{softmax} by pytorch_state_dict, torchscript, onnx"},
      {"keras_all",
       "image[batch, y=64+4n, x=64+4n, channel1] -> prob[batch, y=image.y h24, x=image.x h24, channel2] by keras_v3, "
       "keras_hdf5, tensorflow_saved_model_bundle"},
      {"multi_io",
       "image[batch, channel1, y=64+8n, x=64+8n]; context[batch, channel2, y=image.y/2, x=image.x/2] -> "
       "superres[batch, channel1, y=image.y*2-16 h8, x=image.x*2-16 h8]; density[batch, channel3, y=image.y/4-2 h1, "
       "x=image.x/4-2 h1] by torchscript, onnx"},
      {"nuclei3d",
       "volume[batch, channel1, z=24+2n, y=52+4n, x=52+4n]{scale_range} -> interior[batch, channel1, z=volume.z h10, "
       "y=volume.y h24, x=volume.x h24]{sigmoid} by torchscript, onnx"},
      {"nuclei_fluo_globalnorm",
       "raw[batch=1, channel1, y=128+8n, x=128+8n]{scale_range} -> interior[batch=raw.batch, channel1, y=raw.y h48, "
       "x=raw.x h48]{sigmoid} by torchscript, onnx"},
      {"nuclei_unet_any_size",
       "raw[batch=1, channel1, y=80+16n, x=80+16n]{zero_mean_unit_variance} -> probability[batch, channel1, y=raw.y "
       "h32, x=raw.x h32]{sigmoid} by onnx, torchscript"},
      {"patch_classifier",
       "patch[batch, channel3, y=64, x=64]{scale_linear} -> probabilities[batch, channel4]{softmax} by torchscript, "
       "onnx"},
      {"scripted_control_flow",
       "image[batch, channel1, y=72+1n, x=72+1n] -> prob[batch, channel2, y=image.y h32, x=image.x h32]{sigmoid} by "
       "torchscript"},
      {"stardist_like2d",
       "image[batch, channel1, y=112+8n, x=112+8n]{scale_range} -> labels[batch, y=image.y h48, x=image.x h48, "
       "channel1]{stardist_postprocessing} by torchscript, onnx"},
      {"statedict_import",
       "image[batch, channel1, y=8+1n, x=8+1n] -> filtered[batch, channel2, y=image.y h1, x=image.x h1] by "
       "pytorch_state_dict"},
      {"statedict_only",
       "image[batch, channel1, y=64+4n, x=64+4n] -> logits[batch, channel2, y=image.y h24, x=image.x h24] by "
       "pytorch_state_dict"},
      {"time_index",
       "movie[batch=1, index=1+1n, channel2, time=3+1n, y=16+1n, x=16+1n] -> heat[batch=1, time=movie.time h1, "
       "y=movie.y h2, x=movie.x h2]; points[index=data, channel4] by torchscript, onnx"},
      {"traced_channels_last",
       "image[batch, channel1, y=64+4n, x=64+4n] -> prob[batch, channel2, y=image.y h24, x=image.x h24]{sigmoid} by "
       "torchscript"},
      {"zmuv_scale_mean_variance",
       "noisy[batch, channel1, y=32+1n, x=32+1n]{zero_mean_unit_variance} -> clean[batch, channel1, y=noisy.y h6, "
       "x=noisy.x h6]{scale_mean_variance} by torchscript, onnx"},
      {"zips/he_nuclei_rgb.zip",
       "image[batch, channel3, y=128+8n, x=128+8n]{scale_linear} -> classes[batch, channel3, y=image.y h48, x=image.x "
       "h48]{softmax} by pytorch_state_dict, torchscript, onnx"},
  };
  for (const auto& [name, signature] : expected) {
    const Package package = Package::Open(data_ / "models_made" / name).value();
    const ModelDescription& model = package.description();
    std::vector<std::string> weights;
    for (const WeightsEntry& entry : model.weights) weights.emplace_back(WeightsFormatName(entry.format));
    EXPECT_EQ(Signature(model.inputs) + " -> " + Signature(model.outputs) + " by " + Join(weights, ", "), signature)
        << name;
  }
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
  const Result<Package> package =
      Package::Open(data_ / "models/unet2d_nuclei_broad/invalid_v0_4_0_duplicate_tensor_names.bioimageio.yaml");
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
  // Writes package.zip with these files; `change` may do more to the archive.
  Path Zip(const std::vector<std::pair<std::string, std::string>>& files, void (*change)(zip_t* archive) = nullptr) {
    const Path path = At("package.zip");
    int code = 0;
    zip_t* const archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
    for (const auto& file : files)
      zip_file_add(archive, file.first.c_str(), zip_source_buffer(archive, file.second.data(), file.second.size(), 0),
                   0);
    if (change != nullptr) change(archive);
    EXPECT_EQ(zip_close(archive), 0);
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
  const Package package =
      Package::Open(Zip({{"tiny/rdf.yaml", std::string(kRdf)}, {"tiny/w.onnx", "weights"}})).value();
  EXPECT_EQ(ReadFile(package.File({"w.onnx", ""}).value(), 100).value(), "weights");
}

TEST_F(MadePackages, PathsThatLeaveThePackageAreRefused) {
  Write(At("rdf.yaml"), kRdf);
  for (const char* source : {"../secret", "/etc/passwd", "a/../../b", "..\\b", "", "http://example.com/w.onnx"}) {
    EXPECT_FALSE(Package::Open(folder_.path())->File({source, ""}).ok()) << source;
  }
  std::filesystem::create_symlink("/etc/passwd", At("link"));
  EXPECT_EQ(Package::Open(folder_.path())->File({"link", ""}).error().code, Code::kInvalid);
  Write(At("file"), "x");
  std::filesystem::create_symlink("file", At("inside"));
  EXPECT_TRUE(Package::Open(folder_.path())->File({"inside", ""}).ok());
  EXPECT_TRUE(Package::Open(folder_.path())->File({"./file", ""}).ok());
}

TEST_F(MadePackages, ALinkToADescriptionIsOpenedWhereItIs) {
  std::filesystem::create_directory(At("real"));
  std::filesystem::create_directory(At("links"));
  Write(At("real/rdf.yaml"), kRdf);
  Write(At("links/w.onnx"), "weights");
  std::filesystem::create_symlink("../real/rdf.yaml", At("links/rdf.yaml"));
  EXPECT_TRUE(Package::Open(At("links/rdf.yaml"))->File({"w.onnx", ""}).ok());
}

TEST_F(MadePackages, EntriesOfAZipCannotEscape) {
  const Path zip = Zip({{"rdf.yaml", std::string(kRdf)}, {"../escaped", "x"}, {"/absolute", "x"}, {"a\\..\\b", "x"}});
  const Package package = Package::Open(zip).value();
  for (const char* source : {"../escaped", "/absolute", "a\\..\\b", "x/../../escaped"})
    EXPECT_EQ(package.File({source, ""}).error().code, Code::kInvalid) << source;
  EXPECT_EQ(package.File({"escaped", ""}).error().code, Code::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(At("../escaped")));
}

TEST_F(MadePackages, LinksAndEncryptedFilesInAZipAreRefused) {
  const Path zip = Zip({{"rdf.yaml", std::string(kRdf)}, {"link", "/etc/passwd"}, {"secret", "x"}}, [](zip_t* archive) {
    constexpr zip_uint32_t kLink = 0120777U << 16;
    ASSERT_EQ(zip_file_set_external_attributes(archive, 1, 0, ZIP_OPSYS_UNIX, kLink), 0);
    ASSERT_EQ(zip_file_set_encryption(archive, 2, ZIP_EM_AES_256, "password"), 0);
  });
  const Package package = Package::Open(zip).value();
  EXPECT_THAT(package.File({"link", ""}).error().what, HasSubstr("is a link"));
  EXPECT_EQ(package.File({"secret", ""}).error().code, Code::kUnsupported);
}

TEST_F(MadePackages, DamagedFilesInAZipAreNamed) {
  const Path zip = Zip({{"rdf.yaml", std::string(kRdf)}, {"w.onnx", "the weights of a network"}},
                       [](zip_t* archive) { ASSERT_EQ(zip_set_file_compression(archive, 1, ZIP_CM_STORE, 0), 0); });
  std::string bytes = ReadFile(zip, 1 << 20).value();
  bytes[bytes.find("the weights")] = 'T';
  Write(zip, bytes);
  const Error error = Package::Open(zip)->File({"w.onnx", ""}).error();
  EXPECT_EQ(error.code, Code::kCorrupt);
  EXPECT_THAT(error.what, HasSubstr("w.onnx"));
}

TEST_F(MadePackages, SeveralDescriptionsInTheRootOfAZipAreListedEvenIfAFolderHasOne) {
  const std::string rdf(kRdf);
  const Error error = Package::Open(Zip({{"a.rdf.yaml", rdf}, {"b.rdf.yaml", rdf}, {"folder/rdf.yaml", rdf}})).error();
  EXPECT_THAT(error.what, HasSubstr("a.rdf.yaml, b.rdf.yaml"));
  EXPECT_EQ(Package::Open(Zip({{"readme.txt", "x"}})).error().code, Code::kNotFound);
}

TEST_F(MadePackages, AZipWithTooManyFilesIsRefused) {
  const Path zip = Zip({{"rdf.yaml", std::string(kRdf)}, {"a", "x"}, {"b", "x"}});
  EXPECT_EQ(Package::Open(zip, {.archive_entries = 2}).error().code, Code::kExhausted);
}

TEST_F(MadePackages, AllFindingsStandInTheError) {
  Write(At("rdf.yaml"), "format_version: 0.5.4\ntype: model\nname: Tiny\nweights: {}\n");
  const Error error = Package::Open(folder_.path()).error();
  EXPECT_EQ(error.code, Code::kInvalid);
  for (const char* part :
       {"line 1: inputs: is missing", "outputs: is missing", "line 4: weights: needs at least one entry"})
    EXPECT_THAT(error.what, HasSubstr(part));
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
