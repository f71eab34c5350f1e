#include "tegula/spec/model_description.h"

#include <algorithm>
#include <array>

namespace tegula::spec {
namespace {

constexpr std::array<std::string_view, 7> kWeightsNames = {
    "pytorch_state_dict", "torchscript", "onnx",         "tensorflow_saved_model_bundle",
    "keras_hdf5",         "keras_v3",    "tensorflow_js"};

template <class T>
const T* FindById(const std::vector<T>& all, std::string_view id) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const T& one) { return one.id == id; });
  return found == all.end() ? nullptr : &*found;
}

template <class T>
bool EmptyOrHolds(const std::vector<T>& list, const T& value) {
  return list.empty() || std::find(list.begin(), list.end(), value) != list.end();
}

}  // namespace

const Axis* TensorDescription::FindAxis(std::string_view axis_id) const { return FindById(axes, axis_id); }

const Axis* TensorDescription::FindAxis(AxisType type) const {
  const auto found = std::find_if(axes.begin(), axes.end(), [&](const Axis& axis) { return axis.type == type; });
  return found == axes.end() ? nullptr : &*found;
}

int TensorDescription::AxisIndex(std::string_view axis_id) const {
  const Axis* found = FindAxis(axis_id);
  return found == nullptr ? -1 : static_cast<int>(found - axes.data());
}

std::string_view WeightsFormatName(WeightsFormat format) { return kWeightsNames[static_cast<std::size_t>(format)]; }

std::optional<WeightsFormat> WeightsFormatFromName(std::string_view name) {
  const auto found = std::find(kWeightsNames.begin(), kWeightsNames.end(), name);
  if (found == kWeightsNames.end()) return std::nullopt;
  return static_cast<WeightsFormat>(found - kWeightsNames.begin());
}

const TensorDescription* ModelDescription::FindInput(std::string_view tensor_id) const {
  return FindById(inputs, tensor_id);
}
const TensorDescription* ModelDescription::FindOutput(std::string_view tensor_id) const {
  return FindById(outputs, tensor_id);
}

const TensorDescription* ModelDescription::FindTensor(std::string_view tensor_id) const {
  const TensorDescription* input = FindInput(tensor_id);
  return input != nullptr ? input : FindOutput(tensor_id);
}

const WeightsEntry* ModelDescription::FindWeights(WeightsFormat format) const {
  const auto found =
      std::find_if(weights.begin(), weights.end(), [&](const WeightsEntry& entry) { return entry.format == format; });
  return found == weights.end() ? nullptr : &*found;
}

Tolerance ModelDescription::ToleranceFor(std::string_view output_id, WeightsFormat format) const {
  for (const ToleranceRule& rule : tolerances)
    if (EmptyOrHolds(rule.output_ids, std::string(output_id)) && EmptyOrHolds(rule.weights_formats, format))
      return rule.tolerance;
  return {.mismatched_per_million = format_version.starts_with("0.4") ? 0.0 : 100.0};
}

}  // namespace tegula::spec
