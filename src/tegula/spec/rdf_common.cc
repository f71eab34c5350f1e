// What formats 0.4 and 0.5 say in the same words, or nearly.

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "tegula/core/text.h"
#include "tegula/spec/rdf_parts.h"

namespace tegula::spec::internal {
namespace {

constexpr double kAnyNumber = 1e300;

constexpr std::string_view kWeightsFields04[] = {"source",  "sha256",       "attachments",
                                                 "authors", "dependencies", "parent"};
constexpr std::string_view kWeightsFields05[] = {"source", "sha256", "authors", "parent", "comment"};

// The framework's version: 0.5 demands it.
void ReadFrameworkVersion(const Reader& version, Format format, WeightsEntry& weights) {
  weights.framework_version = version.Version();
  if (version.present()) return;
  if (format == Format::k04)
    version.Warn("is not stated");
  else
    version.Note("is missing");
}

void ReadOpset(const Reader& opset, Format format, WeightsEntry& weights) {
  if (opset.present())
    weights.opset_version = opset.Int(7, 7, 1000);
  else if (format == Format::k04)
    opset.Warn("is not stated");
  else
    opset.Note("is missing");
}

// 0.4 writes "file.py:Callable" or "package.module.Callable", 0.5 a mapping. Only a file matters here.
void ReadArchitecture(const Reader& entry, Format format, WeightsEntry& weights) {
  const Reader architecture = entry.Required("architecture");
  if (format == Format::k04) {
    const std::string text = architecture.Text();
    const std::size_t colon = text.rfind(':');
    if (colon != std::string::npos)
      weights.architecture = FileReference{text.substr(0, colon), ReadSha256(entry["architecture_sha256"])};
    return;
  }
  architecture.AllowOnly({"source", "sha256", "callable", "kwargs", "import_from"});
  if (!architecture.present()) return;
  architecture.Required("callable").Text();
  if (architecture["source"].present())
    weights.architecture = {architecture["source"].Text(), ReadSha256(architecture["sha256"])};
  else if (!architecture["import_from"].present())
    architecture.Note("needs a source or import_from");
}

void ReadExternalData(const Reader& entry, WeightsEntry& weights) {
  weights.external_data = ReadFileReference(entry["external_data"]);
  if (weights.external_data && weights.external_data->source == weights.file.source)
    entry["external_data"].Note("must be another file than the source");
}

// What only this weights format has.
void ReadFormatFields(const Reader& entry, Format format, WeightsEntry& weights) {
  const bool is_04 = format == Format::k04;
  const Names common = is_04 ? Names(kWeightsFields04) : Names(kWeightsFields05);
  switch (weights.format) {
    case WeightsFormat::kPytorchStateDict:
      if (is_04)
        entry.AllowOnly(common, {"architecture", "architecture_sha256", "kwargs", "pytorch_version"});
      else
        entry.AllowOnly(common, {"architecture", "pytorch_version", "dependencies", "strict"});
      ReadArchitecture(entry, format, weights);
      return ReadFrameworkVersion(entry["pytorch_version"], format, weights);
    case WeightsFormat::kTorchscript:
      entry.AllowOnly(common, {"pytorch_version"});
      return ReadFrameworkVersion(entry["pytorch_version"], format, weights);
    case WeightsFormat::kOnnx:
      if (is_04)
        entry.AllowOnly(common, {"opset_version"});
      else
        entry.AllowOnly(common, {"opset_version", "external_data"});
      ReadExternalData(entry, weights);
      return ReadOpset(entry["opset_version"], format, weights);
    case WeightsFormat::kTensorflowSavedModelBundle:
      entry.AllowOnly(common, {"tensorflow_version", "dependencies"});
      return ReadFrameworkVersion(entry["tensorflow_version"], format, weights);
    case WeightsFormat::kKerasHdf5:
    case WeightsFormat::kTensorflowJs:
      entry.AllowOnly(common, {"tensorflow_version"});
      return ReadFrameworkVersion(entry["tensorflow_version"], format, weights);
    case WeightsFormat::kKerasV3:
      if (is_04) return entry.Note("is not a weights format of 0.4");
      entry.AllowOnly(common, {"keras_version", "backend"});
      return ReadFrameworkVersion(entry["keras_version"], format, weights);
  }
}

void ReadWeightsEntry(const Reader& entry, Format format, WeightsFormat weights_format, ModelDescription& model) {
  WeightsEntry weights;
  weights.format = weights_format;
  weights.file = {entry.Required("source").Text(), ReadSha256(entry["sha256"])};
  ReadFormatFields(entry, format, weights);
  weights.parent = entry["parent"].Text();
  if (!weights.parent.empty()) {
    const std::optional<WeightsFormat> parent = WeightsFormatFromName(weights.parent);
    if (!parent)
      entry["parent"].Note(fmt::format("'{}' is not a weights format", weights.parent));
    else if (*parent == weights_format)
      entry["parent"].Note("must be another weights format than its own");
  }
  model.weights.push_back(std::move(weights));
}

void ReadWeights(const Reader& root, Format format, ModelDescription& model) {
  const Reader weights = root.Required("weights");
  for (const std::string& key : weights.Keys()) {
    const std::optional<WeightsFormat> weights_format = WeightsFormatFromName(key);
    if (!weights_format)
      weights.Note(fmt::format("'{}' is not a weights format", key));
    else if (weights[key].present())
      ReadWeightsEntry(weights[key], format, *weights_format, model);
  }
  if (weights.is_mapping() && model.weights.empty()) weights.Note("needs at least one entry");
  for (const WeightsEntry& entry : model.weights) {
    const std::optional<WeightsFormat> parent = WeightsFormatFromName(entry.parent);
    if (format == Format::k05 && parent && model.FindWeights(*parent) == nullptr)
      weights[WeightsFormatName(entry.format)]["parent"].Note(
          fmt::format("there are no weights of format {}", entry.parent));
  }
}

ToleranceRule ReadToleranceRule(const Reader& rule, double per_million) {
  ToleranceRule read;
  read.tolerance.relative = rule["relative_tolerance"].Number(1e-3, 0, kAnyNumber);
  read.tolerance.absolute = rule["absolute_tolerance"].Number(1e-3, 0, kAnyNumber);
  read.tolerance.mismatched_per_million = rule["mismatched_elements_per_million"].Number(per_million, 0, 1e6);
  return read;
}

// config.bioimageio.reproducibility_tolerance comes first, as in the reference, then the older test_kwargs, which
// belong to one weights format each.
void ReadTolerances(const Reader& root, Format format, ModelDescription& model) {
  const Reader config = root["config"]["bioimageio"];
  const double per_million = format == Format::k04 ? 0 : 100;
  for (const Reader& rule : config["reproducibility_tolerance"].Items()) {
    ToleranceRule read = ReadToleranceRule(rule, per_million);
    read.output_ids = rule["output_ids"].Texts();
    for (const Reader& name : rule["weights_formats"].Items()) {
      const std::optional<WeightsFormat> weights_format = WeightsFormatFromName(name.Text());
      if (weights_format)
        read.weights_formats.push_back(*weights_format);
      else
        name.Note("is not a weights format");
    }
    model.tolerances.push_back(std::move(read));
  }
  const Reader legacy = config["test_kwargs"];
  for (const WeightsEntry& entry : model.weights) {
    const Reader kwargs = legacy[WeightsFormatName(entry.format)];
    if (!kwargs.is_mapping()) continue;
    ToleranceRule rule = ReadToleranceRule(kwargs, per_million);
    if (kwargs["decimal"].present())
      rule.tolerance = {.relative = 0,
                        .absolute = 1.5 * std::pow(10, -kwargs["decimal"].Number(4, 0, 20)),
                        .mismatched_per_million = 0};
    rule.weights_formats = {entry.format};
    model.tolerances.push_back(std::move(rule));
  }
}

Author ReadAuthor(const Reader& author) {
  author.AllowOnly({"name", "affiliation", "email", "github_user", "orcid"});
  return {author.Required("name").Text(), author["affiliation"].Text(), author["orcid"].Text()};
}

Citation ReadCitation(const Reader& cite) {
  cite.AllowOnly({"text", "doi", "url"});
  return {cite.Required("text").Text(), cite["doi"].Text(), cite["url"].Text()};
}

}  // namespace

void ReadCommon(const Reader& root, Format format, ModelDescription& model) {
  model.name = root.Required("name").Text();
  model.id = root["id"].Text();
  model.version = root["version"].Version();
  model.description = root["description"].Text();
  for (const Reader& author : root["authors"].Items()) model.authors.push_back(ReadAuthor(author));
  for (const Reader& cite : root["cite"].Items()) model.cite.push_back(ReadCitation(cite));
  if (root["license"].is_scalar()) model.license = root["license"].Text();
  if (const std::optional<FileReference> file = ReadFileReference(root["documentation"]))
    model.documentation = file->source;
  for (const Reader& cover : root["covers"].Items())
    if (const std::optional<FileReference> file = ReadFileReference(cover)) model.covers.push_back(file->source);
  model.tags = root["tags"].Texts();
  if (root["run_mode"].present()) root["run_mode"].Warn("is ignored: the model runs as its tensors describe");
  ReadWeights(root, format, model);
  ReadTolerances(root, format, model);
}

std::vector<Reader> TensorItems(const Reader& root, Side side) {
  constexpr std::size_t kMost = 256;
  const Reader tensors = root.Required(TensorsKey(side));
  std::vector<Reader> items = tensors.Items();
  if (tensors.is_sequence() && items.empty()) tensors.Note("needs at least one tensor");
  if (items.size() > kMost) {
    tensors.Note(fmt::format("has {} tensors, more than the {} that are read", items.size(), kMost));
    items.erase(items.begin() + kMost, items.end());
  }
  return items;
}

std::optional<FileReference> ReadFileReference(const Reader& file, std::string_view suffix) {
  if (!file.present()) return std::nullopt;
  FileReference read;
  if (file.is_mapping()) {
    file.AllowOnly({"source", "sha256"});
    read = {file.Required("source").Text(), ReadSha256(file["sha256"])};
  } else {
    read = {file.Text(), {}};
  }
  const bool is_url = read.source.find("://") != std::string::npos;
  if (!is_url && !read.source.empty() && !ToLower(read.source).ends_with(suffix))
    file.Note(fmt::format("must be a {} file, is '{}'", suffix, read.source));
  return read;
}

std::string ReadSha256(const Reader& sha256) {
  if (!sha256.present()) return {};
  // A checksum of digits only would be a number if it were not for its length.
  const std::string text = ToLower(sha256.Version());
  const auto is_hex = [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; };
  if (text.size() == 64 && std::all_of(text.begin(), text.end(), is_hex)) return text;
  sha256.Note(fmt::format("must be 64 hexadecimal digits, is '{}'", text.substr(0, 80)));
  return {};
}

DType ReadDType(const Reader& dtype, DType fallback) {
  const std::string name = dtype.Text(DTypeName(fallback));
  const std::optional<DType> read = DTypeFromName(name);
  if (!read) dtype.Note(fmt::format("'{}' is not a data type of the format", name));
  return read.value_or(fallback);
}

bool IsIdentifier(std::string_view text) {
  const auto is_inner = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  return !text.empty() && !(text[0] >= '0' && text[0] <= '9') && std::all_of(text.begin(), text.end(), is_inner);
}

std::string AxisIdFromShort(std::string_view id) {
  if (id == "b") return "batch";
  if (id == "c") return "channel";
  if (id == "i") return "index";
  if (id == "t") return "time";
  return std::string(id);
}

}  // namespace tegula::spec::internal
