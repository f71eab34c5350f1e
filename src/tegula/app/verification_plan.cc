#include "tegula/app/verification_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "tegula/core/random.h"
#include "tegula/core/text.h"
#include "tegula/tiling/seams.h"

namespace tegula::app {
namespace {

using pipeline::PredictionRequest;
using Against = VerificationPlan::Against;

// Of the usual window; how much more context there is at least.
constexpr std::int64_t kLeastShare = 8;
// Times as many windows as before leave each with little to compare.
constexpr std::int64_t kManyMore = 4;
// One window for a whole image where nothing is known of memory.
constexpr std::int64_t kLargestWhole = std::int64_t{2048} * 2048;

std::int64_t LargestContext(const tiling::ModelGrid& grid) {
  std::int64_t largest = 0;
  for (const GridAxis axis : kGridAxes)
    if (grid.axes[axis]) largest = std::max(largest, grid.axes[axis]->context);
  return largest;
}

// What ChooseTiles is asked and answers, for several requests.
struct Chooser {
  const spec::ModelDescription& model;
  std::span<const pipeline::InputFeed> feeds;
  const pipeline::WindowCosts* costs;
  const MemoryBudget& budget;
  std::int64_t held;

  // Puts the windows for a request into the plan.
  Status Try(PredictionRequest request, int workers, VerificationPlan& plan) const {
    TEGULA_ASSIGN_OR_RETURN(TileChoice choice, ChooseTiles(model, feeds, request, costs, budget, held, workers));
    request.tiling = std::move(choice.tiling);
    TEGULA_ASSIGN_OR_RETURN(plan.second, pipeline::PlanFor(model, feeds, request));
    TEGULA_ASSIGN_OR_RETURN(plan.second_grid, tiling::GridOf(model, request.outputs, request.tiling));
    plan.request = std::move(request);
    plan.bytes = choice.bytes;
    return Ok();
  }
};

bool TriesWhole(const Chooser& chooser, const PredictionRequest& request, VerificationPlan& plan) {
  std::int64_t pixels = 1;
  PredictionRequest whole = request;
  whole.tiling.tile = {};
  for (const GridAxis axis : kGridAxes) {
    if (plan.grid.axes[axis] && plan.grid.axes[axis]->sizes.is_fixed()) return false;
    whole.tiling.max_tile[axis] = plan.first.axes[axis].padded;
    pixels *= plan.first.axes[axis].padded;
  }
  if (chooser.costs == nullptr && pixels > kLargestWhole) return false;
  return chooser.Try(std::move(whole), 1, plan).ok() && plan.second.tiles() == 1;
}

// Contexts to try, the largest first.
std::vector<PerAxis<std::optional<std::int64_t>>> LargerContexts(const tiling::ModelGrid& grid) {
  const PerAxis<std::int64_t> usual = tiling::UsualMaxTile(grid);
  std::vector<PerAxis<std::optional<std::int64_t>>> contexts;
  for (const std::int64_t divisor : {1, 2, 4, 8, 0}) {
    PerAxis<std::optional<std::int64_t>> context;
    for (const GridAxis axis : kGridAxes) {
      if (!grid.axes[axis]) continue;
      const std::int64_t now = grid.axes[axis]->context;
      const std::int64_t more = std::max(now, usual[axis] / kLeastShare - now);
      context[axis] = now + (divisor == 0 ? grid.axes[axis]->grid : std::max<std::int64_t>(1, more / divisor));
    }
    contexts.push_back(context);
  }
  return contexts;
}

// Windows with as much more context as is wanted; with less if small windows were left with little beside it.
Result<VerificationPlan> PlanWindows(const Chooser& chooser, const PredictionRequest& request, int workers,
                                     VerificationPlan plan) {
  const PerAxis<std::int64_t> usual = tiling::UsualMaxTile(plan.grid);
  std::optional<VerificationPlan> best;
  Status refusal = Ok();
  for (const PerAxis<std::optional<std::int64_t>>& context : LargerContexts(plan.grid))
    // As good a sample as larger windows, and axes that were not cut stay so; else what fits.
    for (const bool is_usual : {true, false}) {
      PredictionRequest other = request;
      other.tiling.tile = {}, other.tiling.max_tile = {};
      other.tiling.context = context;
      for (const GridAxis axis : kGridAxes)
        if (is_usual)
          other.tiling.max_tile[axis] =
              plan.first.axes[axis].windows.size() == 1 ? plan.first.axes[axis].padded : usual[axis];
      const Status tried = chooser.Try(std::move(other), workers, plan);
      if (!tried.ok()) {
        if (refusal.ok() || tried.error().code == Code::kExhausted) refusal = tried;
        continue;
      }
      if (plan.second.tiles() <= kManyMore * plan.first.tiles()) return plan;
      if (!best || plan.second.tiles() < best->second.tiles()) best = plan;
    }
  if (best) return std::move(*best);
  return std::move(refusal).Context("the result could not be verified").error();
}

void SetWeights(VerificationPlan& plan) {
  const PerAxis<std::int64_t> usual = tiling::UsualMaxTile(plan.grid);
  const std::int64_t largest = plan.context_px(), widest = *std::max_element(usual.of.begin(), usual.of.end());
  for (const GridAxis axis : kGridAxes) {
    if (!plan.grid.axes[axis]) continue;
    const std::int64_t context = plan.grid.axes[axis]->context;
    plan.weights[axis] = context > 0   ? context
                         : largest > 0 ? std::max<std::int64_t>(1, largest * usual[axis] / widest)
                                       : usual[axis];
  }
  plan.unit = *std::max_element(plan.weights.of.begin(), plan.weights.of.end());
}

bool LiesAcrossASeam(const tiling::Tile& tile, const PerAxis<std::vector<std::int64_t>>& starts) {
  for (const GridAxis axis : kGridAxes) {
    const Interval write = tile.pieces.front().write[axis];
    const auto next = std::upper_bound(starts[axis].begin(), starts[axis].end(), write.begin);
    if (next != starts[axis].end() && *next < write.end) return true;
  }
  return false;
}

}  // namespace

std::string VerifyRequest::ToText() const { return windows == 0 ? "all" : std::to_string(windows); }

Result<VerifyRequest> VerifyRequest::Parse(const std::string& text) {
  if (text == "all") return VerifyRequest{0};
  const std::optional<std::int64_t> number = ParseInt(text);
  if (!number || *number < 1)
    return InvalidError(fmt::format("--verify={} is no number of windows: write --verify=8 or --verify=all", text));
  return VerifyRequest{*number};
}

std::int64_t VerificationPlan::context_px() const noexcept { return LargestContext(grid); }
std::int64_t VerificationPlan::verified_with_px() const noexcept {
  return against == Against::kWindows ? LargestContext(second_grid) : 0;
}

Result<VerificationPlan> PlanVerification(const spec::ModelDescription& model,
                                          std::span<const pipeline::InputFeed> feeds, const PredictionRequest& first,
                                          const pipeline::WindowCosts* costs, const MemoryBudget& budget,
                                          std::int64_t held, int workers) {
  VerificationPlan plan;
  TEGULA_ASSIGN_OR_RETURN(plan.first, pipeline::PlanFor(model, feeds, first));
  TEGULA_ASSIGN_OR_RETURN(plan.grid, tiling::GridOf(model, first.outputs, first.tiling));
  plan.second_grid = plan.grid, plan.second = plan.first;
  plan.request = first;
  plan.request.is_raw = true;
  if (plan.first.is_patches()) {
    plan.against = Against::kPatches;
    plan.request.patches_at_once = 1;
    return plan;
  }
  if (plan.first.tiles() == 1) return plan;
  SetWeights(plan);
  const PredictionRequest request = plan.request;
  const Chooser chooser{model, feeds, costs, budget, held};
  if (TriesWhole(chooser, request, plan)) {
    plan.against = Against::kWhole;
    return plan;
  }
  plan.against = Against::kWindows;
  return PlanWindows(chooser, request, workers, std::move(plan));
}

std::vector<ChosenTile> ChooseTilesToVerify(const VerificationPlan& plan, std::int64_t frames,
                                            const VerifyRequest& request, std::uint64_t seed, IsTileAsked is_asked) {
  PerAxis<std::vector<std::int64_t>> starts;
  for (const GridAxis axis : kGridAxes)
    for (const tiling::Window& window : plan.first.axes[axis].windows)
      if (window.pieces.front().write.begin > 0) starts[axis].push_back(window.pieces.front().write.begin);
  const std::int64_t tiles = plan.second.tiles();
  std::vector<std::tuple<bool, std::uint64_t, ChosenTile>> candidates;
  for (std::int64_t tile = 0; tile < tiles; ++tile) {
    if (!is_asked(plan.second.tile(tile))) continue;
    const bool is_across = LiesAcrossASeam(plan.second.tile(tile), starts);
    for (std::int64_t frame = 0; frame < frames; ++frame)
      candidates.emplace_back(!is_across, Mix(seed ^ Mix(static_cast<std::uint64_t>(frame * tiles + tile))),
                              ChosenTile{frame, tile});
  }
  std::sort(candidates.begin(), candidates.end());
  if (request.windows > 0 && std::ssize(candidates) > request.windows)
    candidates.resize(static_cast<std::size_t>(request.windows));
  std::vector<ChosenTile> chosen;
  for (const auto& candidate : candidates) chosen.push_back(std::get<ChosenTile>(candidate));
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

}  // namespace tegula::app
