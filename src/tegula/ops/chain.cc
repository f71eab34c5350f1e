#include "tegula/ops/chain.h"

#include <fmt/format.h>

#include "tegula/ops/op.h"

namespace tegula::ops {

struct Chain::State {
  std::string tensor_id;
  std::vector<std::string> axes;
  Shape shape;
  DType in = DType::kF32;
  DType out = DType::kF32;
  std::vector<Segment> segments;
  std::vector<bool> fixed;  // axes along which every tile must have the bound size

  Status CheckTile(const Shape& tile) const;
};

namespace {

Status CheckInput(const ChainInput& input) {
  const auto rank = static_cast<std::size_t>(input.shape.rank());
  if (input.axes.size() != rank || (!input.tiled.empty() && input.tiled.size() != rank))
    return InvalidError(fmt::format("tensor {} has the shape {}, but {} axes are described", input.tensor_id,
                                    ToString(input.shape), input.axes.size()));
  return Ok();
}

std::vector<bool> FixedAxes(const std::vector<Segment>& segments, int rank) {
  std::vector<bool> fixed(static_cast<std::size_t>(rank), false);
  for (const Segment& segment : segments) {
    if (segment.softmax_axis >= 0) fixed[static_cast<std::size_t>(segment.softmax_axis)] = true;
    for (const Stage& stage : segment.stages)
      for (const Parameter& parameter : stage.parameters)
        for (int axis = 0; axis < rank; ++axis)
          if (parameter.strides[axis] != 0) fixed[static_cast<std::size_t>(axis)] = true;
  }
  return fixed;
}

}  // namespace

Status Chain::State::CheckTile(const Shape& tile) const {
  if (tile.rank() != shape.rank())
    return InvalidError(
        fmt::format("a tile of tensor {} has the shape {}, not {} axes", tensor_id, ToString(tile), shape.rank()));
  for (int axis = 0; axis < shape.rank(); ++axis)
    if (fixed[static_cast<std::size_t>(axis)] && tile[axis] != shape[axis])
      return InvalidError(
          fmt::format("a tile of tensor {} has size {} along {}, but its operations need all {} positions at once",
                      tensor_id, tile[axis], axes[static_cast<std::size_t>(axis)], shape[axis]));
  return Ok();
}

Result<Chain> Chain::Bind(std::span<const spec::OpDescription> ops, const ChainInput& input,
                          const Statistics& statistics) {
  TEGULA_TRY(CheckInput(input));
  Binder binder(input, statistics);
  for (const spec::OpDescription& op : ops)
    TEGULA_TRY(std::visit([&](const auto& described) { return ops::Bind(described, binder); }, op)
                   .Context(fmt::format("operation {}", spec::OpId(op))));
  auto state = std::make_unique<State>();
  state->tensor_id = input.tensor_id;
  state->axes = input.axes;
  state->shape = input.shape;
  state->in = input.dtype;
  state->out = binder.dtype();
  state->segments = std::move(binder).Finish();
  state->fixed = FixedAxes(state->segments, input.shape.rank());
  return Chain(std::move(state));
}

Chain::Chain(std::unique_ptr<State> state) : state_(std::move(state)) {}
Chain::Chain(Chain&&) noexcept = default;
Chain& Chain::operator=(Chain&&) noexcept = default;
Chain::~Chain() = default;

DType Chain::output_dtype() const noexcept { return state_->out; }

Status Chain::Run(const ConstView& in, const View& out) const {
  TEGULA_ASSERT(in.dtype() == state_->in && out.dtype() == state_->out && in.shape() == out.shape());
  TEGULA_TRY(state_->CheckTile(in.shape()));
  Tensor held;  // the result of the segments so far, where it is not `out`
  ConstView from = in;
  for (std::size_t i = 0; i < state_->segments.size(); ++i) {
    const Segment& segment = state_->segments[i];
    Tensor next;
    View to = out;
    if (i + 1 < state_->segments.size()) {
      const DType dtype = segment.stages.empty() ? from.dtype() : segment.stages.back().out;
      TEGULA_ASSIGN_OR_RETURN(next, Tensor::Allocate(dtype, in.shape()));
      to = next.view();
    }
    RunFused(segment.stages, from, to);
    if (segment.softmax_axis >= 0) RunSoftmax(to, segment.softmax_axis);
    from = to;
    held = std::move(next);
  }
  return Ok();
}

}  // namespace tegula::ops
