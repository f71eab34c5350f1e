#include "tegula/spec/format_update.h"

#include <fmt/format.h>

#include <algorithm>

#include "tegula/core/text.h"
#include "tegula/spec/licenses.h"
#include "tegula/spec/text_kinds.h"
#include "tegula/spec/tree_edit.h"
#include "tegula/spec/yaml_writer.h"

namespace tegula::spec {
namespace {

using internal::Change;
using internal::Get;
using internal::IsText;
using internal::List;
using internal::Mapping;
using internal::Number;
using internal::Plain;
using internal::Text;

constexpr const char* kNewest = "0.5.14";

std::string WrittenIn(const NodePointer& scalar) {
  return scalar != nullptr && scalar->is_scalar() && !scalar->is_null() ? scalar->text : std::string();
}

NodePointer SourceMapping(const NodePointer& plain) { return IsText(plain) ? Mapping({{"source", plain}}) : plain; }

NodePointer ListOrNothing(std::vector<NodePointer> items) { return items.empty() ? nullptr : List(std::move(items)); }

NodePointer TextList(const std::vector<std::string>& texts) {
  std::vector<NodePointer> items;
  for (const std::string& text : texts) items.push_back(Text(text));
  return List(std::move(items));
}

NodePointer NumberOrList(const std::vector<double>& values, bool as_list) {
  if (!as_list && values.size() == 1) return Number(values.front());
  std::vector<NodePointer> items;
  for (const double value : values) items.push_back(Number(value));
  return List(std::move(items));
}

// --- Operations ---

NodePointer AxesNode(const StatisticAxes& axes) { return axes ? TextList(*axes) : nullptr; }
NodePointer NumberNode(const std::optional<double>& value) { return value ? Number(*value) : nullptr; }
NodePointer TextNode(const std::string& text) { return text.empty() ? nullptr : Text(text); }

// The arguments of an operation in 0.5; null if it has none.
struct KwargsOf {
  NodePointer operator()(const Binarize& op) const {
    return Mapping({{"threshold", NumberOrList(op.threshold, !op.axis.empty())}, {"axis", TextNode(op.axis)}});
  }
  NodePointer operator()(const Clip& op) const {
    return Mapping({{"min", NumberNode(op.min)},
                    {"max", NumberNode(op.max)},
                    {"min_percentile", NumberNode(op.min_percentile)},
                    {"max_percentile", NumberNode(op.max_percentile)},
                    {"axes", AxesNode(op.axes)}});
  }
  NodePointer operator()(const EnsureDtype& op) const { return Mapping({{"dtype", Text(DTypeName(op.dtype))}}); }
  NodePointer operator()(const FixedZeroMeanUnitVariance& op) const {
    return Mapping({{"mean", NumberOrList(op.mean, !op.axis.empty())},
                    {"std", NumberOrList(op.std, !op.axis.empty())},
                    {"axis", TextNode(op.axis)}});
  }
  NodePointer operator()(const ScaleLinear& op) const {
    return Mapping({{"gain", NumberOrList(op.gain, !op.axis.empty() && op.gain.size() > 1)},
                    {"offset", NumberOrList(op.offset, !op.axis.empty() && op.offset.size() > 1)},
                    {"axis", TextNode(op.axis)}});
  }
  NodePointer operator()(const ScaleMeanVariance& op) const {
    return Mapping(
        {{"reference_tensor", Text(op.reference_tensor)}, {"axes", AxesNode(op.axes)}, {"eps", Number(op.eps)}});
  }
  NodePointer operator()(const ScaleRange& op) const {
    return Mapping({{"axes", AxesNode(op.axes)},
                    {"min_percentile", Number(op.min_percentile)},
                    {"max_percentile", Number(op.max_percentile)},
                    {"eps", Number(op.eps)},
                    {"reference_tensor", TextNode(op.reference_tensor)}});
  }
  NodePointer operator()(const Sigmoid&) const { return nullptr; }
  NodePointer operator()(const Softmax& op) const { return Mapping({{"axis", Text(op.axis)}}); }
  NodePointer operator()(const ZeroMeanUnitVariance& op) const {
    return Mapping({{"axes", AxesNode(op.axes)}, {"eps", Number(op.eps)}});
  }
  NodePointer operator()(const StardistPostprocessing&) const { return nullptr; }  // 0.4 has none of these
  NodePointer operator()(const CellposeFlowDynamics&) const { return nullptr; }
  NodePointer operator()(const UnsupportedOp&) const { return nullptr; }
};

NodePointer OpsNode(const std::vector<OpDescription>& ops) {
  std::vector<NodePointer> items;
  for (const OpDescription& op : ops)
    items.push_back(Mapping({{"id", Text(OpId(op))}, {"kwargs", std::visit(KwargsOf{}, op)}}));
  return List(std::move(items));
}

// --- From 0.4 ---

// Writes a model of 0.4 field by field; what cannot be said becomes a note. One thread at a time.
class From04 {
 public:
  explicit From04(const ReadDescription& read) : root_(read.tree), model_(read.model) {}

