#include "tegula/spec/package_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

#include "tegula/spec/sizes.h"
#include "tegula/spec/text_kinds.h"
#include "tegula/tensor/npy.h"

namespace tegula::spec {
namespace {

// Adds findings at the places of a description where files are named.
class FileChecks {
 public:
  FileChecks(const Package& package, const Limits& limits) : package_(package), limits_(limits) {}

  std::vector<Finding> Run() {
    for (const DescribedFile& file : package_.read().files) CheckFile(file);
    if (package_.read().is_model && !HasErrors(package_.read().findings)) CheckTensors();
    return std::move(findings_);
  }

 private:
  // The place of a file's name in the document; the document itself if it is not known.
  void Add(Severity severity, const DescribedFile* at, std::string sentence, std::string hint = {}) {
    Finding finding{severity, "", 0, 0, std::move(sentence), std::move(hint)};
    if (at != nullptr) {
      finding.path = at->path;
      finding.line = at->source->line;
      finding.column = at->source->column;
    }
    findings_.push_back(std::move(finding));
  }

  void CheckFile(const DescribedFile& file) {
    if (IsUrl(file.file.source)) return Add(Severity::kInfo, &file, "lies on the network and was not looked at");
    if (!seen_.insert(file.path).second) return;
    if (file.is_saved_model()) {
      const WeightsEntry* weights = package_.description().FindWeights(WeightsFormat::kTensorflowSavedModelBundle);
      if (weights == nullptr) return;
      const Result<WeightsOnDisk> found = package_.Weights(*weights);
      if (!found.ok()) Add(Severity::kError, &file, found.error().what);
      return;
    }
    const Result<Path> path = package_.File(file.file);
    if (!path.ok()) return Add(Severity::kError, &file, path.error().what);
    if (file.path.starts_with("documentation") && package_.read().is_model) CheckDocumentation(file, *path);
  }

  // The collection asks for a section that tells users how to see whether the model works on their images.
  void CheckDocumentation(const DescribedFile& file, const Path& path) {
    if (package_.description().format_version.starts_with("0.4") ||
        package_.description().format_version.starts_with("0.3"))
      return;
    const Result<std::string> text = ReadFile(path, limits_.description_bytes);
    if (!text.ok()) return Add(Severity::kError, &file, text.error().what);
    for (std::size_t begin = 0; begin < text->size();) {
      const std::size_t end = std::min(text->find('\n', begin), text->size());
      const std::string_view line = std::string_view(*text).substr(begin, end - begin);
      const std::size_t mark = line.find('#');
      if (mark != std::string_view::npos && line.find("alidation", mark) != std::string_view::npos) return;
      begin = end + 1;
    }
    Add(Severity::kWarning, &file, "has no section '# Validation' that tells how to check results");
  }

  const DescribedFile* PlaceOf(const FileReference& file, std::string_view part) const {
    for (const DescribedFile& candidate : package_.read().files)
      if (candidate.file.source == file.source && candidate.path.find(part) != std::string::npos) return &candidate;
    return nullptr;
  }

  // --- Test tensors ---

  struct Loaded {
    const TensorDescription* description;
    const DescribedFile* at;
    Tensor values;
    bool is_output;
  };

  // 0.4 never compares them with the description, so a difference is an alert there: `test` will tell.
  Severity Wrong() const {
    const std::string& version = package_.description().format_version;
    return version.starts_with("0.3") || version.starts_with("0.4") ? Severity::kAlert : Severity::kError;
  }

  void CheckTensors() {
    const ModelDescription& model = package_.description();
    std::vector<Loaded> loaded;
    for (const bool is_output : {false, true})
      for (const TensorDescription& tensor : is_output ? model.outputs : model.inputs) {
        if (!tensor.test_tensor || IsUrl(tensor.test_tensor->source)) continue;
        const DescribedFile* at = PlaceOf(*tensor.test_tensor, "test_");
        const Result<Path> path = package_.File(*tensor.test_tensor);
        if (!path.ok()) continue;  // CheckFile says so
        Result<Tensor> values = ReadNpy(*path, limits_);
        if (!values.ok()) {
          Add(Wrong(), at, values.error().what);
          continue;
        }
        loaded.push_back({&tensor, at, *std::move(values), is_output});
      }
    for (const Loaded& tensor : loaded) {
      CheckType(tensor);
      CheckValues(tensor);
      CheckSizes(tensor, loaded);
    }
  }

