// app/context.h — how much of its surroundings each tile gets, and where windows may start: decided once per call.
#pragma once

#include <string>

#include "tegula/app/feeds.h"
#include "tegula/app/prove.h"
#include "tegula/app/tile_size.h"
#include "tegula/pipeline/prediction.h"
#include "tegula/pipeline/receptive_field.h"

namespace tegula::app {

inline constexpr const char* kMeasured = "measured on the network";

/// What was decided, in words for the run record.
struct ContextDecision {
  static constexpr const char* kAsked = "the context that was asked for";
  std::string source = kAsked;
  std::string warning;  ///< if the result depends on the tiles, or could; else empty
};

/// Puts context and stride grid into `tiling`, as they were measured on the network, for axes of which the user has not
/// asked for a context. Nothing is measured if the image is one window, or if the user has asked for all. A network
/// without a finite context gets the whole image as one window if `costs` (null where they do not matter) say that this
/// fits into the budget; else the decision warns with the measured deviation, as it does where measuring failed and the
/// declared context is taken. Errors of the plan; kCancelled.
Result<ContextDecision> DecideContext(const spec::Package& package, const ProvenNetwork& proven, const Feeds& feeds,
                                      const std::vector<std::size_t>& outputs, const EngineRequest& engine,
                                      const pipeline::WindowCosts* costs, const MemoryBudget& budget,
                                      const RunContext& context, tiling::TileRequest& tiling);

}  // namespace tegula::app
