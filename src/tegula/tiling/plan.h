// tiling/plan.h — the tile plan of a model for an image: two axis plans and their product.
//
// Also the one place that turns what a model description says about sizes into AxisRules, so that a plan, a refusal and
// `inspect` agree.
#pragma once

#include <optional>
#include <string>

#include "tegula/core/interval.h"
#include "tegula/spec/model_description.h"
#include "tegula/tiling/axis_plan.h"

namespace tegula::tiling {

/// One tile: a window of the padded image and what it writes. See Window for the grids.
struct Tile {
  Box input;
  Box use;
  Box write;
};

/// A plan is the product of its axes; tiles are numbered row by row.
struct TilePlan {
  AxisPlan y;
  AxisPlan x;
  std::int64_t tiles() const noexcept { return static_cast<std::int64_t>(y.windows.size() * x.windows.size()); }
  Tile tile(std::int64_t index) const noexcept;
};

/// What a user may decide about tiling; empty where the plan decides.
struct TileRequest {
  Border border = Border::kPad;
  std::optional<std::int64_t> tile;     ///< edge of the square window, input pixels
  std::optional<std::int64_t> context;  ///< input pixels; never below the declared halo
  std::int64_t max_tile = 1024;
};

/// The rules of the spatial axis `axis_id` ("y" or "x") between a model's only input and only output. `grid` is the
/// step of a parameterized size; a fixed size has none to state, so the largest power of two up to 32 that divides it
/// is taken (poolings halve). The context is the declared halo or the larger one of the request. kUnsupported for sizes
/// that cannot be tiled, kInvalid if the description contradicts itself.
Result<AxisRules> RulesOf(const spec::ModelDescription& model, std::string_view axis_id,
                          const TileRequest& request = {});

/// Plans both axes of an image of `height` x `width` pixels. Errors as PlanAxis, with the axis named.
Result<TilePlan> PlanTiles(const AxisRules& y, const AxisRules& x, std::int64_t height, std::int64_t width,
                           const TileRequest& request);

}  // namespace tegula::tiling