  UpdatedDescription Notes() && { return {{}, std::move(notes_)}; }

  NodePointer Root() {
    for (const std::string_view dropped : {"download_url", "rdf_source"})
      if (const NodePointer value = Get(root_, dropped); value != nullptr && !value->is_null())
        Note("{} is no longer a field of the format: '{}' was left out", dropped, WrittenIn(value));
    return Mapping({{"type", Text("model")},
                    {"format_version", Text(kNewest)},
                    {"id", NonNull("id")},
                    {"id_emoji", NonNull("id_emoji")},
                    {"version", Version()},
                    {"name", Text(Name())},
                    {"description", Text(Cut(model_.description, 1024, "description"))},
                    {"authors", People(Get(root_, "authors"))},
                    {"maintainers", People(Get(root_, "maintainers"))},
                    {"packaged_by", People(Get(root_, "packaged_by"))},
                    {"uploader", NonNull("uploader")},
                    {"cite", Citations()},
                    {"license", License()},
                    {"documentation", Documentation()},
                    {"covers", Covers()},
                    {"icon", SourceIfFile(NonNull("icon"))},
                    {"attachments", Attachments()},
                    {"git_repo", Address("git_repo")},
                    {"tags", NonNull("tags")},
                    {"links", NonNull("links")},
                    {"timestamp", NonNull("timestamp")},
                    {"training_data", Link("training_data")},
                    {"run_mode", NonNull("run_mode")},
                    {"inputs", Tensors(model_.inputs, true)},
                    {"outputs", Tensors(model_.outputs, false)},
                    {"weights", Weights()},
                    {"config", NonNull("config")}});
  }

 private:
  template <class... Args>
  void Note(fmt::format_string<Args...> format, Args&&... args) {
    notes_.push_back(fmt::format(format, std::forward<Args>(args)...));
  }

  NodePointer NonNull(std::string_view key) const {
    const NodePointer value = Get(root_, key);
    return value == nullptr || value->is_null() ? nullptr : value;
  }

  std::string Cut(const std::string& text, std::size_t most, std::string_view what) {
    if (CountCharacters(text) <= most) return text;
    Note("{} was longer than {} characters and was cut", what, most);
    return Shortened(text, most - 3);
  }

  std::string Name() {
    constexpr std::size_t kShortest = 5, kLongest = 128;
    std::string name;
    for (const char c : model_.name) name += IsPlainName(std::string_view(&c, 1)) ? c : ' ';
    if (name != model_.name)
      Note("characters of the name '{}' that the format does not allow became spaces", model_.name);
    while (name.size() < kShortest) name += name.size() + 1 == kShortest ? '_' : ' ';
    return Cut(name, kLongest, "name");
  }

  NodePointer Version() {
    if (NodePointer version = NonNull("version")) return version;
    return NonNull("version_number");
  }

  NodePointer People(const NodePointer& people) {
    if (people == nullptr) return nullptr;
    return internal::EachItem(people, [](const NodePointer& person) {
      if (IsText(person)) return Mapping({{"name", WithoutSlashes(person)}});
      return internal::Changed(person, "name", WithoutSlashes);
    });
  }
  static NodePointer WithoutSlashes(const NodePointer& name) {
    if (!IsText(name)) return name;
    std::string text = name->text;
    std::erase_if(text, [](char c) { return c == '/' || c == '\\'; });
    return internal::TextLike(name, std::move(text));
  }

  NodePointer Citations() {
    std::vector<NodePointer> items;
    for (const Citation& cite : model_.cite) {
      const bool has_url = !cite.url.empty() && IsUrl(cite.url);
      if (cite.doi.empty() && IsDoi(cite.url)) {
        items.push_back(Mapping({{"text", Text(cite.text)}, {"doi", Text(cite.url)}}));
        continue;
      }
      if (!cite.url.empty() && !has_url) Note("the citation's url '{}' is no address and was left out", cite.url);
      if (cite.doi.empty() && !has_url) {
        Note("the citation '{}' has neither doi nor url any more and was left out", Shortened(cite.text, 60));
        continue;
      }
      items.push_back(Mapping(
          {{"text", Text(cite.text)}, {"doi", TextNode(cite.doi)}, {"url", has_url ? Text(cite.url) : nullptr}}));
    }
    return ListOrNothing(std::move(items));
  }

