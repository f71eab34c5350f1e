#include "tegula/pipeline/probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tegula/core/random.h"
#include "tegula/pipeline/whole.h"
#include "tegula/spec/sizes.h"
#include "tegula/tensor/kernels.h"

namespace tegula::pipeline {
namespace {

// Enough lines for a dead unit on some of them not to matter, in planes and in volumes.
constexpr std::int64_t kCross = 64, kCrossInVolumes = 32;
constexpr std::int64_t kOriginGrid = 128;        // windows in the middle of the example begin at multiples of this
constexpr std::int64_t kSmallestScale = 64;      // of an output: one of its pixels for so many
constexpr std::int64_t kMostElements = 1 << 28;  // of one input
constexpr std::size_t kSessions = 4;
constexpr std::uint64_t kNoiseSeed = 1, kChangeSeed = 2, kSparseSeed = 3;

bool IsAlongImage(const spec::Axis& axis) {
  return axis.type == spec::AxisType::kSpace || axis.type == spec::AxisType::kTime;
}

// The input that most axes of other tensors refer to.
std::size_t LeadOf(const spec::ModelDescription& model) {
  std::vector<std::int64_t> references(model.inputs.size(), 0);
  for (const std::vector<spec::TensorDescription>* tensors : {&model.inputs, &model.outputs})
    for (const spec::TensorDescription& tensor : *tensors)
      for (const spec::Axis& axis : tensor.axes)
        if (const auto* reference = std::get_if<spec::SizeReference>(&axis.size))
          for (std::size_t i = 0; i < model.inputs.size(); ++i)
            references[i] += static_cast<std::int64_t>(model.inputs[i].id == reference->tensor_id);
  return static_cast<std::size_t>(std::max_element(references.begin(), references.end()) - references.begin());
}

// In pixels of the lead input, whether the outputs refer to it or have fixed sizes.
std::int64_t DeclaredHalo(const spec::ModelDescription& model, const spec::TensorDescription& lead,
                          const spec::Axis& axis) {
  std::int64_t halo = spec::InputHalo(model, lead.id, axis.id);
  for (const spec::TensorDescription& output : model.outputs)
    if (const spec::Axis* const same = output.FindAxis(axis.id))
      if (std::holds_alternative<spec::FixedSize>(same->size)) halo = std::max(halo, same->halo);
  return halo;
}

bool DependsOnData(const spec::TensorDescription& tensor) {
  return std::any_of(tensor.axes.begin(), tensor.axes.end(),
                     [](const spec::Axis& axis) { return std::holds_alternative<spec::DataDependentSize>(axis.size); });
}

Result<Tensor> AsDoubles(const Tensor& tensor, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(Tensor doubles, Tensor::Allocate(DType::kF64, tensor.shape(), limits));
  ConvertCopy(tensor.view(), doubles.view());
  return doubles;
}

double Uniform(std::uint64_t hash) { return static_cast<double>(hash >> 11) * 0x1p-53; }

}  // namespace

Result<Probe> Probe::Make(const spec::ModelDescription& model, const engines::Network& network,
                          std::vector<Tensor> sample, const RunContext& context) {
  if (sample.empty() || sample.size() > model.inputs.size())
    return InvalidError(
        fmt::format("a model with {} inputs cannot be probed with {} tensors", model.inputs.size(), sample.size()));
  Probe probe(model, network, context);
  probe.lead_ = LeadOf(model);
  if (probe.lead_ >= sample.size()) return InvalidError("the sizes of the model refer to an input that is not given");
  const spec::TensorDescription& lead = model.inputs[probe.lead_];
  const Shape& shape = sample[probe.lead_].shape();
  for (std::size_t i = 0; i < lead.axes.size() && static_cast<int>(i) < shape.rank(); ++i) {
    const spec::Axis& axis = lead.axes[i];
    if (!IsAlongImage(axis)) continue;
    const std::int64_t size = shape[static_cast<int>(i)];
    const auto* const free = std::get_if<spec::ParameterizedSize>(&axis.size);
    probe.axes_.push_back({axis.id,
                           free == nullptr ? tiling::SizeRule{size, 0} : tiling::SizeRule{free->min, free->step}, size,
                           DeclaredHalo(model, lead, axis)});
  }
  for (std::size_t i = 0; i < sample.size(); ++i) TEGULA_TRY(probe.AddInput(i, std::move(sample[i])));
  return probe;
}

Status Probe::AddInput(std::size_t index, Tensor sample) {
  const spec::TensorDescription& description = model_->inputs[index];
  if (sample.shape().rank() != static_cast<int>(description.axes.size()) || sample.elements() == 0)
    return InvalidError(fmt::format("the example of input {} has shape {}, but the model describes {} axes",
                                    description.id, ToString(sample.shape()), description.axes.size()));
  const std::string& lead = model_->inputs[lead_].id;
  Input input;
  input.dtype = sample.dtype();
  TEGULA_ASSIGN_OR_RETURN(input.sample, AsDoubles(sample, context_->limits));
  for (std::size_t i = 0; i < description.axes.size(); ++i) {
    const spec::Axis& axis = description.axes[i];
    Source source;
    source.size = sample.shape()[static_cast<int>(i)];
    if (axis.type == spec::AxisType::kBatch && !std::holds_alternative<spec::FixedSize>(axis.size)) source.size = 1;
    const auto* const reference = std::get_if<spec::SizeReference>(&axis.size);
    const bool refers = reference != nullptr && reference->tensor_id == lead;
    const bool is_free = IsAlongImage(axis) && std::holds_alternative<spec::ParameterizedSize>(axis.size);
    for (std::size_t a = 0; a < axes_.size(); ++a) {
      const bool follows = index == lead_ ? axis.id == axes_[a].id
                           : refers       ? reference->axis_id == axes_[a].id
                                          : is_free && axis.id == axes_[a].id;
      if (!follows) continue;
      source.lead_axis = static_cast<int>(a);
      if (refers) source.scale = reference->scale, source.offset = reference->offset;
    }
    input.sources.push_back(source);
  }
  double low = INFINITY, high = -INFINITY;
  for (const double value : std::as_const(input.sample).values<double>())
    if (std::isfinite(value)) low = std::min(low, value), high = std::max(high, value);
  if (low <= high) input.low = low, input.range = high > low ? high - low : 1;
  inputs_.push_back(std::move(input));
  return Ok();
}

void Probe::FixSizes() {
  for (ProbeAxis& axis : axes_) axis.sizes = {axis.sample, 0};
}

std::int64_t Probe::ValidSize(std::size_t axis, std::int64_t wanted) const {
  const tiling::SizeRule& sizes = axes_[axis].sizes;
  return sizes.is_fixed() ? sizes.min : tiling::PaddedSize({.sizes = sizes}, wanted);
}

std::int64_t Probe::CrossSize(std::size_t axis) const {
  return ValidSize(axis, std::min(axes_[axis].sample, axes_.size() > 2 ? kCrossInVolumes : kCross));
}

std::int64_t Probe::Pixels(std::size_t axis, std::int64_t size) const {
  std::int64_t pixels = size;
  for (std::size_t a = 0; a < axes_.size(); ++a) pixels *= a == axis ? 1 : CrossSize(a);
  return pixels;
}

bool Probe::MovesWhole(std::size_t axis, std::int64_t shift) const {
  for (const Input& input : inputs_)
    for (const Source& source : input.sources)
      if (source.lead_axis == static_cast<int>(axis) && !source.scale.Divides(shift)) return false;
  return true;
}

Result<Tensor> Probe::MakeInput(std::size_t index, const ProbeScene& scene) const {
  const Input& input = inputs_[index];
  const int rank = static_cast<int>(input.sources.size());
  // Per axis: the sample's index of every pixel, its place in an endless image, and whether it may change.
  std::vector<std::vector<std::int64_t>> from(input.sources.size()), place(input.sources.size());
  std::vector<std::vector<bool>> changes(input.sources.size());
  Shape shape = input.sample.shape();
  bool is_along = false;
  for (int a = 0; a < rank; ++a) {
    const auto i = static_cast<std::size_t>(a);
    const Source& source = input.sources[i];
    const bool follows = source.lead_axis >= 0;
    const auto lead = static_cast<std::size_t>(std::max(source.lead_axis, 0));
    std::int64_t size = source.size, origin = 0;
    if (follows) {
      const bool is_axis = lead == scene.axis;
      const std::int64_t lead_size = is_axis ? scene.size : CrossSize(lead);
      const std::int64_t middle = std::max<std::int64_t>(0, axes_[lead].sample - lead_size) / 2;
      size = source.scale.Floor(lead_size) + source.offset;
      origin = source.scale.Floor(is_axis ? scene.shift : middle / kOriginGrid * kOriginGrid);
    }
    if (size < 1) return InvalidError(fmt::format("input {} would be empty", model_->inputs[index].id));
    if (size > kMostElements)
      return ExhaustedError(
          fmt::format("input {} is too large to experiment with: {} pixels", model_->inputs[index].id, size));
    Interval changed{0, size};
    if (follows && scene.change && lead == scene.axis) {
      changed = {source.scale.Floor(scene.change->where.begin), source.scale.Ceil(scene.change->where.end)};
      is_along = true;
    } else if (follows && scene.change && scene.change->pattern == ProbePattern::kPoint) {
      changed = {size / 2, size / 2 + 1};
    }
    shape[a] = size;
    for (std::int64_t p = 0; p < size; ++p) {
      from[i].push_back(PaddedIndex(p + origin, input.sample.shape()[a], PadMode::kSymmetric));
      place[i].push_back(p + origin);
      changes[i].push_back(changed.Contains(p));
    }
  }
  if (shape.elements() > kMostElements)
    return ExhaustedError(
        fmt::format("input {} of {} is too large to experiment with", model_->inputs[index].id, ToString(shape)));
  TEGULA_ASSIGN_OR_RETURN(Tensor made, Tensor::Allocate(DType::kF64, shape, context_->limits));
  const Shape strides = std::as_const(input.sample).view().strides();
  const std::span<const double> sample = input.sample.values<double>();
  std::vector<std::size_t> at(input.sources.size(), 0);
  for (double& value : made.values<double>()) {
    std::int64_t offset = 0;
    std::uint64_t hash = Mix(index);
    bool is_changed = scene.change.has_value() && is_along;
    for (std::size_t a = 0; a < at.size(); ++a) {
      offset += from[a][at[a]] * strides[static_cast<int>(a)];
      hash = Mix(hash ^ static_cast<std::uint64_t>(place[a][at[a]]));
      is_changed = is_changed && changes[a][at[a]];
    }
    value = scene.base == ProbeBase::kImage ? sample[static_cast<std::size_t>(offset)]
                                            : input.low + input.range * Uniform(Mix(hash ^ kNoiseSeed));
    if (is_changed && (scene.change->pattern != ProbePattern::kSparse || Mix(hash ^ kSparseSeed) % 16 == 0)) {
      const std::uint64_t change = Mix(hash ^ kChangeSeed);
      const double by = scene.change->amplitude * input.range * (0.5 + 0.5 * Uniform(change));
      value += change % 2 == 0 ? by : -by;
    }
    for (std::size_t a = at.size(); a-- > 0 && ++at[a] == from[a].size();) at[a] = 0;
  }
  TEGULA_ASSIGN_OR_RETURN(Tensor converted, Tensor::Allocate(input.dtype, shape, context_->limits));
  ConvertCopy(std::as_const(made).view(), converted.view());
  return converted;
}

Result<std::vector<Tensor>> Probe::Run(const ProbeScene& scene) {
  if (context_->stop.stop_requested()) return CancelledError();
  PreparedInputs inputs;
  std::string key;
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    TEGULA_ASSIGN_OR_RETURN(Tensor input, MakeInput(i, scene));
    key += ToString(input.shape()) + ";";
    inputs.tensors.push_back(std::move(input));
  }
  auto session = sessions_.find(key);
  if (session == sessions_.end()) {
    TEGULA_ASSIGN_OR_RETURN(std::unique_ptr<engines::Session> made, SessionFor(*network_, inputs));
    if (sessions_.size() >= kSessions) sessions_.clear();
    session = sessions_.emplace(key, std::move(made)).first;
  }
  ++runs_;
  TEGULA_ASSIGN_OR_RETURN(const std::vector<Tensor> raw, session->second->Run(ViewsOf(inputs.tensors), context_->stop));
  std::vector<Tensor> outputs;
  for (const Tensor& tensor : raw) {
    TEGULA_ASSIGN_OR_RETURN(Tensor doubles, AsDoubles(tensor, context_->limits));
    outputs.push_back(std::move(doubles));
  }
  return outputs;
}

