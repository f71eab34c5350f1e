#include "tegula/app/tile_size.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "tegula/app/test_tensors.h"
#include "tegula/core/function_ref.h"
#include "tegula/core/platform.h"
#include "tegula/core/text.h"
#include "tegula/pipeline/whole.h"
#include "tegula/spec/object_output.h"

namespace tegula::app {
namespace {

using Json = nlohmann::ordered_json;
using pipeline::WindowCost;
using pipeline::WindowCosts;

constexpr int kVersion = 3;  // of how costs are measured, and of what Tegula's engines make of a network
constexpr std::int64_t kFileBytes = 1 << 16;
constexpr std::size_t kMostCosts = 64;
constexpr std::int64_t kSmallPixels = std::int64_t{1024} * 1024;
constexpr double kLongest = 20;  // seconds that one run may take to be worth measuring
// All sizes are measured in turns, and the fastest turn counts: what slows the machine down for seconds would else make
// one size look dear beside another. Turns that take longer are not repeated.
constexpr int kTurns = 3;
constexpr double kLongTurn = 10;  // seconds
// Of the planner's usual largest window, along every axis.
constexpr double kFactors[] = {0.25, 0.375, 0.5, 0.75, 1, 1.5, 2, 2.5, 3};
constexpr double kAboutEqual = 1.02;
constexpr std::int64_t kElsewhere = 112 << 20;  // statistics, pictures, pyramids, metadata, what allocators keep

// Bytes of one tile on its way: raw and prepared inputs, raw and finished outputs.
std::int64_t TileBytes(const spec::ModelDescription& model, std::span<const pipeline::InputFeed> feeds,
                       const tiling::ModelGrid& grid, const tiling::TilePlan& plan) {
  constexpr std::int64_t kFloat = 4;
  std::int64_t bytes = 0;
  for (std::size_t i = 0; i < feeds.size(); ++i) {
    if (feeds[i].image == nullptr) continue;
    std::int64_t pixels = feeds[i].image->info().channels;
    for (const GridAxis axis : kGridAxes) pixels *= grid.inputs[i][axis].SizeAt(plan.axes[axis].window);
    bytes += pixels * (DTypeSize(feeds[i].image->info().dtype) + kFloat);
  }
  for (std::size_t o = 0; o < grid.outputs.size(); ++o) {
    std::int64_t pixels = std::max<std::int64_t>(1, spec::NetworkChannels(model.outputs[grid.outputs[o]]));
    for (const GridAxis axis : kGridAxes) pixels *= plan.axes[axis].outputs[o].window;
    bytes += pixels * 2 * kFloat;
  }
  return bytes;
}

std::int64_t PixelsOf(const tiling::TilePlan& plan) {
  std::int64_t pixels = 1;
  for (const tiling::AxisPlan& axis : plan.axes.of) pixels *= axis.window;
  return pixels;
}

Path CostsFile(const spec::Package& package, const ProvenNetwork& proven, const EngineRequest& engine) {
  const WeightsCheck& check = proven.check;
  const std::string key = Sha256OfBytes(
      fmt::format("tegula window costs {}\n{}\n{}\n{} {}\n{} {} {} threads\n{}", kVersion, check.weights_sha256,
                  package.description_sha256(), Title(check), check.engine_version,
                  engines::PrecisionName(check.precision), engine.device, engine.threads, ProcessorName()));
  return engine.cache / "costs" / (key + ".json");
}

// One measurement of all sizes.
struct Turn {
  std::vector<WindowCost> measured;
  bool is_cut_short = false;  // by the budget
  double lasted = 0;          // with what sessions need to be made
  double seconds() const {
    double sum = 0;
    for (const WindowCost& cost : measured) sum += cost.seconds;
    return sum;
  }
};

Result<Turn> MeasureTurn(const tiling::ModelGrid& grid, const MemoryBudget& budget,
                         FunctionRef<Result<WindowCost>(const PerAxis<std::int64_t>& window)> measure) {
  Turn turn;
  const double began = MonotonicSeconds();
  for (const PerAxis<std::int64_t>& window : pipeline::WindowsToMeasure(grid)) {
    const std::int64_t pixels = pipeline::PixelsOf(window);
    if (!turn.measured.empty()) {
      const WindowCosts known(turn.measured);
      turn.is_cut_short = budget.bytes > 0 && ResidentMemoryBytes() + known.Bytes(pixels) > budget.bytes;
      if (turn.is_cut_short || known.Seconds(pixels) > kLongest) break;
    }
    TEGULA_ASSIGN_OR_RETURN(const WindowCost cost, measure(window));
    turn.measured.push_back(cost);
  }
  turn.lasted = MonotonicSeconds() - began;
  return turn;
}

}  // namespace

MemoryBudget MemoryBudget::Of(std::int64_t asked) {
  return asked > 0 ? MemoryBudget{asked, true} : MemoryBudget{MachineMemoryBytes() / 4, false};
}

bool NeedsCosts(const tiling::TilePlan& plan, const MemoryBudget& budget) {
  // The network never sees more than a patch.
  if (plan.is_patches()) return false;
  return budget.bytes > 0 && (budget.is_asked || plan.tiles() > 1 || PixelsOf(plan) > kSmallPixels);
}

std::string CostsToJson(const WindowCosts& costs) {
  Json rows = Json::array();
  for (const WindowCost& cost : costs.measured())
    rows.push_back({{"pixels", cost.pixels}, {"seconds", cost.seconds}, {"bytes", cost.bytes}});
  return Json{{"windows", std::move(rows)}}.dump(2) + "\n";
}

std::optional<WindowCosts> CostsFromJson(const std::string& text) {
  const auto read = Guarded("reading costs", [&]() -> Result<std::optional<WindowCosts>> {
    const Json json = Json::parse(text);
    std::vector<WindowCost> costs;
    for (const Json& row : json.at("windows")) {
      const WindowCost cost{row.at("pixels").get<std::int64_t>(), row.at("seconds").get<double>(),
                            row.at("bytes").get<std::int64_t>()};
      constexpr std::int64_t kMost = std::int64_t{1} << 50;
      const bool is_sane = cost.pixels > 0 && cost.pixels < kMost && cost.bytes >= 0 && cost.bytes < kMost &&
                           std::isfinite(cost.seconds) && cost.seconds >= 0;
      if (!is_sane || costs.size() == kMostCosts) return std::optional<WindowCosts>();
      costs.push_back(cost);
    }
    return costs.empty() ? std::optional<WindowCosts>() : WindowCosts(std::move(costs));
  });
  return read.ok() ? *read : std::nullopt;
}

Result<WindowCosts> MeasuredCosts(const spec::Package& package, const ProvenNetwork& proven,
                                  const tiling::ModelGrid& grid, const EngineRequest& engine,
                                  const MemoryBudget& budget, const RunContext& context) {
  const Path file = CostsFile(package, proven, engine);
  if (!engine.cache.empty()) {
    const Result<std::string> text = ReadFile(file, kFileBytes);
    if (std::optional<WindowCosts> costs = text.ok() ? CostsFromJson(*text) : std::nullopt) return std::move(*costs);
  }
  TEGULA_ASSIGN_OR_RETURN(const TestTensors tests, ReadTestTensors(package, context.limits));
  TEGULA_ASSIGN_OR_RETURN(const pipeline::PreparedInputs inputs,
                          pipeline::PrepareInputs(package.description(), tests.inputs, context.limits));
  const auto measure = [&](const PerAxis<std::int64_t>& window) {
    return pipeline::MeasureWindow(package.description(), grid, *proven.network, inputs.tensors, window, context)
        .Context("measuring what windows cost");
  };
  TEGULA_ASSIGN_OR_RETURN(Turn fastest, MeasureTurn(grid, budget, measure));
  for (int i = 1; i < kTurns && !fastest.is_cut_short && fastest.lasted < kLongTurn; ++i) {
    TEGULA_ASSIGN_OR_RETURN(Turn turn, MeasureTurn(grid, budget, measure));
    if (turn.measured.size() != fastest.measured.size()) continue;
    // The memory of all turns: later ones may find some that the first one left.
    for (std::size_t k = 0; k < turn.measured.size(); ++k)
      turn.measured[k].bytes = fastest.measured[k].bytes = std::max(turn.measured[k].bytes, fastest.measured[k].bytes);
    if (turn.seconds() < fastest.seconds()) fastest = std::move(turn);
  }
  WindowCosts costs(std::move(fastest.measured));
  // A cache that cannot be written only costs time; what a small budget left out another run may measure.
  if (!fastest.is_cut_short && !engine.cache.empty() && MakeFolders(file.parent_path()).ok())
    (void)WriteFileWhole(file, CostsToJson(costs));
  return costs;
}

Result<TileChoice> ChooseTiles(const spec::ModelDescription& model, std::span<const pipeline::InputFeed> feeds,
                               const pipeline::PredictionRequest& request, const WindowCosts* costs,
                               const MemoryBudget& budget, std::int64_t held, int workers) {
  if (costs == nullptr) return TileChoice{request.tiling};
  TEGULA_ASSIGN_OR_RETURN(const tiling::ModelGrid grid, tiling::GridOf(model, request.outputs, request.tiling));
  const PerAxis<std::int64_t> usual = tiling::UsualMaxTile(grid);
  std::int64_t held_by_images = 0;
  for (const pipeline::InputFeed& feed : feeds)
    if (feed.image != nullptr) held_by_images += feed.image->info().held_bytes;
  struct Option {
    TileChoice choice;
    double seconds = 0;
    std::int64_t pixels = 0;
  };
  std::vector<Option> options;
  Status refusal = Ok();  // of windows that are too small for the context
  for (const double factor : kFactors) {
    Option option{{request.tiling}};
    for (const GridAxis axis : kGridAxes)
      if (!request.tiling.max_tile[axis])
        option.choice.tiling.max_tile[axis] = std::max<std::int64_t>(
            1, static_cast<std::int64_t>(std::llround(static_cast<double>(usual[axis]) * factor)));
    const Result<tiling::TilePlan> planned = pipeline::PlanFor(model, feeds, {request.outputs, option.choice.tiling});
    if (!planned.ok()) {
      refusal = planned.error();
      continue;
    }
    const tiling::TilePlan& plan = *planned;
    if (plan.is_patches()) return TileChoice{request.tiling};
    option.pixels = PixelsOf(plan);
    if (!options.empty() && options.back().pixels == option.pixels) continue;
    // Reading the first tile and writing the last one overlap with nothing.
    option.seconds = (static_cast<double>(plan.tiles()) + 0.5) * costs->Seconds(option.pixels);
    option.choice.bytes = held + costs->Bytes(option.pixels) + workers * TileBytes(model, feeds, grid, plan) +
                          held_by_images + kElsewhere;
    options.push_back(std::move(option));
  }
  if (options.empty()) return refusal.error();
  const auto by_bytes = [](const Option& a, const Option& b) { return a.choice.bytes < b.choice.bytes; };
  const Option& smallest = *std::min_element(options.begin(), options.end(), by_bytes);
  if (budget.bytes > 0 && smallest.choice.bytes > budget.bytes)
    return ExhaustedError(fmt::format(
        "this run needs at least {} of memory, {} of it for the network on a window of {} pixels, but may have {}; "
        "allow more with --memory{}",
        HumanBytes(smallest.choice.bytes), HumanBytes(costs->Bytes(smallest.pixels)), smallest.pixels,
        HumanBytes(budget.bytes), options.size() == 1 ? " or ask for smaller windows with --tile" : ""));
  std::erase_if(options, [&](const Option& o) { return budget.bytes > 0 && o.choice.bytes > budget.bytes; });
  double fastest = INFINITY;
  for (const Option& option : options) fastest = std::min(fastest, option.seconds);
  std::erase_if(options, [&](const Option& o) { return o.seconds > fastest * kAboutEqual; });
  return std::min_element(options.begin(), options.end(), by_bytes)->choice;
}

}  // namespace tegula::app
