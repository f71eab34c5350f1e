// tiling/plan.h — the tile plan of a model for an image: a plan per axis, and their product.
#pragma once

#include <string>
#include <vector>

#include "tegula/core/interval.h"
#include "tegula/tiling/axis_plan.h"
#include "tegula/tiling/model_grid.h"

namespace tegula::tiling {

/// What an output gets of a tile. See Piece for the grids.
struct TilePiece {
  Block use;
  Block write;
  bool empty() const noexcept;
};

/// One tile: a window of the padded image and what it writes of each output.
struct Tile {
  Block input;
  std::vector<TilePiece> pieces;
};

/// The product of its axes; tiles are numbered in C order of t, z, y, x. Axes that the model does not have are one
/// pixel long.
struct TilePlan {
  PerAxis<AxisPlan> axes;

  std::int64_t tiles() const noexcept;
  Tile tile(std::int64_t index) const;
  std::size_t outputs() const noexcept { return axes[GridAxis::kX].outputs.size(); }
  PerAxis<std::int64_t> window() const noexcept;
  /// What the network sees at once: of a window of patches one of them.
  PerAxis<std::int64_t> network_size() const noexcept;
  bool is_patches() const noexcept;
  /// Of an output, in its own pixels: its size, what the network gives for a window, chunks, and where writes begin.
  PerAxis<std::int64_t> size_of(std::size_t output) const noexcept { return Each(output, &OutputAxis::size); }
  PerAxis<std::int64_t> window_of(std::size_t output) const noexcept { return Each(output, &OutputAxis::window); }
  PerAxis<std::int64_t> chunk_of(std::size_t output) const noexcept { return Each(output, &OutputAxis::chunk); }
  PerAxis<std::int64_t> step_of(std::size_t output) const noexcept { return Each(output, &OutputAxis::write_step); }

 private:
  PerAxis<std::int64_t> Each(std::size_t output, std::int64_t OutputAxis::*what) const noexcept;
};

/// The largest windows that the planner takes where nothing else is asked for.
PerAxis<std::int64_t> UsualMaxTile(const ModelGrid& grid);

/// Plans all axes of an image of this size. Errors as PlanAxis, with the axis named; kInvalid if the image has several
/// positions along an axis that the model does not have.
Result<TilePlan> PlanTiles(const ModelGrid& grid, const PerAxis<std::int64_t>& image, const TileRequest& request);

}  // namespace tegula::tiling