Result<std::vector<Tensor>> Probe::RunAfresh(const ProbeScene& scene) {
  sessions_.clear();
  return Run(scene);
}

Result<std::vector<OutputAxis>> Probe::FollowersOf(std::size_t axis) {
  const std::int64_t size = CrossSize(axis);
  const ProbeAxis& along = axes_[axis];
  const std::string& lead = model_->inputs[lead_].id;
  const std::int64_t larger =
      along.sizes.is_fixed() ? size : size + CeilDiv(kSmallestScale, along.sizes.step) * along.sizes.step;
  TEGULA_ASSIGN_OR_RETURN(const std::vector<Tensor> at_size, Run({.axis = axis, .size = size}));
  TEGULA_ASSIGN_OR_RETURN(const std::vector<Tensor> at_larger, Run({.axis = axis, .size = larger}));
  std::vector<OutputAxis> followers;
  for (std::size_t i = 0; i < std::min(at_size.size(), model_->outputs.size()); ++i) {
    const spec::TensorDescription& output = model_->outputs[i];
    if (at_size[i].shape().rank() != static_cast<int>(output.axes.size()) || DependsOnData(output)) continue;
    for (int position = 0; position < at_size[i].shape().rank(); ++position) {
      const spec::Axis& candidate = output.axes[static_cast<std::size_t>(position)];
      const auto* const reference = std::get_if<spec::SizeReference>(&candidate.size);
      const bool refers = reference != nullptr && reference->tensor_id == lead;
      if (!IsAlongImage(candidate) || (refers ? reference->axis_id : candidate.id) != along.id) continue;
      OutputAxis follower{i, position, {}, 0, at_size[i].shape()};
      follower.others[position] = 1;
      const std::int64_t made = at_size[i].shape()[position];
      if (!along.sizes.is_fixed()) {
        const std::int64_t more = at_larger[i].shape()[position] - made;
        if (more < 1) continue;
        TEGULA_ASSIGN_OR_RETURN(follower.scale, Rational::Make(more, larger - size));
      } else if (refers) {
        follower.scale = reference->scale;
      } else if (made != size && made > 0 && (size % made == 0 || made % size == 0)) {
        TEGULA_ASSIGN_OR_RETURN(follower.scale, Rational::Make(made, size));
      }
      follower.offset = made - follower.scale.Floor(size);
      followers.push_back(follower);
    }
  }
  return followers;
}

}  // namespace tegula::pipeline