  NodePointer License() {
    if (KindOfLicense(model_.license) != LicenseKind::kUnknown) return Text(model_.license);
    Note("the licence '{}' is not an identifier of SPDX and was left out: choose one of https://spdx.org/licenses",
         Shortened(model_.license, 60));
    return nullptr;
  }

  NodePointer Documentation() {
    if (SuffixOf(FileNameOf(model_.documentation)) == ".md") return Mapping({{"source", Text(model_.documentation)}});
    Note("the documentation '{}' is no .md file and was left out", model_.documentation);
    return nullptr;
  }

  NodePointer Covers() {
    std::vector<NodePointer> items;
    for (const std::string& cover : model_.covers) {
      const std::string suffix = ToLower(SuffixOf(FileNameOf(cover)));
      if (suffix == ".tif" || suffix == ".tiff")
        Note("the cover '{}' is a TIFF, which the format no longer takes, and was left out", cover);
      else
        items.push_back(Mapping({{"source", Text(cover)}}));
    }
    return ListOrNothing(std::move(items));
  }

  static NodePointer SourceIfFile(const NodePointer& icon) {
    return icon != nullptr && CountCharacters(icon->text) > 2 ? SourceMapping(icon) : icon;
  }

  // Those of weights stand with the others now.
  NodePointer Attachments() {
    std::vector<NodePointer> items;
    const auto add = [&](const NodePointer& attachments, std::string_view where) {
      if (attachments == nullptr || !attachments->is_mapping()) return;
      for (const Node::Entry& entry : attachments->entries) {
        if (entry.key != "files") {
          Note("{}.{} is no list of files and was left out", where, entry.key);
          continue;
        }
        for (const NodePointer& file : entry.value->items) items.push_back(SourceMapping(file));
      }
    };
    add(Get(root_, "attachments"), "attachments");
    for (const WeightsEntry& entry : model_.weights)
      add(Get(Get(Get(root_, "weights"), WeightsFormatName(entry.format)), "attachments"),
          fmt::format("weights.{}.attachments", WeightsFormatName(entry.format)));
    return ListOrNothing(std::move(items));
  }

  NodePointer Address(std::string_view key) {
    NodePointer value = NonNull(key);
    if (value == nullptr || IsUrl(WrittenIn(value))) return value;
    Note("{} '{}' is no address and was left out", key, WrittenIn(value));
    return nullptr;
  }

  // {id, version_number} is {id: id/version_number}; a whole description of a dataset stays as it is.
  NodePointer Link(std::string_view key) const {
    NodePointer link = NonNull(key);
    const NodePointer id = Get(link, "id"), number = Get(link, "version_number");
    if (id == nullptr || Get(link, "name") != nullptr) return link;
    const std::string version = WrittenIn(number);
    return Mapping({{"id", Text(ToLower(WrittenIn(id)) + (version.empty() ? "" : "/" + version))}});
  }

  // --- Tensors ---

  NodePointer Tensors(const std::vector<TensorDescription>& tensors, bool is_input) {
    std::vector<NodePointer> items;
    for (const TensorDescription& tensor : tensors) {
      std::vector<OpDescription> ops = tensor.ops;
      // 0.5 gives outputs the type that they are described with.
      if (!is_input && !ops.empty()) ops.back() = EnsureDtype{tensor.data.dtype};
      // and does not cast what the network gives, which 0.4 does before its operations.
      if (!is_input && ops.size() > 1 && std::holds_alternative<EnsureDtype>(ops.front())) ops.erase(ops.begin());
      items.push_back(Mapping({{"id", Text(tensor.id)},
                               {"description", TextNode(Cut(tensor.description, 128, tensor.id + ".description"))},
                               {"axes", Axes(tensor, is_input)},
                               {"data", Data(tensor)},
                               {"test_tensor", File(tensor.test_tensor)},
                               {"sample_tensor", File(tensor.sample_tensor)},
                               {is_input ? "preprocessing" : "postprocessing", OpsNode(ops)}}));
    }
    return List(std::move(items));
  }

