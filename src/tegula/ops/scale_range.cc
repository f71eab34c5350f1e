// scale_range: (x - low) / (high - low + eps) with percentiles of the raw tensor or of a raw reference tensor.

#include <fmt/format.h>

#include "tegula/ops/normalise.h"
#include "tegula/ops/op.h"

namespace tegula::ops {

std::vector<Wanted> Wants(const spec::ScaleRange& op) {
  return {Want(Measure::kPercentile, op.axes, op.min_percentile, op.reference_tensor),
          Want(Measure::kPercentile, op.axes, op.max_percentile, op.reference_tensor)};
}

Status Bind(const spec::ScaleRange& op, Binder& binder) {
  if (!(op.min_percentile < op.max_percentile))
    return InvalidError(fmt::format("the percentiles {} and {} must be given with the smaller first", op.min_percentile,
                                    op.max_percentile));
  const std::vector<Wanted> wanted = Wants(op);
  TEGULA_ASSIGN_OR_RETURN(Parameter low, binder.Of(wanted[0]));
  TEGULA_ASSIGN_OR_RETURN(Parameter range,
                          binder.Of(wanted[1]));  // laid out as `low`: the same axes of the same tensor
  for (std::size_t i = 0; i < range.values.size(); ++i) range.values[i] = range.values[i] - low.values[i] + op.eps;
  binder.Map(kKernel<Normalise>, DType::kF64, NormaliseParameters(std::move(low), std::move(range)));
  return Ok();
}

}  // namespace tegula::ops
