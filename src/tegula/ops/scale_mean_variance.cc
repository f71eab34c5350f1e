// scale_mean_variance: (x - mean) / (std + eps) * (reference std + eps) + reference mean, so that the tensor gets the
// mean and standard deviation of the raw reference tensor. Without axes the statistics are those of a sample, unlike
// elsewhere.

#include "tegula/ops/op.h"

namespace tegula::ops {
namespace {

struct Rescale {
  static constexpr int kParameters = 4;
  template <class T>
  static T Apply(T x, T mean, T std, T reference_std, T reference_mean) noexcept {
    return (x - mean) / std * reference_std + reference_mean;
  }
};

}  // namespace

std::vector<Wanted> Wants(const spec::ScaleMeanVariance& op) {
  const bool of_dataset = op.axes && IsDataset(op.axes);
  return {{Measure::kMean, 0, {}, op.axes, of_dataset},
          {Measure::kStd, 0, {}, op.axes, of_dataset},
          {Measure::kStd, 0, op.reference_tensor, op.axes, of_dataset},
          {Measure::kMean, 0, op.reference_tensor, op.axes, of_dataset}};
}

Status Bind(const spec::ScaleMeanVariance& op, Binder& binder) {
  std::vector<Parameter> parameters;
  for (const Wanted& wanted : Wants(op)) {
    TEGULA_ASSIGN_OR_RETURN(Parameter parameter, binder.Of(wanted));
    if (wanted.measure != Measure::kMean)
      for (double& value : parameter.values) value += op.eps;
    parameters.push_back(std::move(parameter));
  }
  binder.Map(kKernel<Rescale>, DType::kF64, std::move(parameters));
  return Ok();
}

}  // namespace tegula::ops
