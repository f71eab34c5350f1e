// scale_linear: x * gain + offset; with an axis one gain or offset per position along it, then in float64.

#include "tegula/ops/op.h"

namespace tegula::ops {
namespace {
struct Linear {
  static constexpr int kParameters = 2;
  template <class T>
  static T Apply(T x, T gain, T offset) noexcept {
    return x * gain + offset;
  }
};
}  // namespace

std::vector<Wanted> Wants(const spec::ScaleLinear&) { return {}; }

Status Bind(const spec::ScaleLinear& op, Binder& binder) {
  TEGULA_ASSIGN_OR_RETURN(Parameter gain, binder.Along(op.axis, op.gain).Context("gain"));
  TEGULA_ASSIGN_OR_RETURN(Parameter offset, binder.Along(op.axis, op.offset).Context("offset"));
  const DType compute = op.axis.empty() ? binder.FloatDType() : DType::kF64;
  binder.Map(kKernel<Linear>, compute, {std::move(gain), std::move(offset)});
  return Ok();
}

}  // namespace tegula::ops
