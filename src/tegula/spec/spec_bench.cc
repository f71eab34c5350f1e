// Reading and validating a typical description, and a folder of them.

#include <benchmark/benchmark.h>

#include <string>

#include "tegula/core/files.h"
#include "tegula/spec/package.h"
#include "tegula/spec/rdf.h"

namespace tegula::spec {
namespace {

// As long as those of the zoo: a U-Net with two entries of weights.
constexpr std::string_view kDescription = R"(format_version: 0.5.4
type: model
name: Nuclei in fluorescence images
description: A U-Net that finds nuclei in images of fluorescently labelled DNA, trained on the data of a challenge.
authors:
- {name: First Author, affiliation: A University, orcid: 0000-0002-1825-0097, github_user: first}
- {name: Second Author, affiliation: Another University, github_user: second}
maintainers:
- {name: First Author, github_user: first}
cite:
- {text: 'Ronneberger, Fischer, Brox: U-Net, MICCAI 2015', doi: 10.1007/978-3-319-24574-4_28}
license: CC-BY-4.0
documentation: README.md
covers: [cover0.png, cover1.png]
tags: [fluorescence-light-microscopy, nuclei, instance-segmentation, unet2d, pytorch, 2d]
git_repo: https://github.com/first/nuclei
timestamp: '2024-05-01T12:00:00Z'
version: 1.2.0
inputs:
- id: raw
  description: the image
  axes:
  - type: batch
  - type: channel
    channel_names: [dna]
  - {type: space, id: y, size: {min: 64, step: 16}, unit: micrometer, scale: 0.5}
  - {type: space, id: x, size: {min: 64, step: 16}, unit: micrometer, scale: 0.5}
  test_tensor: {source: test_input.npy, sha256: 0fdb67bdda8d4a63aa5c1a8e4a8f1f7e0fdb67bdda8d4a63aa5c1a8e4a8f1f7e}
  data: {type: uint16, range: [0, 65535]}
  preprocessing:
  - {id: ensure_dtype, kwargs: {dtype: float32}}
  - {id: zero_mean_unit_variance, kwargs: {axes: [channel, y, x], eps: 1.0e-6}}
  - {id: ensure_dtype, kwargs: {dtype: float32}}
outputs:
- id: probability
  axes:
  - type: batch
  - type: channel
    channel_names: [nucleus, border]
  - {type: space, id: y, size: {tensor_id: raw, axis_id: y}, halo: 16, unit: micrometer, scale: 0.5}
  - {type: space, id: x, size: {tensor_id: raw, axis_id: x}, halo: 16, unit: micrometer, scale: 0.5}
  test_tensor: {source: test_output.npy, sha256: 0fdb67bdda8d4a63aa5c1a8e4a8f1f7e0fdb67bdda8d4a63aa5c1a8e4a8f1f7e}
  postprocessing:
  - {id: sigmoid}
weights:
  pytorch_state_dict:
    source: weights.pt
    sha256: 0fdb67bdda8d4a63aa5c1a8e4a8f1f7e0fdb67bdda8d4a63aa5c1a8e4a8f1f7e
    architecture: {source: unet.py, callable: UNet2d, kwargs: {in_channels: 1, out_channels: 2, depth: 4}}
    pytorch_version: 2.1.0
  torchscript: {source: weights-torchscript.pt, parent: pytorch_state_dict, pytorch_version: 2.1.0}
config:
  bioimageio:
    reproducibility_tolerance: [{absolute_tolerance: 0.001, relative_tolerance: 0.001}]
)";

void ReadOneDescription(benchmark::State& state) {
  for ([[maybe_unused]] auto _ : state) {
    const Result<ReadDescription> read = ReadRdf(kDescription);
    if (!read.ok() || HasErrors(read->findings)) return state.SkipWithError("the description is not valid");
    benchmark::DoNotOptimize(read->model.name);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(ReadOneDescription)->Unit(benchmark::kMicrosecond);

// A collection on disk, each description found, read and checked.
void ValidateFolderOf500(benchmark::State& state) {
  constexpr int kCount = 500;
  const TemporaryFolder folder = TemporaryFolder::Create("tegula-bench").value();
  for (int i = 0; i < kCount; ++i) {
    const Path model = folder.path() / std::to_string(i);
    if (!MakeFolders(model).ok() || !WriteFileWhole(model / "rdf.yaml", kDescription).ok())
      return state.SkipWithError("the descriptions could not be written");
  }
  for ([[maybe_unused]] auto _ : state)
    for (int i = 0; i < kCount; ++i) {
      const Result<Package> package = Package::Read(folder.path() / std::to_string(i));
      if (!package.ok() || HasErrors(package->read().findings))
        return state.SkipWithError("a description is not valid");
    }
  state.SetItemsProcessed(state.iterations() * kCount);
}
BENCHMARK(ValidateFolderOf500)->Unit(benchmark::kMillisecond);

// What reading costs beside only parsing the text.
void ParseOneDescription(benchmark::State& state) {
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(ParseYaml(kDescription).ok());
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(ParseOneDescription)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace tegula::spec
