#include "tegula/tiling/plan.h"

#include <fmt/format.h>

#include <algorithm>

namespace tegula::tiling {
namespace {

constexpr std::int64_t kMaxPlaneTile = 1024;                     // of models without z
constexpr PerAxis<std::int64_t> kMaxTile = {{8, 64, 256, 256}};  // of models with z
constexpr ChunkRule kPlaneChunks = {};
constexpr PerAxis<ChunkRule> kVolumeChunks = {{ChunkRule{1, 1, 1}, {1, 16, 4}, {16, 256, 96}, {16, 256, 96}}};

AxisPlan NoAxis(std::size_t outputs) {
  AxisPlan plan;
  plan.image = plan.padded = plan.window = 1;
  plan.outputs.assign(outputs, {.size = 1, .window = 1, .write_step = 1, .chunk = 1});
  plan.windows = {{{0, 1}, std::vector<Piece>(outputs, {{0, 1}, {0, 1}})}};
  return plan;
}

}  // namespace

bool TilePiece::empty() const noexcept {
  return std::any_of(write.of.begin(), write.of.end(), [](const Interval& interval) { return interval.empty(); });
}

std::int64_t TilePlan::tiles() const noexcept {
  std::int64_t tiles = 1;
  for (const AxisPlan& axis : axes.of) tiles *= static_cast<std::int64_t>(axis.windows.size());
  return tiles;
}

Tile TilePlan::tile(std::int64_t index) const {
  Tile tile;
  tile.pieces.resize(outputs());
  for (std::size_t i = kGridAxes.size(); i-- > 0;) {
    const std::vector<Window>& windows = axes.of[i].windows;
    const auto count = static_cast<std::int64_t>(windows.size());
    const Window& window = windows[static_cast<std::size_t>(index % count)];
    index /= count;
    tile.input.of[i] = window.input;
    for (std::size_t o = 0; o < tile.pieces.size(); ++o) {
      tile.pieces[o].use.of[i] = window.pieces[o].use;
      tile.pieces[o].write.of[i] = window.pieces[o].write;
    }
  }
  return tile;
}

PerAxis<std::int64_t> TilePlan::window() const noexcept {
  PerAxis<std::int64_t> window;
  for (const GridAxis axis : kGridAxes) window[axis] = axes[axis].window;
  return window;
}

PerAxis<std::int64_t> TilePlan::network_size() const noexcept {
  PerAxis<std::int64_t> size;
  for (const GridAxis axis : kGridAxes) size[axis] = axes[axis].network_size();
  return size;
}

bool TilePlan::is_patches() const noexcept {
  return std::any_of(axes.of.begin(), axes.of.end(), [](const AxisPlan& axis) { return axis.is_patches(); });
}

PerAxis<std::int64_t> TilePlan::Each(std::size_t output, std::int64_t OutputAxis::*what) const noexcept {
  PerAxis<std::int64_t> each;
  for (const GridAxis axis : kGridAxes) each[axis] = axes[axis].outputs[output].*what;
  return each;
}

PerAxis<std::int64_t> UsualMaxTile(const ModelGrid& grid) {
  PerAxis<std::int64_t> most = kMaxTile;
  if (!grid.axes[GridAxis::kZ]) most[GridAxis::kY] = most[GridAxis::kX] = kMaxPlaneTile;
  return most;
}

Result<TilePlan> PlanTiles(const ModelGrid& grid, const PerAxis<std::int64_t>& image, const TileRequest& request) {
  const PerAxis<std::int64_t> usual = UsualMaxTile(grid);
  const bool is_volume = grid.axes[GridAxis::kZ].has_value();
  TilePlan plan;
  for (const GridAxis axis : kGridAxes) {
    if (!grid.axes[axis]) {
      if (image[axis] != 1)
        return InvalidError(fmt::format("the image has {} positions along {}, which the model does not have",
                                        image[axis], GridAxisName(axis)));
      plan.axes[axis] = NoAxis(grid.outputs.size());
      continue;
    }
    const AxisRequest wanted{.image = image[axis],
                             .border = request.border,
                             .window = request.tile[axis].value_or(0),
                             .max_window = request.max_tile[axis].value_or(usual[axis]),
                             .stride = request.stride[axis].value_or(0),
                             .chunks = is_volume || axis == GridAxis::kT ? kVolumeChunks[axis] : kPlaneChunks};
    TEGULA_ASSIGN_OR_RETURN(plan.axes[axis],
                            PlanAxis(*grid.axes[axis], wanted).Context(fmt::format("axis {}", GridAxisName(axis))));
  }
  return plan;
}

}  // namespace tegula::tiling
