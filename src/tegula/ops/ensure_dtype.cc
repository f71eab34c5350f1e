// ensure_dtype: NumPy's astype. Where that is undefined (NaN or out of range to integer) values saturate and NaN gives
// 0.

#include "tegula/ops/op.h"

namespace tegula::ops {

std::vector<Wanted> Wants(const spec::EnsureDtype&) { return {}; }

Status Bind(const spec::EnsureDtype& op, Binder& binder) {
  binder.Cast(op.dtype);
  return Ok();
}

}  // namespace tegula::ops
