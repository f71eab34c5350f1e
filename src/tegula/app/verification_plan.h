// app/verification_plan.h — in which windows a result is predicted again: the whole image in one where memory allows
// it, else windows that see more of their surroundings and therefore lie elsewhere.
//
// Decided before anything is predicted, so that a verification that could not be done is refused before the work.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tegula/app/tile_size.h"
#include "tegula/core/function_ref.h"
#include "tegula/pipeline/prediction.h"

namespace tegula::app {

/// How much is predicted again.
struct VerifyRequest {
  std::int64_t windows = 8;    ///< at most so many, chosen at random; 0: all
  std::string ToText() const;  ///< "8", "all"
  /// Back; kInvalid for what is neither a positive number nor "all".
  static Result<VerifyRequest> Parse(const std::string& text);
};

struct VerificationPlan {
  enum class Against : std::uint8_t {
    kNothing,  ///< one window was all there is
    kWhole,    ///< the whole image in one window
    kWindows,  ///< windows with more context
    kPatches,  ///< the same patches, one by one
  };
  Against against = Against::kNothing;
  pipeline::PredictionRequest request;  ///< of the second prediction
  tiling::ModelGrid grid, second_grid;  ///< they differ in their context
  tiling::TilePlan first, second;
  /// Along each axis what distances are divided by to compare them: the context where there is one.
  PerAxis<std::int64_t> weights = {{1, 1, 1, 1}};
  std::int64_t unit = 1;   ///< the largest weight
  std::int64_t bytes = 0;  ///< as TileChoice has it

  /// Of the first, and of the second: the largest of all axes.
  std::int64_t context_px() const noexcept;
  std::int64_t verified_with_px() const noexcept;
};

/// The context is doubled, and at least an eighth of the usual window; less where windows of a fixed size do not allow
/// as much. Arguments as for ChooseTiles; `first` is the request whose result is verified. kExhausted if not even the
/// smallest windows fit into the budget; kInvalid if there are no other windows; errors of PlanFor.
Result<VerificationPlan> PlanVerification(const spec::ModelDescription& model,
                                          std::span<const pipeline::InputFeed> feeds,
                                          const pipeline::PredictionRequest& first, const pipeline::WindowCosts* costs,
                                          const MemoryBudget& budget, std::int64_t held, int workers);

/// A tile of the second plan, of one of `frames` planes that are predicted alike.
struct ChosenTile {
  std::int64_t frame = 0, tile = 0;
  friend auto operator<=>(const ChosenTile&, const ChosenTile&) = default;
};

/// Whether a tile of the second plan has something to compare.
using IsTileAsked = FunctionRef<bool(const tiling::Tile& tile)>;

/// The tiles that are predicted again, ascending: of those that are asked for, at random, the same for the same seed,
/// and rather those that lie across seams of the first plan.
std::vector<ChosenTile> ChooseTilesToVerify(const VerificationPlan& plan, std::int64_t frames,
                                            const VerifyRequest& request, std::uint64_t seed, IsTileAsked is_asked);

}  // namespace tegula::app