  static NodePointer File(const std::optional<FileReference>& file) {
    return file ? Mapping({{"source", Text(file->source)}}) : nullptr;
  }

  static NodePointer Data(const TensorDescription& tensor) {
    if (tensor.data.dtype == DType::kBool)
      return Mapping({{"type", Text("bool")}, {"values", List({Plain("false"), Plain("true")})}});
    const auto bound = [](const std::optional<double>& value) { return value ? Number(*value) : Plain("null"); };
    const bool has_range = tensor.data.min || tensor.data.max;
    return Mapping({{"type", Text(DTypeName(tensor.data.dtype))},
                    {"range", has_range ? List({bound(tensor.data.min), bound(tensor.data.max)}) : nullptr}});
  }

  NodePointer Axes(const TensorDescription& tensor, bool is_input) {
    std::vector<NodePointer> items;
    for (const Axis& axis : tensor.axes) {
      switch (axis.type) {
        case AxisType::kBatch: items.push_back(Mapping({{"type", Text("batch")}})); break;
        case AxisType::kChannel:
          items.push_back(Mapping({{"type", Text("channel")}, {"channel_names", TextList(axis.channel_names)}}));
          break;
        default: items.push_back(SizedAxis(tensor, axis, is_input)); break;
      }
    }
    return List(std::move(items));
  }

  NodePointer SizedAxis(const TensorDescription& tensor, const Axis& axis, bool is_input) {
    const bool is_index = axis.type == AxisType::kIndex;
    const char* const type = is_index ? "index" : axis.type == AxisType::kTime ? "time" : "space";
    AxisSize size = axis.size;
    std::int64_t halo = is_input ? 0 : axis.halo;
    if (halo > 0 && is_index) {
      Note("the halo {} of {}.{} was left out: index axes have none", halo, tensor.id, axis.id);
      halo = 0;
    }
    if (halo > 0 && std::holds_alternative<FixedSize>(size)) size = AsReference(tensor, axis, halo);
    const auto* reference = std::get_if<SizeReference>(&size);
    const bool is_scaled = reference != nullptr && !reference->scale.is_one();
    if (is_scaled && is_index)
      Note("{}.{} depends on another axis by a factor, which index axes cannot say", tensor.id, axis.id);
    return Mapping({{"type", Text(type)},
                    {"id", Text(axis.id)},
                    {"size", Size(size)},
                    {"scale", is_scaled && !is_index ? Number(reference->scale.Inverse().value()) : nullptr},
                    {"halo", halo > 0 ? Number(halo) : nullptr}});
  }

  // 0.5 has halos only on sizes that refer to another axis; a fixed size can refer to a fixed size.
  AxisSize AsReference(const TensorDescription& tensor, const Axis& axis, std::int64_t& halo) {
    for (const TensorDescription& input : model_.inputs) {
      const Axis* const other = input.FindAxis(axis.id);
      const auto* const fixed = other == nullptr ? nullptr : std::get_if<FixedSize>(&other->size);
      if (fixed != nullptr)
        return SizeReference{input.id, axis.id, {}, std::get<FixedSize>(axis.size).size - fixed->size};
    }
    Note("the halo {} of {}.{} was left out: no input has a fixed size along this axis to refer to", halo, tensor.id,
         axis.id);
    halo = 0;
    return axis.size;
  }

  static NodePointer Size(const AxisSize& size) {
    if (const auto* fixed = std::get_if<FixedSize>(&size)) return Number(fixed->size);
    if (const auto* free = std::get_if<ParameterizedSize>(&size))
      return Mapping({{"min", Number(free->min)}, {"step", Number(free->step)}});
    const auto* reference = std::get_if<SizeReference>(&size);
    if (reference == nullptr) return Number(std::int64_t{1});
    return Mapping({{"tensor_id", Text(reference->tensor_id)},
                    {"axis_id", Text(reference->axis_id)},
                    {"offset", reference->offset == 0 ? nullptr : Number(reference->offset)}});
  }

  // --- Weights ---

  // A version that 0.5 demands and 0.4 did not.
  NodePointer Framework(const NodePointer& entry, std::string_view name, std::string_view key, NodePointer usual) {
    NodePointer stated = Get(entry, key);
    if (stated != nullptr && !stated->is_null()) return stated;
    Note("weights.{}.{} was not stated; {} was written, please check", name, key, usual->text);
    return usual;
  }

