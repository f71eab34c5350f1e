// What formats 0.4 and 0.5 say in the same words, and the entry point that chooses between their readers.

#include <fmt/format.h>

#include <algorithm>

#include "tegula/core/text.h"
#include "tegula/spec/rdf.h"

namespace tegula::spec {
namespace internal {
namespace {

std::optional<FileReference> ReadFile(const Reader& file) {
  if (!file.present()) return std::nullopt;
  if (file.is_scalar()) return FileReference{file.String(), {}};
  file["source"].Require();
  return FileReference{file["source"].String(), ToLower(file["sha256"].String())};
}

void ReadWeights(const Reader& weights, ModelDescription& model) {
  if (!weights.Require() || !weights.node()->is_mapping()) return;
  for (const Node::Entry& child : weights.node()->entries) {
    const Reader entry = weights[child.key];
    const std::optional<WeightsFormat> format = WeightsFormatFromName(child.key);
    if (!format) {
      entry.Note("is not a weights format");
      continue;
    }
    if (!entry.present()) continue;
    WeightsEntry read;
    read.format = *format;
    entry["source"].Require();
    read.file = {entry["source"].String(), ToLower(entry["sha256"].String())};
    for (const char* key : {"pytorch_version", "tensorflow_version", "keras_version"})
      if (entry[key].present()) read.framework_version = entry[key].String();
    if (entry["opset_version"].present()) read.opset_version = entry["opset_version"].Int(15, 1, 1000);
    read.external_data = ReadFile(entry["external_data"]);
    const Reader architecture = entry["architecture"];
    if (architecture["source"].present()) read.architecture = ReadFile(architecture);
    read.parent = entry["parent"].String();
    model.weights.push_back(std::move(read));
  }
  if (model.weights.empty()) weights.Note("needs at least one entry");
}

// config.bioimageio.reproducibility_tolerance (0.5), or the older config.bioimageio.test_kwargs.
void ReadTolerances(const Reader& root, ModelDescription& model) {
  const Reader config = root["config"]["bioimageio"];
  const bool is_04 = model.format_version.starts_with("0.4");
  const double allowed = is_04 ? 0 : 100;
  if (config["reproducibility_tolerance"].is_sequence()) {
    for (const Reader& rule : config["reproducibility_tolerance"].Items()) {
      ToleranceRule read;
      read.tolerance = {rule["relative_tolerance"].Double(1e-3), rule["absolute_tolerance"].Double(1e-3), rule["mismatched_elements_per_million"].Double(allowed)};
      read.output_ids = rule["output_ids"].Strings();
      for (const std::string& name : rule["weights_formats"].Strings())
        if (const std::optional<WeightsFormat> format = WeightsFormatFromName(name)) read.weights_formats.push_back(*format);
      model.tolerances.push_back(std::move(read));
    }
  }
  const Reader legacy = config["test_kwargs"];
  if (!legacy.is_mapping()) return;
  for (const Node::Entry& child : legacy.node()->entries) {
    const std::optional<WeightsFormat> format = WeightsFormatFromName(child.key);
    const Reader kwargs = legacy[child.key];
    if (!format || !kwargs.is_mapping()) continue;
    ToleranceRule rule{{kwargs["relative_tolerance"].Double(1e-3), kwargs["absolute_tolerance"].Double(1e-3), kwargs["mismatched_elements_per_million"].Double(allowed)}, {}, {*format}};
    if (const std::optional<double> decimal = kwargs["decimal"].OptionalDouble()) {
      rule.tolerance.relative = 0;
      rule.tolerance.absolute = 1.5;
      for (int i = 0; i < std::clamp(static_cast<int>(*decimal), 0, 20); ++i) rule.tolerance.absolute /= 10;
    }
    model.tolerances.push_back(std::move(rule));
  }
}

}  // namespace

void ReadCommon(const Reader& root, ModelDescription& model) {
  root["name"].Require();
  model.name = root["name"].String();
  model.id = root["id"].String();
  model.version = root["version"].String();
  model.description = root["description"].String();
  for (const Reader& author : root["authors"].Items()) model.authors.push_back({author["name"].String(), author["affiliation"].String(), author["orcid"].String()});
  for (const Reader& cite : root["cite"].Items()) model.cite.push_back({cite["text"].String(), cite["doi"].String(), cite["url"].String()});
  if (root["license"].is_scalar()) model.license = root["license"].String();
  if (const std::optional<FileReference> documentation = ReadFile(root["documentation"])) model.documentation = documentation->source;
  for (const Reader& cover : root["covers"].Items())
    if (const std::optional<FileReference> file = ReadFile(cover)) model.covers.push_back(file->source);
  if (root["tags"].is_sequence()) model.tags = root["tags"].Strings();
  ReadWeights(root["weights"], model);
  ReadTolerances(root, model);
}

DType ReadDType(const Reader& reader, DType fallback) {
  if (!reader.present()) return fallback;
  const std::string name = reader.String();
  const std::optional<DType> dtype = DTypeFromName(name);
  if (!dtype) reader.Note(fmt::format("'{}' is not a data type", name));
  return dtype.value_or(fallback);
}

void CheckTensors(const Reader& root, const ModelDescription& model) {
  std::vector<std::string> ids;
  for (const auto* tensors : {&model.inputs, &model.outputs}) {
    const std::string_view key = tensors == &model.inputs ? "inputs" : "outputs";
    if (tensors->empty()) root[key].Note("needs at least one tensor");
    for (const TensorDescription& tensor : *tensors) {
      if (std::find(ids.begin(), ids.end(), tensor.id) != ids.end()) root[key].Note(fmt::format("the tensor id '{}' is used twice", tensor.id));
      ids.push_back(tensor.id);
      std::vector<std::string> axes;
      for (const Axis& axis : tensor.axes) {
        if (std::find(axes.begin(), axes.end(), axis.id) != axes.end()) root[key].Note(fmt::format("tensor {} has the axis '{}' twice", tensor.id, axis.id));
        axes.push_back(axis.id);
        const auto* reference = std::get_if<SizeReference>(&axis.size);
        if (reference == nullptr) continue;
        const TensorDescription* target = model.FindInput(reference->tensor_id) != nullptr ? model.FindInput(reference->tensor_id) : model.FindOutput(reference->tensor_id);
        if (target == nullptr || target->FindAxis(reference->axis_id) == nullptr)
          root[key].Note(fmt::format("axis {} of tensor {} refers to axis {} of {}, which does not exist", axis.id, tensor.id, reference->axis_id, reference->tensor_id));
      }
    }
  }
}

}  // namespace internal

Result<ReadModel> ReadModelDescription(std::string_view yaml_text, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(const std::shared_ptr<const Node> tree, ParseYaml(yaml_text, limits));
  ReadModel result;
  const Reader root(tree.get(), "", &result.findings);
  if (!tree->is_mapping()) return CorruptError("a model description is a mapping of names to values, and this is not");
  const std::string type = root["type"].String();
  result.model.format_version = root["format_version"].String();
  const std::vector<std::string> numbers = Split(result.model.format_version, '.');
  if (result.model.format_version.empty()) return InvalidError("it does not state a format_version, so it is not a bioimage.io description");
  if (type != "model") return UnsupportedError(type.empty() ? "the description does not state its type; only models are read" : fmt::format("it describes a {}, not a model", type));
  const std::string minor = numbers.size() < 2 ? "" : numbers[0] + "." + numbers[1];
  if (minor == "0.4") {
    internal::ReadModel04(root, result.model, limits);
  } else if (minor == "0.5") {
    internal::ReadModel05(root, result.model, limits);
  } else {
    return UnsupportedError(fmt::format("format version {} is not read; versions 0.4 and 0.5 are", result.model.format_version));
  }
  internal::ReadCommon(root, result.model);
  internal::CheckTensors(root, result.model);
  return result;
}

Result<ModelDescription> ParseModelDescription(std::string_view yaml_text, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(ReadModel read, ReadModelDescription(yaml_text, limits));
  if (!read.findings.empty()) return InvalidError("the description breaks the format: " + ToString(read.findings));
  return std::move(read.model);
}

}  // namespace tegula::spec
