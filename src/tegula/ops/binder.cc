#include <fmt/format.h>

#include <algorithm>

#include "tegula/core/text.h"
#include "tegula/ops/op.h"

namespace tegula::ops {
namespace {

bool HasId(const std::vector<std::string>& ids, std::string_view id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

bool Answers(const StatisticRequest& request, const Wanted& wanted, const std::string& tensor_id) {
  if (request.measure != wanted.measure || request.percentile != wanted.percentile || request.tensor_id != tensor_id ||
      request.of_dataset != wanted.of_dataset)
    return false;
  if (request.axes.size() != request.reduced.size()) return false;
  for (std::size_t i = 0; i < request.axes.size(); ++i)
    if (request.reduced[i] != IsReduced(wanted.axes, request.axes[i])) return false;
  return true;
}

}  // namespace

bool IsDataset(const spec::StatisticAxes& axes) { return !axes || HasId(*axes, "batch"); }
Wanted Want(Measure measure, const spec::StatisticAxes& axes, double percentile, std::string tensor_id) {
  return {measure, percentile, std::move(tensor_id), axes, IsDataset(axes)};
}
bool IsReduced(const spec::StatisticAxes& axes, std::string_view id) { return !axes || HasId(*axes, id); }

Binder::Binder(const ChainInput& input, const Statistics& statistics)
    : input_(input), statistics_(statistics), dtype_(input.dtype) {
  segments_.emplace_back();
}

Result<int> Binder::AxisIndex(std::string_view id) const {
  for (std::size_t i = 0; i < input_.axes.size(); ++i)
    if (input_.axes[i] == id) return static_cast<int>(i);
  return InvalidError(fmt::format("it names the axis {}, but tensor {} has the axes {}", id, input_.tensor_id,
                                  Join(input_.axes, ", ")));
}

Status Binder::CheckNotTiled(int axis) const {
  const auto a = static_cast<std::size_t>(axis);
  if (a >= input_.tiled.size() || !input_.tiled[a]) return Ok();
  return UnsupportedError(
      fmt::format("it depends on the position along {} of tensor {}, along which the image is cut into tiles: "
                  "use an image small enough to be predicted whole",
                  input_.axes[a], input_.tensor_id));
}

Result<Parameter> Binder::Along(std::string_view axis, const std::vector<double>& values) const {
  Parameter parameter{values, Shape(input_.shape)};
  for (int i = 0; i < parameter.strides.rank(); ++i) parameter.strides[i] = 0;
  if (values.empty()) return InvalidError("no value is given");
  if (axis.empty()) {
    if (values.size() == 1) return parameter;
    return InvalidError(fmt::format("{} values are given, but no axis along which they stand", values.size()));
  }
  TEGULA_ASSIGN_OR_RETURN(const int index, AxisIndex(axis));
  if (values.size() == 1) return parameter;
  if (static_cast<std::int64_t>(values.size()) != input_.shape[index])
    return InvalidError(fmt::format("{} values are given, but axis {} of tensor {} has size {}", values.size(), axis,
                                    input_.tensor_id, input_.shape[index]));
  TEGULA_TRY(CheckNotTiled(index));
  parameter.strides[index] = 1;
  return parameter;
}

Result<Parameter> Binder::Of(const Wanted& wanted) const {
  const std::string& tensor_id = wanted.tensor_id.empty() ? input_.tensor_id : wanted.tensor_id;
  const auto found = std::find_if(statistics_.all().begin(), statistics_.all().end(), [&](const Statistic& statistic) {
    return Answers(statistic.request, wanted, tensor_id);
  });
  if (found == statistics_.all().end())
    return NotFoundError(
        fmt::format("the {} of tensor {} that it needs was not computed", MeasureName(wanted.measure), tensor_id));

  Parameter parameter{found->values, Shape(input_.shape)};
  for (int i = 0; i < parameter.strides.rank(); ++i) parameter.strides[i] = 0;
  std::int64_t stride = 1;
  for (std::size_t i = found->request.axes.size(); i-- > 0;) {
    const std::int64_t size = found->shape[static_cast<int>(i)];
    if (found->request.reduced[i] || (size == 1 && !HasId(input_.axes, found->request.axes[i]))) continue;
    TEGULA_ASSIGN_OR_RETURN(const int axis, AxisIndex(found->request.axes[i]));
    if (size > 1 || input_.shape[axis] > 1) TEGULA_TRY(CheckNotTiled(axis));
    if (size != input_.shape[axis])
      return InvalidError(fmt::format(
          "the {} of tensor {} has {} positions along {}, but tensor {} has {}", MeasureName(wanted.measure), tensor_id,
          size, input_.axes[static_cast<std::size_t>(axis)], input_.tensor_id, input_.shape[axis]));
    if (size > 1) parameter.strides[axis] = stride;
    stride *= size;
  }
  return parameter;
}

void Binder::Cast(DType dtype) {
  if (dtype == dtype_) return;
  segments_.back().stages.push_back({dtype_, dtype, nullptr, {}});
  dtype_ = dtype;
}

void Binder::Map(const Kernel& kernel, DType compute, std::vector<Parameter> parameters) {
  TEGULA_ASSERT(parameters.size() <= kMaxParameters);
  Cast(compute);
  segments_.back().stages.push_back({compute, compute, &kernel, std::move(parameters)});
}

Status Binder::SoftmaxAlong(std::string_view axis) {
  TEGULA_ASSIGN_OR_RETURN(const int index, AxisIndex(axis));
  TEGULA_TRY(CheckNotTiled(index));
  Cast(FloatDType());
  segments_.back().softmax_axis = index;
  segments_.emplace_back();
  return Ok();
}

std::vector<Segment> Binder::Finish() && {
  if (segments_.size() > 1 && segments_.back().stages.empty()) segments_.pop_back();
  return std::move(segments_);
}

}  // namespace tegula::ops
