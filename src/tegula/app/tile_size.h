// app/tile_size.h — how large the windows of a run are: as large as pays, and as the memory allows.
//
// Large windows waste less on overlap and need more memory for what the network holds meanwhile. What both cost is
// measured per network and machine (pipeline/window_costs.h) and remembered; from it follow the windows of each image,
// and the refusal of a run that cannot keep within its memory, before anything is written.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tegula/app/prove.h"
#include "tegula/core/run_context.h"
#include "tegula/pipeline/prediction.h"
#include "tegula/pipeline/window_costs.h"

namespace tegula::app {

/// What a run may take. Resident memory of the whole process: program, engine, network, windows in work, caches.
struct MemoryBudget {
  std::int64_t bytes = 0;  ///< 0: unknown, nothing is checked
  bool is_asked = false;   ///< by the user, so that it is checked for images of any size

  /// `asked`, or a quarter of the machine's if that is 0.
  static MemoryBudget Of(std::int64_t asked);
};

/// Whether the costs of windows matter for such a plan: it has several, or one that is large, or memory is limited.
bool NeedsCosts(const tiling::TilePlan& plan, const MemoryBudget& budget);

/// Costs of the network on this machine. The cache is asked first; the key holds weights, description, engine and its
/// version, precision, device, threads and processor. Sizes that would leave the budget, or take long, are not
/// measured. Errors of ReadTestTensors, ops and network; kCancelled.
Result<pipeline::WindowCosts> MeasuredCosts(const spec::Package& package, const ProvenNetwork& proven,
                                            const tiling::ModelGrid& grid, const EngineRequest& engine,
                                            const MemoryBudget& budget, const RunContext& context);

/// The tiling of one image.
struct TileChoice {
  tiling::TileRequest tiling;  ///< the request with the largest windows that it may take
  std::int64_t bytes = 0;      ///< that the run is estimated to take in all; 0 if costs are unknown
};

/// Of the windows that fit into the budget the fastest for all of the image; of about equally fast ones the smallest.
/// Windows that the request names are only checked. `held` is what the process takes now, `workers` are those that have
/// a window in work at once. Without `costs` the request is returned as it is. Errors of PlanFor; kExhausted with the
/// memory that is needed at least.
Result<TileChoice> ChooseTiles(const spec::ModelDescription& model, std::span<const pipeline::InputFeed> feeds,
                               const pipeline::PredictionRequest& request, const pipeline::WindowCosts* costs,
                               const MemoryBudget& budget, std::int64_t held, int workers);

/// As JSON, and back. Reading gives nothing for what CostsToJson did not write.
std::string CostsToJson(const pipeline::WindowCosts& costs);
std::optional<pipeline::WindowCosts> CostsFromJson(const std::string& text);

}  // namespace tegula::app
