// zero_mean_unit_variance: (x - mean) / (std + eps) with the mean and standard deviation of the raw tensor.

#include "tegula/ops/normalise.h"
#include "tegula/ops/op.h"

namespace tegula::ops {

std::vector<Wanted> Wants(const spec::ZeroMeanUnitVariance& op) {
  return {Want(Measure::kMean, op.axes), Want(Measure::kStd, op.axes)};
}

Status Bind(const spec::ZeroMeanUnitVariance& op, Binder& binder) {
  const std::vector<Wanted> wanted = Wants(op);
  TEGULA_ASSIGN_OR_RETURN(Parameter mean, binder.Of(wanted[0]));
  TEGULA_ASSIGN_OR_RETURN(Parameter scale, binder.Of(wanted[1]));
  for (double& value : scale.values) value += op.eps;
  binder.Map(kKernel<Normalise>, DType::kF64, NormaliseParameters(std::move(mean), std::move(scale)));
  return Ok();
}

}  // namespace tegula::ops
