#include "tegula/app/test_tensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "tegula/core/random.h"
#include "tegula/tensor/kernels.h"
#include "tegula/tensor/npy.h"

namespace tegula::app {
namespace {

// Optional ones at the end may have none.
std::span<const spec::TensorDescription> Stated(const std::vector<spec::TensorDescription>& tensors) {
  std::size_t count = tensors.size();
  while (count > 0 && tensors[count - 1].optional && !tensors[count - 1].test_tensor) --count;
  return std::span(tensors).first(count);
}

bool AllHaveTestTensors(std::span<const spec::TensorDescription> tensors) {
  return std::all_of(tensors.begin(), tensors.end(),
                     [](const spec::TensorDescription& tensor) { return tensor.test_tensor.has_value(); });
}

Result<std::vector<Tensor>> ReadAll(const spec::Package& package, std::span<const spec::TensorDescription> tensors,
                                    const Limits& limits) {
  std::vector<Tensor> read;
  for (const spec::TensorDescription& tensor : tensors) {
    TEGULA_ASSIGN_OR_RETURN(const Path file, package.File(*tensor.test_tensor));
    TEGULA_ASSIGN_OR_RETURN(Tensor values, ReadNpy(file, limits));
    read.push_back(std::move(values));
  }
  return read;
}

// Between the bounds that the description states, or of 8 bits.
Result<Tensor> Noise(const spec::ModelDescription& model, const spec::TensorDescription& tensor, const Limits& limits) {
  std::vector<std::int64_t> sizes;
  for (const spec::Axis& axis : tensor.axes) {
    const std::optional<std::int64_t> size = spec::SizeOf(model, axis, {});
    if (!size || *size < 1)
      return UnsupportedError(
          fmt::format("the description states neither a test tensor nor a size for axis {} of {}", axis.id, tensor.id));
    sizes.push_back(*size);
  }
  if (sizes.size() > static_cast<std::size_t>(kMaxRank))
    return UnsupportedError(fmt::format("tensor {} has {} axes", tensor.id, sizes.size()));
  TEGULA_ASSIGN_OR_RETURN(Tensor doubles,
                          Tensor::Allocate(DType::kF64, Shape(std::span<const std::int64_t>(sizes)), limits));
  const double low = tensor.data.min.value_or(0), high = std::max(low, tensor.data.max.value_or(low + 255));
  std::uint64_t next = 0;
  for (double& value : doubles.values<double>())
    value = low + (high - low) * static_cast<double>(Mix(next++) >> 11) * 0x1p-53;
  TEGULA_ASSIGN_OR_RETURN(Tensor noise, Tensor::Allocate(tensor.data.dtype, doubles.shape(), limits));
  ConvertCopy(std::as_const(doubles).view(), noise.view());
  return noise;
}

// Cut or mirrored along one axis.
Result<Tensor> Gathered(const Tensor& tensor, int axis, std::int64_t size, const Limits& limits) {
  Shape shape = tensor.shape();
  const std::int64_t old = shape[axis];
  const std::int64_t before = size < old ? (old - size) / 2 : -((size - old) / 2);
  shape[axis] = size;
  TEGULA_ASSIGN_OR_RETURN(Tensor out, Tensor::Allocate(tensor.dtype(), shape, limits));
  for (std::int64_t i = 0; i < size; ++i)
    ConvertCopy(tensor.view().Slice(axis, PaddedIndex(i + before, old, PadMode::kSymmetric), 1),
                out.view().Slice(axis, i, 1));
  return out;
}

bool HasFreeSize(const spec::ModelDescription& model) {
  for (const spec::TensorDescription& input : model.inputs)
    for (const spec::Axis& axis : input.axes)
      if (std::holds_alternative<spec::ParameterizedSize>(axis.size)) return true;
  return false;
}

// Those that the description allows.
std::set<std::int64_t> BatchSizes(const spec::ModelDescription& model) {
  bool has_batch = false;
  std::set<std::int64_t> sizes;
  for (const spec::TensorDescription& input : model.inputs) {
    const spec::Axis* const batch = input.FindAxis(spec::AxisType::kBatch);
    if (batch == nullptr) continue;
    has_batch = true;
    if (const auto* const fixed = std::get_if<spec::FixedSize>(&batch->size)) sizes.insert(fixed->size);
  }
  if (!has_batch) return {1};
  return sizes.empty() ? std::set<std::int64_t>{1, 2} : sizes;
}

}  // namespace

Result<TestTensors> ReadTestTensors(const spec::Package& package, const Limits& limits) {
  const spec::ModelDescription& model = package.description();
  const std::span<const spec::TensorDescription> inputs = Stated(model.inputs);
  TestTensors tensors;
  tensors.are_made_up = !AllHaveTestTensors(inputs);
  if (tensors.are_made_up) {
    for (const spec::TensorDescription& input : inputs) {
      TEGULA_ASSIGN_OR_RETURN(Tensor noise, Noise(model, input, limits));
      tensors.inputs.push_back(std::move(noise));
    }
    return tensors;
  }
  TEGULA_ASSIGN_OR_RETURN(tensors.inputs, ReadAll(package, inputs, limits));
  if (!AllHaveTestTensors(model.outputs)) return tensors;
  TEGULA_ASSIGN_OR_RETURN(tensors.outputs, ReadAll(package, model.outputs, limits));
  return tensors;
}

Result<Tensor> Resized(const Tensor& tensor, const Shape& shape, const Limits& limits) {
  Tensor resized = tensor.Clone();
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (shape[axis] == resized.shape()[axis]) continue;
    if (resized.shape()[axis] == 0) return InvalidError("a tensor without elements cannot be made larger");
    TEGULA_ASSIGN_OR_RETURN(resized, Gathered(resized, axis, shape[axis], limits));
  }
  return resized;
}

Result<std::vector<Tensor>> ResizedInputs(const spec::ModelDescription& model, const std::vector<Tensor>& inputs,
                                          const spec::SizeChoice& choice, const Limits& limits) {
  std::vector<Tensor> resized;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const spec::TensorDescription& input = model.inputs[i];
    if (inputs[i].shape().rank() != static_cast<int>(input.axes.size()))
      return InvalidError(fmt::format("the test tensor of {} has shape {}, but the model describes {} axes", input.id,
                                      ToString(inputs[i].shape()), input.axes.size()));
    Shape shape = inputs[i].shape();
    for (int axis = 0; axis < shape.rank(); ++axis) {
      const auto size = spec::SizeOf(model, input.axes[static_cast<std::size_t>(axis)], choice);
      if (!size || *size < 1)
        return UnsupportedError(fmt::format("the description gives no size for axis {} of {}",
                                            input.axes[static_cast<std::size_t>(axis)].id, input.id));
      shape[axis] = *size;
    }
    TEGULA_ASSIGN_OR_RETURN(Tensor tensor, Resized(inputs[i], shape, limits));
    resized.push_back(std::move(tensor));
  }
  return resized;
}

std::vector<spec::SizeChoice> OtherSizes(const spec::ModelDescription& model) {
  std::vector<spec::SizeChoice> choices;
  if (!model.format_version.starts_with("0.5")) return choices;
  for (const std::int64_t batch : BatchSizes(model))
    for (std::int64_t n = 0; n <= (HasFreeSize(model) ? 2 : 0); ++n) choices.push_back({n, {}, batch});
  return choices;
}

}  // namespace tegula::app
