// clip: limits to a range of values or of percentiles of the raw tensor.
//
// As in bioimageio.core: percentiles go before values, NaN becomes the limit at percentiles (where) and stays NaN at
// values (np.clip), and percentiles of a sample are values that occur, those of a dataset are interpolated.

#include <fmt/format.h>

#include "tegula/ops/op.h"

namespace tegula::ops {
namespace {

struct Raise {
  static constexpr int kParameters = 1;
  template <class T>
  static T Apply(T x, T low) noexcept {
    return x < low ? low : x;
  }
};
struct Lower {
  static constexpr int kParameters = 1;
  template <class T>
  static T Apply(T x, T high) noexcept {
    return x > high ? high : x;
  }
};
struct RaiseNan {
  static constexpr int kParameters = 1;
  template <class T>
  static T Apply(T x, T low) noexcept {
    return x >= low ? x : low;
  }
};
struct LowerNan {
  static constexpr int kParameters = 1;
  template <class T>
  static T Apply(T x, T high) noexcept {
    return x <= high ? x : high;
  }
};

Wanted Percentile(const spec::Clip& op, double percentile) {
  return Want(IsDataset(op.axes) ? Measure::kPercentile : Measure::kPercentileOfValues, op.axes, percentile);
}

Status BindValue(const std::optional<double>& value, const Kernel& kernel, Binder& binder) {
  if (!value) return Ok();
  TEGULA_ASSIGN_OR_RETURN(Parameter limit, binder.Along({}, {*value}));
  binder.Map(kernel, binder.FloatDType(), {std::move(limit)});
  return Ok();
}

Status BindPercentile(const spec::Clip& op, const std::optional<double>& percentile, const Kernel& kernel,
                      Binder& binder) {
  if (!percentile) return Ok();
  TEGULA_ASSIGN_OR_RETURN(Parameter limit, binder.Of(Percentile(op, *percentile)));
  binder.Map(kernel, DType::kF64, {std::move(limit)});
  return Ok();
}

Status CheckOrder(const std::optional<double>& min, const std::optional<double>& max, std::string_view what) {
  if (min && max && !(*min < *max))
    return InvalidError(fmt::format("the {} {} and {} must be given with the smaller first", what, *min, *max));
  return Ok();
}

}  // namespace

std::vector<Wanted> Wants(const spec::Clip& op) {
  std::vector<Wanted> wanted;
  if (op.min_percentile) wanted.push_back(Percentile(op, *op.min_percentile));
  if (op.max_percentile) wanted.push_back(Percentile(op, *op.max_percentile));
  return wanted;
}

Status Bind(const spec::Clip& op, Binder& binder) {
  if ((op.min && op.min_percentile) || (op.max && op.max_percentile))
    return InvalidError("a limit is a value or a percentile, but both are given");
  TEGULA_TRY(CheckOrder(op.min, op.max, "limits"));
  TEGULA_TRY(CheckOrder(op.min_percentile, op.max_percentile, "percentiles"));
  TEGULA_TRY(BindPercentile(op, op.min_percentile, kKernel<RaiseNan>, binder));
  TEGULA_TRY(BindPercentile(op, op.max_percentile, kKernel<LowerNan>, binder));
  TEGULA_TRY(BindValue(op.min, kKernel<Raise>, binder));
  return BindValue(op.max, kKernel<Lower>, binder);
}

}  // namespace tegula::ops