  void CheckType(const Loaded& tensor) {
    const DType described = tensor.description->data.dtype, found = tensor.values.dtype();
    const bool fits = IsFloat(described) ? found != DType::kBool : found == described;
    if (!fits)
      Add(Wrong(), tensor.at,
          fmt::format("holds {}, but {} is described as {}", DTypeName(found), tensor.description->id,
                      DTypeName(described)));
  }

  void CheckValues(const Loaded& tensor) {
    constexpr double kSmall = 1e-4, kMostTolerance = 0.01;
    double min = std::numeric_limits<double>::infinity(), max = -min;
    VisitDType(tensor.values.dtype(), [&]<class T>(TypeTag<T>) {
      for (const T value : tensor.values.values<T>()) {
        min = std::min(min, static_cast<double>(value));
        max = std::max(max, static_cast<double>(value));
      }
    });
    if (min > -kSmall && max < kSmall)
      Add(Wrong(), tensor.at, "holds only values around zero, which no comparison can tell from nothing");
    if (!tensor.is_output || Wrong() != Severity::kError) return;
    for (const ToleranceRule& rule : package_.description().tolerances) {
      const auto& ids = rule.output_ids;
      if (!ids.empty() && std::find(ids.begin(), ids.end(), tensor.description->id) == ids.end()) continue;
      if (rule.tolerance.absolute > kMostTolerance * max)
        Add(Severity::kError, tensor.at,
            fmt::format("has values up to {}, for which an absolute tolerance of {} is more than 1 %", max,
                        rule.tolerance.absolute));
      return;  // the first rule for an output is its rule
    }
  }

  static std::int64_t AxisSize(const Loaded& tensor, std::string_view axis_id) {
    const int index = tensor.description->AxisIndex(axis_id);
    return index < 0 || index >= tensor.values.shape().rank() ? -1 : tensor.values.shape()[index];
  }

  // Test tensors may come with or without their halo: inputs are padded by it, outputs cropped.
  std::vector<std::int64_t> SizesWithHalo(const Loaded& tensor, const Axis& axis, std::int64_t size) const {
    const std::int64_t halo =
        tensor.is_output ? axis.halo : InputHalo(package_.description(), tensor.description->id, axis.id);
    return {size, tensor.is_output ? std::max<std::int64_t>(0, size - 2 * halo) : size + 2 * halo};
  }

  void CheckSizes(const Loaded& tensor, const std::vector<Loaded>& all) {
    const std::vector<Axis>& axes = tensor.description->axes;
    if (tensor.values.shape().rank() != static_cast<int>(axes.size()))
      return Add(Wrong(), tensor.at,
                 fmt::format("has {} axes, but {} is described with {}", tensor.values.shape().rank(),
                             tensor.description->id, axes.size()));
    for (std::size_t i = 0; i < axes.size(); ++i) {
      const std::vector<std::int64_t> sizes =
          SizesWithHalo(tensor, axes[i], tensor.values.shape()[static_cast<int>(i)]);
      const auto fits = [&](std::int64_t size) { return Fits(axes[i], size, all); };
      if (std::none_of(sizes.begin(), sizes.end(), fits))
        Add(Wrong(), tensor.at,
            fmt::format("has {} positions along {}, which the description of {} does not allow", sizes.front(),
                        axes[i].id, tensor.description->id));
    }
  }

  bool Fits(const Axis& axis, std::int64_t size, const std::vector<Loaded>& all) const {
    if (axis.type == AxisType::kBatch) return true;
    if (const auto* fixed = std::get_if<FixedSize>(&axis.size)) return size == fixed->size;
    if (const auto* free = std::get_if<ParameterizedSize>(&axis.size))
      return size >= free->min && (size - free->min) % free->step == 0;
    if (const auto* range = std::get_if<DataDependentSize>(&axis.size))
      return size >= range->min && (!range->max || size <= *range->max);
    const auto* reference = std::get_if<SizeReference>(&axis.size);
    if (reference == nullptr) return true;
    for (const Loaded& other : all) {
      if (other.description->id != reference->tensor_id) continue;
      const std::int64_t target = AxisSize(other, reference->axis_id);
      return target < 0 || reference->scale.Floor(target) + reference->offset == size;
    }
    return true;  // the tensor it refers to is not here
  }

  const Package& package_;
  const Limits& limits_;
  std::vector<Finding> findings_;
  std::set<std::string> seen_;
};

}  // namespace

std::vector<Finding> CheckFiles(const Package& package, const Limits& limits) {
  return FileChecks(package, limits).Run();
}

}  // namespace tegula::spec
