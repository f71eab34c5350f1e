#include "tegula/tiling/plan.h"

#include <fmt/format.h>

namespace tegula::tiling {
namespace {

// Poolings halve, and few networks do it more than five times.
constexpr std::int64_t kLargestAssumedGrid = 32;

std::int64_t AssumedGrid(std::int64_t fixed_size) {
  std::int64_t grid = 1;
  while (grid < kLargestAssumedGrid && fixed_size % (2 * grid) == 0) grid *= 2;
  return grid;
}

}  // namespace

Tile TilePlan::tile(std::int64_t index) const noexcept {
  const auto columns = static_cast<std::int64_t>(x.windows.size());
  const Window& row = y.windows[static_cast<std::size_t>(index / columns)];
  const Window& column = x.windows[static_cast<std::size_t>(index % columns)];
  return {{row.input, column.input}, {row.use, column.use}, {row.write, column.write}};
}

Result<AxisRules> RulesOf(const spec::ModelDescription& model, std::string_view axis_id, const TileRequest& request) {
  const spec::TensorDescription& input = model.inputs.front();
  const spec::TensorDescription& output = model.outputs.front();
  const spec::Axis* in = input.FindAxis(axis_id);
  const spec::Axis* out = output.FindAxis(axis_id);
  if (in == nullptr || out == nullptr)
    return UnsupportedError(fmt::format("the {} has no axis {}; models are applied to images in y and x",
                                        in == nullptr ? "input " + input.id : "output " + output.id, axis_id));

  AxisRules rules;
  if (const auto* fixed = std::get_if<spec::FixedSize>(&in->size)) {
    rules.sizes = {fixed->size, 0};
    rules.grid = AssumedGrid(fixed->size);
  } else if (const auto* free = std::get_if<spec::ParameterizedSize>(&in->size)) {
    rules.sizes = {free->min, free->step};
    rules.grid = free->step;
  } else {
    return UnsupportedError(
        fmt::format("axis {} of input {} has a size that depends on another tensor", axis_id, input.id));
  }

  if (const auto* reference = std::get_if<spec::SizeReference>(&out->size)) {
    if (reference->tensor_id != input.id || reference->axis_id != axis_id)
      return UnsupportedError(fmt::format("axis {} of output {} follows axis {} of {}, not the same axis of {}",
                                          axis_id, output.id, reference->axis_id, reference->tensor_id, input.id));
    rules.scale = reference->scale;
    rules.offset = reference->offset;
  } else if (const auto* size = std::get_if<spec::FixedSize>(&out->size); size != nullptr && rules.sizes.is_fixed()) {
    // An explicit output size says how much is lost or gained, but not whether by cropping or by scaling: equal sizes
    // and smaller ones are cropping unless the ratio is whole.
    const std::int64_t from = rules.sizes.min, to = size->size;
    if (to != from && (from % to == 0 || to % from == 0)) {
      TEGULA_ASSIGN_OR_RETURN(rules.scale, Rational::Make(to, from));
    } else {
      rules.offset = to - from;
    }
  } else {
    return UnsupportedError(fmt::format("axis {} of output {} has a size that is not known before the network has run",
                                        axis_id, output.id));
  }
  rules.halo_out = out->halo;
  rules.context = std::max(rules.scale.Inverse().Ceil(out->halo), request.context.value_or(0));
  return rules;
}

Result<TilePlan> PlanTiles(const AxisRules& y, const AxisRules& x, std::int64_t height, std::int64_t width,
                           const TileRequest& request) {
  const auto plan = [&](const AxisRules& rules, std::int64_t image) {
    return PlanAxis(
        rules,
        {.image = image, .border = request.border, .window = request.tile.value_or(0), .max_window = request.max_tile});
  };
  TilePlan tiles;
  TEGULA_ASSIGN_OR_RETURN(tiles.y, plan(y, height).Context("axis y"));
  TEGULA_ASSIGN_OR_RETURN(tiles.x, plan(x, width).Context("axis x"));
  return tiles;
}

}  // namespace tegula::tiling
