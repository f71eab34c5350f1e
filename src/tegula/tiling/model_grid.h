// tiling/model_grid.h — how the pixel grids of a model's tensors hang together.
//
// The one place that turns what a description says about sizes into rules for cutting, so that a plan, a refusal and
// `inspect` agree. Along each axis one input leads: the first whose size does not depend on another tensor. The other
// inputs and all outputs follow it by exact ratios.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tegula/core/interval.h"
#include "tegula/spec/model_description.h"
#include "tegula/tiling/axis_plan.h"

namespace tegula::tiling {

/// The axis of a tensor that lies along t, z, y or x; null if it has none.
const spec::Axis* FindAxis(const spec::TensorDescription& tensor, GridAxis axis);

/// How an input follows the leading one along an axis: size = leading size * scale + offset, and a window that begins
/// at p of the leading input begins at p * scale of this one.
struct InputRule {
  bool has_axis = false;  ///< if not, it is the same for all windows
  Rational scale = {};
  std::int64_t offset = 0;

  /// How many pixels this input has where the leading one has `lead`.
  std::int64_t SizeAt(std::int64_t lead) const noexcept { return has_axis ? scale.Floor(lead) + offset : 1; }
};

/// What a user may decide about tiling; empty where the plan decides.
struct TileRequest {
  Border border = Border::kPad;
  PerAxis<std::optional<std::int64_t>> tile;      ///< window, pixels of the leading input
  PerAxis<std::optional<std::int64_t>> context;   ///< the same; never below what the description declares
  PerAxis<std::optional<std::int64_t>> grid;      ///< measured stride grid
  PerAxis<std::optional<std::int64_t>> max_tile;  ///< for the planner's own choice

  PerAxis<std::optional<std::int64_t>> stride;  ///< of patches, see AxisRequest

  /// The same window edge, or context, along y and x.
  void SetTile(std::int64_t edge) noexcept;
  void SetContext(std::int64_t pixels) noexcept;
};

/// The grids of a model for the outputs that are wanted.
struct ModelGrid {
  PerAxis<std::optional<AxisRules>> axes;  ///< those along which its inputs reach; outputs as in `outputs`
  PerAxis<std::size_t> lead = {};          ///< index of the leading input along each of them
  std::vector<PerAxis<InputRule>> inputs;  ///< one per input of the description
  std::vector<std::size_t> outputs;        ///< indices of the outputs that are made
};

/// The rules between the inputs and the outputs with these indices. The grid is the step of a parameterized size; a
/// fixed size has none to state, so the largest power of two up to 32 that divides it is taken (poolings halve). The
/// context is the declared one or the larger one of the request. kUnsupported for models that cannot be cut: sizes
/// that depend on the data, tensors that do not follow an input along the same axis, inputs without y and x.
Result<ModelGrid> GridOf(const spec::ModelDescription& model, std::vector<std::size_t> outputs,
                         const TileRequest& request = {});

}  // namespace tegula::tiling
