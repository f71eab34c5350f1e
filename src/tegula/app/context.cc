#include "tegula/app/context.h"

#include <fmt/format.h>

#include <algorithm>

#include "tegula/app/measure.h"
#include "tegula/core/platform.h"

namespace tegula::app {
namespace {

// Pixels of a whole image that one window may have where nothing is known of memory.
constexpr std::int64_t kLargestWhole = std::int64_t{2048} * 2048;
// What else a run on one window takes, as a share of what the network does.
constexpr double kBeside = 1.25;

bool FitsWhole(std::int64_t pixels, const pipeline::WindowCosts* costs, const MemoryBudget& budget) {
  if (costs == nullptr || budget.bytes == 0) return pixels <= kLargestWhole;
  return static_cast<double>(ResidentMemoryBytes()) + kBeside * static_cast<double>(costs->Bytes(pixels)) <=
         static_cast<double>(budget.bytes);
}

const pipeline::AxisField* FieldOf(const spec::ModelDescription& model, const tiling::ModelGrid& grid, GridAxis axis,
                                   const pipeline::ReceptiveField& field) {
  const spec::Axis* described = tiling::FindAxis(model.inputs[grid.lead[axis]], axis);
  for (const pipeline::AxisField& measured : field.axes)
    if (described != nullptr && measured.axis == described->id) return &measured;
  return nullptr;
}

// Which of both the tiles have along the axes that the user has asked for.
const char* SourceOf(const tiling::ModelGrid& grid, const tiling::TileRequest& tiling) {
  for (const GridAxis axis : kGridAxes)
    if (grid.axes[axis] && tiling.context[axis] && grid.axes[axis]->context > *tiling.context[axis])
      return "the declared halo, which is more than was asked for";
  return ContextDecision::kAsked;
}

// The warning if the axis has no finite context; a whole image in one window needs none.
std::string WithoutContext(const pipeline::AxisField& field, GridAxis axis, std::int64_t image, bool fits_whole,
                           tiling::TileRequest& tiling) {
  if (fits_whole && !tiling.tile[axis]) {
    tiling.max_tile[axis] = 2 * image + 4096;  // with all its padding
    return "";
  }
  double change = std::max(field.deviation, field.declared_deviation);
  for (const pipeline::FarChange& far : field.far) change = std::max(change, far.change);
  return fmt::format(
      "the network has no finite context along {}, so the result depends on the tiles: on the model's own example they "
      "differ from the whole by up to {:.2g}, on other images perhaps by more; more --memory may allow the whole",
      GridAxisName(axis), change);
}

}  // namespace

Result<ContextDecision> DecideContext(const spec::Package& package, const ProvenNetwork& proven, const Feeds& feeds,
                                      const std::vector<std::size_t>& outputs, const EngineRequest& engine,
                                      const pipeline::WindowCosts* costs, const MemoryBudget& budget,
                                      const RunContext& context, tiling::TileRequest& tiling) {
  const spec::ModelDescription& model = package.description();
  TEGULA_ASSIGN_OR_RETURN(const Feeds::Frame frame, feeds.FrameAt(0, 0));
  TEGULA_ASSIGN_OR_RETURN(const tiling::TilePlan plan, pipeline::PlanFor(model, frame.feeds, {outputs, tiling}));
  TEGULA_ASSIGN_OR_RETURN(const tiling::ModelGrid grid, tiling::GridOf(model, outputs, tiling));
  const auto is_open = [&](GridAxis axis) { return grid.axes[axis] && !tiling.context[axis]; };
  if (plan.tiles() == 1 || plan.is_patches() || !std::any_of(kGridAxes.begin(), kGridAxes.end(), is_open))
    return ContextDecision{SourceOf(grid, tiling), ""};

  const Result<pipeline::ReceptiveField> field = MeasuredField(package, proven, engine, context);
  if (!field.ok() && field.error().code == Code::kCancelled) return field.error();
  if (!field.ok())
    return ContextDecision{
        "the halo that the model declares",
        fmt::format("what the network sees could not be measured ({}), so tiles may be off if it sees "
                    "farther than the declared halo",
                    ToString(field.error()))};
  ContextDecision decision{kMeasured, ""};
  std::int64_t pixels = 1;
  for (const GridAxis axis : kGridAxes) pixels *= plan.axes[axis].padded;
  for (const GridAxis axis : kGridAxes) {
    if (!is_open(axis)) continue;
    const pipeline::AxisField* measured = FieldOf(model, grid, axis, *field);
    if (measured == nullptr) continue;
    if (measured->is_grid_measured) tiling.grid[axis] = measured->grid;
    if (measured->is_finite) {
      tiling.context[axis] = measured->context();
    } else if (const std::string warning =
                   WithoutContext(*measured, axis, plan.axes[axis].image, FitsWhole(pixels, costs, budget), tiling);
               decision.warning.empty()) {
      decision.warning = warning;
    }
  }
  return decision;
}

}  // namespace tegula::app
