// Operations that are no part of a chain: those that make objects of a whole output, which pipeline/whole.cc runs, and
// those that the format knows and Tegula does not run.

#include <fmt/format.h>

#include "tegula/ops/op.h"

namespace tegula::ops {
namespace {

Error NotInChain(std::string_view op, std::string_view tensor) {
  return UnsupportedError(
      fmt::format("{} makes objects of the whole output {}, so it cannot be applied to a tile of it: "
                  "use an image that is small enough to be predicted whole",
                  op, tensor));
}

Error Refusal(const spec::UnsupportedOp& op, std::string_view tensor) {
  for (const OpInfo& info : Ops())
    if (info.id == op.id && !info.runs)
      return UnsupportedError(
          fmt::format("tensor {} uses the operation {}, which Tegula does not run: {}", tensor, op.id, info.reason));
  return UnsupportedError(fmt::format(
      "tensor {} uses the operation {}, which Tegula does not know: `tegula ops` lists those that run", tensor, op.id));
}

}  // namespace

std::vector<Wanted> Wants(const spec::StardistPostprocessing&) { return {}; }
std::vector<Wanted> Wants(const spec::CellposeFlowDynamics&) { return {}; }
std::vector<Wanted> Wants(const spec::UnsupportedOp&) { return {}; }

Status Bind(const spec::StardistPostprocessing& op, Binder& binder) {
  return NotInChain(spec::OpId(op), binder.input().tensor_id);
}
Status Bind(const spec::CellposeFlowDynamics& op, Binder& binder) {
  return NotInChain(spec::OpId(op), binder.input().tensor_id);
}

Status Bind(const spec::UnsupportedOp& op, Binder& binder) { return Refusal(op, binder.input().tensor_id); }

Status CheckOps(const spec::TensorDescription& tensor) {
  for (const spec::OpDescription& op : tensor.ops)
    if (const auto* unsupported = std::get_if<spec::UnsupportedOp>(&op)) return Refusal(*unsupported, tensor.id);
  return Ok();
}

}  // namespace tegula::ops
