// What must hold between the tensors of a model, whatever its version.

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "tegula/spec/rdf_parts.h"
#include "tegula/tensor/tensor.h"

namespace tegula::spec::internal {
namespace {

// A tensor with the place where it is described.
struct Place {
  const Reader& root;
  const ModelDescription& model;
  Format format;
  Side side;
  std::size_t index;

  const TensorDescription& tensor() const { return side == Side::kInput ? model.inputs[index] : model.outputs[index]; }
  Reader At() const { return root[TensorsKey(side)][index]; }
  Reader AtId() const { return At()[format == Format::k04 ? "name" : "id"]; }
  /// Where an axis' size (or in 0.4 the list with all of them) is described.
  Reader AtSize(std::size_t axis) const { return format == Format::k04 ? At()["shape"] : At()["axes"][axis]["size"]; }
  Reader AtHalo(std::size_t axis) const {
    return format == Format::k04 ? At()["halo"][axis] : At()["axes"][axis]["halo"];
  }
};

void CheckIds(const Place& place, std::set<std::string_view>& ids) {
  const TensorDescription& tensor = place.tensor();
  if (!tensor.id.empty() && !ids.insert(tensor.id).second)
    place.AtId().Note(fmt::format("the tensor id '{}' is used twice", tensor.id));
  std::set<std::string_view> axes;
  for (const Axis& axis : tensor.axes)
    if (!axes.insert(axis.id).second) place.At()["axes"].Note(fmt::format("the axis id '{}' is used twice", axis.id));
  if (tensor.axes.size() > static_cast<std::size_t>(kMaxRank))
    place.At()["axes"].Note(fmt::format("has {} axes, more than the {} that are read", tensor.axes.size(), kMaxRank));
}

// Sizes follow from sizes that stand on their own: those of inputs, and for outputs of other outputs.
const Axis* FindTarget(const Place& place, std::size_t index, const SizeReference& reference) {
  const Reader at = place.AtSize(index);
  const TensorDescription* tensor = place.side == Side::kInput || place.format == Format::k04
                                        ? place.model.FindInput(reference.tensor_id)
                                        : place.model.FindTensor(reference.tensor_id);
  if (tensor == nullptr) {
    at.Note(fmt::format("refers to the tensor '{}', which {}", reference.tensor_id,
                        place.model.FindTensor(reference.tensor_id) == nullptr ? "does not exist" : "is not an input"));
    return nullptr;
  }
  const Axis* target = tensor->FindAxis(reference.axis_id);
  if (target == nullptr)
    at.Note(
        fmt::format("refers to the axis '{}' of '{}', which does not exist", reference.axis_id, reference.tensor_id));
  return target;
}

// What 0.5 demands of a reference beyond its target being there.
void CheckTarget05(const Place& place, std::size_t index, const Axis& target) {
  const Axis& axis = place.tensor().axes[index];
  const Reader at = place.AtSize(index);
  if (!std::holds_alternative<FixedSize>(target.size) && !std::holds_alternative<ParameterizedSize>(target.size))
    at.Note("must refer to an axis whose size is a number, or min and step");
  if (target.type == AxisType::kBatch) at.Note("must not refer to a batch axis");
  if (axis.unit != target.unit)
    at.Note(fmt::format("refers to an axis in '{}', but this axis is in '{}'", target.unit, axis.unit),
            "both axes need the same unit");
}

// The smallest size that an axis can have, before its halo is cropped.
std::int64_t SmallestSize(const AxisSize& size, const Axis* target) {
  if (const auto* fixed = std::get_if<FixedSize>(&size)) return fixed->size;
  if (const auto* parameterized = std::get_if<ParameterizedSize>(&size)) return parameterized->min;
  const auto* reference = std::get_if<SizeReference>(&size);
  if (reference == nullptr || target == nullptr) return 1;
  if (std::holds_alternative<SizeReference>(target->size)) return 1;
  return reference->scale.Floor(SmallestSize(target->size, nullptr)) + reference->offset;
}

void CheckSize(const Place& place, std::size_t index) {
  const Axis& axis = place.tensor().axes[index];
  const auto* reference = std::get_if<SizeReference>(&axis.size);
  const Axis* target = reference == nullptr ? nullptr : FindTarget(place, index, *reference);
  if (reference != nullptr && target == nullptr) return;
  if (target != nullptr && place.format == Format::k05) CheckTarget05(place, index, *target);
  const std::int64_t smallest = SmallestSize(axis.size, target);
  if (smallest < 1) return place.AtSize(index).Note(fmt::format("axis {} can be as small as {}", axis.id, smallest));
  const bool is_known =
      !std::holds_alternative<AnySize>(axis.size) && !std::holds_alternative<DataDependentSize>(axis.size);
  if (is_known && smallest - 2 * axis.halo < 1)
    place.AtHalo(index).Note(fmt::format("a halo of {} leaves nothing of axis {}, which can be as small as {}",
                                         axis.halo, axis.id, smallest));
  if (reference != nullptr && !reference->scale.Inverse().Divides(axis.halo))
    place.AtHalo(index).Note(
        fmt::format("a halo of {} is not a whole number of pixels of '{}'", axis.halo, reference->tensor_id));
}

// 0.4: the axes of an output that are not new are as many as those of the tensor it refers to.
void CheckReferenceRank04(const Place& place) {
  const Reader shape = place.At()["shape"];
  const TensorDescription* target =
      place.model.FindInput(shape["reference_tensor"].is_scalar() ? shape["reference_tensor"].Written() : "");
  if (target == nullptr) return;
  std::size_t scales = 0;
  for (const Reader& scale : shape["scale"].Items()) scales += static_cast<std::size_t>(scale.present());
  if (scales != target->axes.size())
    shape["scale"].Note(fmt::format("has {} scales for the {} axes of '{}'", scales, target->axes.size(), target->id));
}

// Ops take statistics of their own tensor or of an input.
void CheckReferencedTensors(const Place& place) {
  const Reader ops = place.At()[OpsKey(place.side)];
  if (!ops.is_sequence()) return;
  for (const Reader& op : ops.Items()) {
    const Reader reference = op["kwargs"]["reference_tensor"];
    if (!reference.is_scalar()) continue;
    const std::string id = reference.Written();
    const TensorDescription* target = place.model.FindInput(id);
    if (target == nullptr)
      reference.Note(fmt::format("'{}' is not an input of this model", id));
    else if (place.format == Format::k04 && place.side == Side::kInput && id == place.tensor().id)
      reference.Note("must be another input");
  }
}

}  // namespace

void CheckTensors(const Reader& root, Format format, const ModelDescription& model) {
  std::set<std::string_view> ids;
  for (const Side side : {Side::kInput, Side::kOutput}) {
    const std::size_t count = (side == Side::kInput ? model.inputs : model.outputs).size();
    for (std::size_t i = 0; i < count; ++i) {
      const Place place{root, model, format, side, i};
      CheckIds(place, ids);
      for (std::size_t axis = 0; axis < place.tensor().axes.size(); ++axis) CheckSize(place, axis);
      if (format == Format::k04 && side == Side::kOutput) CheckReferenceRank04(place);
      CheckReferencedTensors(place);
    }
  }
}

}  // namespace tegula::spec::internal
