// sigmoid: 1 / (1 + exp(-x)), in the dtype of the tensor; integers in float64 (the reference negates unsigned ones,
// which wraps).

#include "tegula/ops/exp.h"
#include "tegula/ops/op.h"

namespace tegula::ops {
namespace {
struct Logistic {
  static constexpr int kParameters = 0;
  template <class T>
  static T Apply(T x) noexcept {
    return T{1} / (T{1} + Exp(-x));
  }
};
}  // namespace

std::vector<Wanted> Wants(const spec::Sigmoid&) { return {}; }

Status Bind(const spec::Sigmoid&, Binder& binder) {
  binder.Map(kKernel<Logistic>, binder.FloatDType(), {});
  return Ok();
}

}  // namespace tegula::ops
