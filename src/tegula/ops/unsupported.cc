// Operations that the format knows and Tegula does not run.

#include <fmt/format.h>

#include "tegula/ops/op.h"

namespace tegula::ops {

std::vector<Wanted> Wants(const spec::UnsupportedOp&) { return {}; }

Status Bind(const spec::UnsupportedOp& op, Binder& binder) {
  for (const OpInfo& info : Ops())
    if (info.id == op.id && !info.runs)
      return UnsupportedError(fmt::format("tensor {} uses the operation {}, which Tegula does not run: {}",
                                          binder.input().tensor_id, op.id, info.reason));
  return UnsupportedError(
      fmt::format("tensor {} uses the operation {}, which Tegula does not know: `tegula ops` lists those that run",
                  binder.input().tensor_id, op.id));
}

}  // namespace tegula::ops
