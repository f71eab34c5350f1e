// Weights: one entry per framework, each with what its framework needs.

#include <fmt/format.h>

#include <algorithm>

#include "tegula/core/text.h"
#include "tegula/spec/json_text.h"
#include "tegula/spec/rdf_parts.h"
#include "tegula/spec/text_kinds.h"

namespace tegula::spec::internal {
namespace {

constexpr std::string_view kFields04[] = {"source", "sha256", "attachments", "authors", "dependencies", "parent"};
constexpr std::string_view kFields05[] = {"source", "sha256", "authors", "parent", "comment"};

// 0.5 demands the framework's version.
void ReadFrameworkVersion(const Reader& entry, std::string_view key, const Reading& reading, WeightsEntry& weights) {
  const Reader version = reading.is_04() ? entry.Nullable(key) : entry.Required(key);
  weights.framework_version = ReadVersion(version);
  if (!version.is_there() && reading.is_04()) version.Warn("is not stated", {}, Severity::kAlert);
}

void ReadOpset(const Reader& entry, const Reading& reading, WeightsEntry& weights) {
  constexpr std::int64_t kFirst = 7;
  const Reader opset = reading.is_04() ? entry.Nullable("opset_version") : entry.Required("opset_version");
  if (opset.is_there())
    weights.opset_version = opset.Int(kFirst, kFirst, kAnyInt);
  else if (reading.is_04())
    opset.Warn("is not stated", {}, Severity::kAlert);
}

// The file stands in the text together with the name of what is in it.
void AddArchitecture04(const Reader& entry, const Reader& architecture, const FileReference& file,
                       const Reading& reading) {
  const std::string written = architecture.Text();
  const std::size_t begin = written.find(file.source);
  reading.files->push_back({.file = file,
                            .source = architecture.node(),
                            .before = {},
                            .after = written.substr(begin + file.source.size()),
                            .owner = entry.node(),
                            .sha256_key = "architecture_sha256",
                            .path = architecture.path()});
}

// A mapping of anything, as JSON.
std::string ReadArguments(const Reader& kwargs) {
  CheckAnyMapping(kwargs);
  return kwargs.is_mapping() ? ToJson(*kwargs.node()) : Architecture().kwargs;
}

// "file.py:Callable" with a sha256, or "package.module.Callable" without one.
void ReadArchitecture04(const Reader& entry, const Reading& reading, WeightsEntry& weights) {
  const Reader architecture = entry.Required("architecture"), sha256 = entry.Nullable("architecture_sha256");
  weights.architecture = ReadCallable04(architecture);
  const std::string digest = ReadSha256(sha256);
  if (weights.architecture) weights.architecture->kwargs = ReadArguments(entry["kwargs"]);
  if (weights.architecture && !weights.architecture->file.source.empty()) {
    weights.architecture->file.sha256 = digest;
    AddArchitecture04(entry, architecture, weights.architecture->file, reading);
    if (!sha256.is_there()) entry.Note("needs an architecture_sha256, as its architecture is a file");
  } else if (sha256.is_there() && architecture.is_scalar() &&
             architecture.node()->text.find(':') == std::string::npos) {
    entry.Note("has an architecture_sha256, but its architecture is no file");
  }
  if (!weights.architecture) CheckAnyMapping(entry["kwargs"]);
}

void ReadArchitecture05(const Reader& entry, const Reading& reading, WeightsEntry& weights) {
  const Reader architecture = entry.Required("architecture");
  if (!architecture.is_there()) return;
  Architecture read;
  if (architecture["import_from"].is_there()) {
    architecture.AllowOnly({"callable", "kwargs", "import_from"});
    read.import_from = architecture["import_from"].Text();
  } else {
    architecture.AllowOnly({"source", "sha256", "callable", "kwargs"});
    if (!architecture.is_mapping()) return;
    read.file = ReadFileFields(architecture, reading);
  }
  read.callable = architecture.Required("callable").Text(&IsIdentifier, "the name of a Python callable");
  read.kwargs = ReadArguments(architecture["kwargs"]);
  weights.architecture = std::move(read);
}

// 0.4: "conda:environment.yaml", which programs better do without.
void ReadDependencies04(const Reader& dependencies, const Reading& reading) {
  if (!dependencies.is_there()) return;
  const std::string written(Trim(dependencies.Text()));
  const std::size_t colon = written.find(':');
  if (!dependencies.is_text()) return;
  if (colon == 0 || colon == std::string::npos || colon + 1 == written.size())
    return dependencies.Note(fmt::format("must be like conda:environment.yaml, is '{}'", Shortened(written, 60)));
  reading.files->push_back({.file = {written.substr(colon + 1), {}},
                            .source = dependencies.node(),
                            .before = written.substr(0, colon + 1),
                            .after = {},
                            .owner = nullptr,
                            .sha256_key = {},
                            .path = dependencies.path()});
  dependencies.Warn("ask for an environment of their own; fewer programs can run such weights");
}

void ReadExternalData(const Reader& entry, const Reading& reading, WeightsEntry& weights) {
  weights.external_data = ReadFile(entry.Nullable("external_data"), reading, {".data"});
  if (weights.external_data && FileNameOf(weights.external_data->source) == FileNameOf(weights.file.source))
    entry["external_data"].Note("must be another file than the source");
}

void ReadBackend(const Reader& backend) {
  if (!backend.is_there()) return;
  if (!backend.is_sequence() || backend.Items().size() != 2)
    return backend.Note("must be the name and the version of a backend, like [tensorflow, 2.16.1]");
  backend[0].Choice({"tensorflow", "jax", "torch"}, "");
  ReadVersion(backend[1]);
}

void ReadKerasV3(const Reader& entry, const Reading& reading, WeightsEntry& weights) {
  ReadFrameworkVersion(entry, "keras_version", reading, weights);
  const std::string& version = weights.framework_version;
  const std::optional<std::int64_t> major = ParseInt(version.substr(0, version.find('.')));
  if (major && *major < 3) entry["keras_version"].Note(fmt::format("must be at least 3, is '{}'", version));
  ReadBackend(entry.Required("backend"));
}

// Which fields an entry has beside the common ones, and who reads them.
struct Row {
  WeightsFormat format;
  NameList fields04, fields05;
  void (*read)(const Reader& entry, const Reading& reading, WeightsEntry& weights);
};
void ReadTorch(const Reader& entry, const Reading& reading, WeightsEntry& weights) {
  ReadFrameworkVersion(entry, "pytorch_version", reading, weights);
}
void ReadStateDict(const Reader& entry, const Reading& reading, WeightsEntry& weights) {
  reading.is_04() ? ReadArchitecture04(entry, reading, weights) : ReadArchitecture05(entry, reading, weights);
  weights.is_strict = entry["strict"].Bool(true);
  ReadTorch(entry, reading, weights);
  if (!reading.is_04()) ReadFile(entry.Nullable("dependencies"), reading, {".yaml", ".yml"});
}
void ReadTensorflow(const Reader& entry, const Reading& reading, WeightsEntry& weights) {
  ReadFrameworkVersion(entry, "tensorflow_version", reading, weights);
  if (!reading.is_04()) ReadFile(entry.Nullable("dependencies"), reading, {".yaml", ".yml"});
}
void ReadOnnx(const Reader& entry, const Reading& reading, WeightsEntry& weights) {
  ReadOpset(entry, reading, weights);
  ReadExternalData(entry, reading, weights);
}
const Row kRows[] = {
    {WeightsFormat::kPytorchStateDict,
     {"architecture", "architecture_sha256", "kwargs", "pytorch_version"},
     {"architecture", "pytorch_version", "dependencies", "strict"},
     &ReadStateDict},
    {WeightsFormat::kTorchscript, {"pytorch_version"}, {"pytorch_version"}, &ReadTorch},
    {WeightsFormat::kOnnx, {"opset_version"}, {"opset_version", "external_data"}, &ReadOnnx},
    {WeightsFormat::kTensorflowSavedModelBundle,
     {"tensorflow_version"},
     {"tensorflow_version", "dependencies"},
     &ReadTensorflow},
    {WeightsFormat::kKerasHdf5, {"tensorflow_version"}, {"tensorflow_version"}, &ReadTensorflow},
    {WeightsFormat::kTensorflowJs, {"tensorflow_version"}, {"tensorflow_version"}, &ReadTensorflow},
    {WeightsFormat::kKerasV3, {}, {"keras_version", "backend"}, &ReadKerasV3},
};

void ReadParent(const Reader& parent, const Reading& reading, WeightsEntry& weights) {
  weights.parent = parent.Text();
  if (!parent.is_there()) return;
  const std::optional<WeightsFormat> format = WeightsFormatFromName(weights.parent);
  if (!format || (reading.is_04() && *format == WeightsFormat::kKerasV3))
    parent.Note(fmt::format("'{}' is not a weights format", Shortened(weights.parent, 60)));
  else if (*format == weights.format)
    parent.Note("must be another weights format");
}

void ReadEntry(const Reader& entry, const Row& row, const Reading& reading, ModelDescription& model) {
  if (!entry.is_there()) return;
  entry.AllowOnly(reading.is_04() ? Names(kFields04) : Names(kFields05), reading.is_04() ? row.fields04 : row.fields05);
  if (!entry.is_mapping()) return;
  WeightsEntry weights;
  weights.format = row.format;
  weights.file = row.format == WeightsFormat::kKerasV3 ? ReadFileFields(entry, reading, {".keras"})
                                                       : ReadFileFields(entry, reading);
  if (const Reader authors = entry.Nullable("authors"); authors.is_there()) ReadAuthors(authors, reading);
  entry["comment"].Text();
  ReadParent(entry.Nullable("parent"), reading, weights);
  row.read(entry, reading, weights);
  if (reading.is_04()) {
    ReadDependencies04(entry.Nullable("dependencies"), reading);
    if (const Reader attachments = entry.Nullable("attachments"); attachments.is_there()) {
      attachments.Keys();
      for (const Reader& file : attachments["files"].Items()) ReadSource(file, reading);
      attachments.Warn("are needed beside the weights; few programs get them", {}, Severity::kAlert);
    }
  }
  model.weights.push_back(std::move(weights));
}

}  // namespace

void ReadWeights(const Reader& root, const Reading& reading, ModelDescription& model) {
  const Reader entries = root.Required("weights");
  for (const std::string& key : entries.Keys()) {
    const std::optional<WeightsFormat> format = WeightsFormatFromName(key);
    if (!format || (reading.is_04() && *format == WeightsFormat::kKerasV3)) {
      entries[key].Note(fmt::format("is not a weights format of {}", reading.is_04() ? "0.4" : "0.5"));
      continue;
    }
    const auto* const row = std::find_if(std::begin(kRows), std::end(kRows),
                                         [&](const Row& candidate) { return candidate.format == *format; });
    ReadEntry(entries.Nullable(key), *row, reading, model);
  }
  if (!entries.is_mapping()) return;
  if (model.weights.empty()) entries.Note("needs at least one entry");
  if (reading.is_04()) return;
  std::int64_t originals = 0;
  for (const WeightsEntry& weights : model.weights) {
    originals += weights.parent.empty() ? 1 : 0;
    const std::optional<WeightsFormat> parent = WeightsFormatFromName(weights.parent);
    if (parent && *parent != weights.format && model.FindWeights(*parent) == nullptr)
      entries[WeightsFormatName(weights.format)]["parent"].Note(
          fmt::format("'{}' is not among the weights", weights.parent));
  }
  if (originals != 1)
    entries.Warn("should have exactly one entry without parent: the one that was trained, from which the others come");
}

}  // namespace tegula::spec::internal
