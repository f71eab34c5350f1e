#include "tegula/spec/sizes.h"

#include <algorithm>

#include "tegula/core/interval.h"

namespace tegula::spec {
namespace {

// Where an axis belongs; parameterized sizes are chosen by these names.
const TensorDescription* OwnerOf(const ModelDescription& model, const Axis& axis) {
  for (const std::vector<TensorDescription>* tensors : {&model.inputs, &model.outputs})
    for (const TensorDescription& tensor : *tensors)
      for (const Axis& candidate : tensor.axes)
        if (&candidate == &axis) return &tensor;
  return nullptr;
}

std::int64_t Chosen(const ModelDescription& model, const Axis& axis, const ParameterizedSize& size,
                    const SizeChoice& choice) {
  const TensorDescription* const owner = choice.size_of.empty() ? nullptr : OwnerOf(model, axis);
  const auto own = owner == nullptr ? choice.size_of.end() : choice.size_of.find({owner->id, axis.id});
  return own == choice.size_of.end() ? size.min + choice.n * size.step : own->second;
}

}  // namespace

std::optional<std::int64_t> SizeOf(const ModelDescription& model, const Axis& axis, const SizeChoice& choice) {
  if (axis.type == AxisType::kBatch) return choice.batch;
  if (const auto* fixed = std::get_if<FixedSize>(&axis.size)) return fixed->size;
  if (const auto* parameterized = std::get_if<ParameterizedSize>(&axis.size))
    return Chosen(model, axis, *parameterized, choice);
  const auto* reference = std::get_if<SizeReference>(&axis.size);
  if (reference == nullptr) return std::nullopt;
  const TensorDescription* tensor = model.FindTensor(reference->tensor_id);
  const Axis* target = tensor == nullptr ? nullptr : tensor->FindAxis(reference->axis_id);
  if (target == nullptr || std::holds_alternative<SizeReference>(target->size)) return std::nullopt;
  const std::optional<std::int64_t> size = SizeOf(model, *target, choice);
  if (!size) return std::nullopt;
  return reference->scale.Floor(*size) + reference->offset;
}

std::int64_t StepsFor(const ParameterizedSize& size, std::int64_t wanted) {
  const std::int64_t above = wanted - size.min;
  return above >= 0 ? CeilDiv(above, size.step) : -(-above / size.step);
}

std::int64_t NearestSize(const ParameterizedSize& size, std::int64_t wanted) {
  const std::int64_t n = std::max<std::int64_t>(0, StepsFor(size, wanted));
  const std::int64_t larger = size.min + n * size.step, smaller = std::max(size.min, larger - size.step);
  return wanted - smaller <= larger - wanted ? smaller : larger;
}

std::int64_t InputHalo(const ModelDescription& model, const std::string& tensor_id, const std::string& axis_id) {
  std::int64_t halo = 0;
  for (const TensorDescription& output : model.outputs)
    for (const Axis& axis : output.axes) {
      const auto* reference = std::get_if<SizeReference>(&axis.size);
      if (reference == nullptr || reference->tensor_id != tensor_id || reference->axis_id != axis_id) continue;
      halo = std::max(halo, reference->scale.Inverse().Ceil(axis.halo));
    }
  return halo;
}

bool PadsByHalo(const ModelDescription& model) {
  return !model.format_version.starts_with("0.4") && !model.format_version.starts_with("0.3");
}

}  // namespace tegula::spec
