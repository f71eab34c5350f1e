// binarize: x > threshold, as bool; one threshold, or one per position along an axis.

#include "tegula/ops/op.h"

namespace tegula::ops {
namespace {
struct Above {
  static constexpr int kParameters = 1;
  template <class T>
  static T Apply(T x, T threshold) noexcept {
    return x > threshold ? T{1} : T{0};
  }
};
}  // namespace

std::vector<Wanted> Wants(const spec::Binarize&) { return {}; }

Status Bind(const spec::Binarize& op, Binder& binder) {
  TEGULA_ASSIGN_OR_RETURN(Parameter threshold, binder.Along(op.axis, op.threshold).Context("threshold"));
  const DType compute = op.axis.empty() ? binder.FloatDType() : DType::kF64;
  binder.Map(kKernel<Above>, compute, {std::move(threshold)});
  binder.Cast(DType::kBool);
  return Ok();
}

}  // namespace tegula::ops