  NodePointer Weights() {
    std::vector<std::pair<std::string_view, NodePointer>> entries;
    const NodePointer all = Get(root_, "weights");
    for (const WeightsEntry& weights : model_.weights) {
      const std::string_view name = WeightsFormatName(weights.format);
      entries.emplace_back(name, Entry(Get(all, name), name, weights));
    }
    return Mapping(entries);
  }

  NodePointer Entry(const NodePointer& old, std::string_view name, const WeightsEntry& weights) {
    const bool is_torch =
        weights.format == WeightsFormat::kTorchscript || weights.format == WeightsFormat::kPytorchStateDict;
    const bool is_onnx = weights.format == WeightsFormat::kOnnx;
    const auto stated = [&](std::string_view key) {
      const NodePointer value = Get(old, key);
      return value == nullptr || value->is_null() ? nullptr : value;
    };
    return Mapping(
        {{"source", Get(old, "source")},
         {"sha256", stated("sha256")},
         {"authors", People(stated("authors"))},
         {"parent", stated("parent")},
         {"pytorch_version", is_torch ? Framework(old, name, "pytorch_version", Text("1.10")) : nullptr},
         {"opset_version", is_onnx ? Framework(old, name, "opset_version", Plain("15")) : nullptr},
         {"tensorflow_version",
          !is_torch && !is_onnx ? Framework(old, name, "tensorflow_version", Text("1.15")) : nullptr},
         {"architecture", weights.format == WeightsFormat::kPytorchStateDict ? Architecture(old, weights) : nullptr},
         {"dependencies", Dependencies(old, name, weights)}});
  }

  static NodePointer Architecture(const NodePointer& old, const WeightsEntry& weights) {
    const std::string written(Trim(WrittenIn(Get(old, "architecture"))));
    const NodePointer kwargs = Get(old, "kwargs");
    if (weights.architecture && !weights.architecture->file.source.empty())
      return Mapping({{"source", Text(weights.architecture->file.source)},
                      {"sha256", TextNode(weights.architecture->file.sha256)},
                      {"callable", Text(written.substr(written.rfind(':') + 1))},
                      {"kwargs", kwargs}});
    const std::size_t dot = written.rfind('.');
    return Mapping({{"import_from", Text(written.substr(0, dot))},
                    {"callable", Text(written.substr(dot + 1))},
                    {"kwargs", kwargs}});
  }

  NodePointer Dependencies(const NodePointer& old, std::string_view name, const WeightsEntry& weights) {
    const std::string written(Trim(WrittenIn(Get(old, "dependencies"))));
    if (written.empty()) return nullptr;
    constexpr std::string_view kConda = "conda:";
    const bool may_have = weights.format == WeightsFormat::kPytorchStateDict ||
                          weights.format == WeightsFormat::kTensorflowSavedModelBundle;
    const std::string file = written.starts_with(kConda) ? written.substr(kConda.size()) : "";
    const std::string_view suffix = SuffixOf(FileNameOf(file));
    if (may_have && (suffix == ".yaml" || suffix == ".yml")) return Mapping({{"source", Text(file)}});
    Note("weights.{}.dependencies '{}' can no longer be stated and was left out", name, written);
    return nullptr;
  }

  NodePointer root_;
  const ModelDescription& model_;
  std::vector<std::string> notes_;
};

// Within 0.5 only files are written differently.
NodePointer From05(NodePointer root) {
  root = internal::Changed(root, "documentation", SourceMapping);
  root = internal::Changed(root, "covers",
                           [](const NodePointer& covers) { return internal::EachItem(covers, SourceMapping); });
  root = internal::Changed(root, "icon", [](const NodePointer& icon) {
    return IsText(icon) && CountCharacters(icon->text) > 2 ? SourceMapping(icon) : icon;
  });
  return internal::With(root, "format_version", Text(kNewest));
}

}  // namespace

Result<UpdatedDescription> UpdateFormat(const ReadDescription& read) {
  if (!read.is_model) return UnsupportedError(fmt::format("it describes a {}, and only models are updated", read.type));
  if (HasErrors(read.findings))
    return InvalidError("only valid descriptions are updated, and this one is not: " + JoinErrors(read.findings));
  UpdatedDescription updated;
  NodePointer tree;
  if (read.model.format_version.starts_with("0.5") || Get(read.tree, "test_inputs") == nullptr) {
    tree = From05(read.tree);
  } else {
    From04 from(read);
    tree = from.Root();
    updated = std::move(from).Notes();
  }
  TEGULA_ASSIGN_OR_RETURN(updated.yaml, WriteYaml(*tree));
  return updated;
}

}  // namespace tegula::spec
