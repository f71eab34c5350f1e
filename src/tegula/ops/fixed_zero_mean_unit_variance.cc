// fixed_zero_mean_unit_variance: (x - mean) / (std + 1e-6) with numbers of the description, in float64.

#include <fmt/format.h>

#include "tegula/ops/normalise.h"
#include "tegula/ops/op.h"

namespace tegula::ops {

std::vector<Wanted> Wants(const spec::FixedZeroMeanUnitVariance&) { return {}; }

Status Bind(const spec::FixedZeroMeanUnitVariance& op, Binder& binder) {
  constexpr double kEps = 1e-6;  // not in the text of the format, but in the reference and so in every test tensor
  if (op.mean.size() != op.std.size())
    return InvalidError(fmt::format("{} means and {} standard deviations are given, but there must be as many",
                                    op.mean.size(), op.std.size()));
  TEGULA_ASSIGN_OR_RETURN(Parameter mean, binder.Along(op.axis, op.mean).Context("mean"));
  TEGULA_ASSIGN_OR_RETURN(Parameter scale, binder.Along(op.axis, op.std).Context("std"));
  for (double& value : scale.values) value += kEps;
  binder.Map(kKernel<Normalise>, DType::kF64, NormaliseParameters(std::move(mean), std::move(scale)));
  return Ok();
}

}  // namespace tegula::ops
