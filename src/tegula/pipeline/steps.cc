#include "tegula/pipeline/steps.h"

#include <algorithm>
#include <cmath>

#include "tegula/tensor/kernels.h"

namespace tegula::pipeline {
namespace {

Result<Tensor> RunChain(const ops::Chain& chain, const ConstView& in) {
  TEGULA_ASSIGN_OR_RETURN(Tensor out, Tensor::Allocate(chain.output_dtype(), in.shape()));
  TEGULA_TRY(chain.Run(in, out.view()));
  return out;
}

template <class T>
void Move(std::span<T> values, double by) {
  for (T& value : values) value = static_cast<T>(static_cast<double>(value) + by);
}

template <class T>
double LargestOf(std::span<const T> values) {
  double largest = 1;
  for (const T value : values)
    if (std::isfinite(value)) largest = std::max(largest, std::abs(static_cast<double>(value)));
  return largest;
}

}  // namespace

bool HasStep(const spec::OpDescription& op) {
  if (const auto* cast = std::get_if<spec::EnsureDtype>(&op)) return !IsFloat(cast->dtype);
  return std::holds_alternative<spec::Binarize>(op);
}

Result<SteppedPostprocessing> SteppedPostprocessing::Bind(const spec::ModelDescription& model,
                                                          const Prediction& prediction, std::size_t number,
                                                          const ops::Statistics& statistics) {
  const std::span<const spec::OpDescription> ops = model.outputs[prediction.output(number).index].ops;
  const auto smooth = static_cast<std::size_t>(std::find_if(ops.begin(), ops.end(), HasStep) - ops.begin());
  TEGULA_ASSIGN_OR_RETURN(ops::Chain before, prediction.BindPostprocessing(number, statistics, ops.first(smooth),
                                                                           prediction.raw_dtype(number)));
  TEGULA_ASSIGN_OR_RETURN(
      ops::Chain after, prediction.BindPostprocessing(number, statistics, ops.subspan(smooth), before.output_dtype()));
  return SteppedPostprocessing(std::move(before), std::move(after), smooth < ops.size());
}

Result<Tensor> SteppedPostprocessing::Run(const ConstView& raw) const {
  TEGULA_ASSIGN_OR_RETURN(Tensor smooth, RunChain(before_, raw));
  if (!has_steps_) return smooth;
  return RunChain(after_, std::as_const(smooth).view());
}

Result<std::vector<Tensor>> SteppedPostprocessing::BesideSteps(const ConstView& raw, double tolerance) const {
  std::vector<Tensor> beside;
  if (!has_steps_ || !IsFloat(before_.output_dtype())) return beside;
  TEGULA_ASSIGN_OR_RETURN(const Tensor smooth, RunChain(before_, raw));
  const bool is_single = smooth.dtype() == DType::kF32;
  const double by = tolerance * (is_single ? LargestOf(smooth.values<float>()) : LargestOf(smooth.values<double>()));
  for (const double moved_by : {by, -by}) {
    Tensor moved = smooth.Clone();
    if (is_single)
      Move(moved.values<float>(), moved_by);
    else
      Move(moved.values<double>(), moved_by);
    TEGULA_ASSIGN_OR_RETURN(Tensor finished, RunChain(after_, std::as_const(moved).view()));
    beside.push_back(std::move(finished));
  }
  return beside;
}

}  // namespace tegula::pipeline
