// pipeline/receptive_field.h — how far a network really sees, and where its windows may start, by experiment.
//
// A description declares a halo and a step of sizes. Tiles are exact only if the halo covers all that the network sees
// and if windows keep the phase of its poolings; neither can be trusted (docs/exactness.md). Per axis of space or time:
//
//   context   Pixels of a slab across the axis are changed, and the outputs that move are looked for on both sides. The
//             slab begins at every phase of the pooling; the base is the model's own example and noise of its range;
//             pixels go up and down by little, by the range and by a hundred ranges, all of them or some (a unit that
//             is dead for one of these is not for another, nor on every line across). An output has moved if it differs
//             by more than runs of the same input in the same shape do, in one session and in a new one: by a bit, for
//             engines that compute the same twice.
//   grid      The window is moved along the base by 1, 2, 3, ... pixels. The first shift that moves the output and
//             changes nothing else, away from the ends, is the grid.
//   proof     Windows of three sizes, cut from three larger ones at multiples of the grid, against the network on the
//             larger ones, to 1e-5 of the largest output. What is still different widens the context, or shows that
//             there is none.
//
// Networks that normalise over the image, pool over it or attend to it see everything: they have no finite context.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tegula/core/run_context.h"
#include "tegula/engines/engine.h"
#include "tegula/spec/model_description.h"
#include "tegula/tensor/tensor.h"

namespace tegula::pipeline {

/// Raised when the same network could be measured differently; results of another version are worth nothing.
inline constexpr int kMeasurementVersion = 1;

/// The largest change of an output pixel at least this far from the one input pixel that was changed.
struct FarChange {
  std::int64_t distance = 0;
  double change = 0;
};

/// Sizes are pixels of the lead input (probe.h). Deviations are largest differences of raw network outputs on the
/// model's own example.
struct AxisField {
  std::string axis;
  std::int64_t declared_halo = 0;
  std::int64_t declared_step = 0;  ///< of the sizes; 0 if there is one size only
  bool is_finite = true;           ///< whether some context makes windows exact
  std::int64_t before = 0;         ///< an output pixel sees so far towards the axis' beginning; 0 if not finite
  std::int64_t after = 0;          ///< and towards its end
  std::int64_t window_before = 0;  ///< of it what windows need that begin on the grid: not every phase sees as far
  std::int64_t window_after = 0;   ///< and that end where sizes that the network takes end
  std::int64_t grid = 1;           ///< windows start at multiples of this
  bool is_grid_measured = true;
  double tolerance = 0;           ///< what counts as exact: 1e-5 of the largest output, or of 1
  double deviation = 0;           ///< of windows that keep window_before, window_after and grid
  double declared_deviation = 0;  ///< of windows that keep the declared halo and the grid
  double step_deviation = 0;      ///< of windows that are off the grid but keep the declared step
  std::vector<FarChange> far;     ///< of networks without a finite context
  std::string remark;             ///< what could not be measured, and what was assumed instead; else empty

  std::int64_t sees() const noexcept { return before > after ? before : after; }
  std::int64_t context() const noexcept { return window_before > window_after ? window_before : window_after; }
};

struct ReceptiveField {
  std::vector<AxisField> axes;  ///< of space and time, in the lead input's order; those that no output follows are not
  double noise = 0;             ///< difference between runs of the same input
  std::int64_t runs = 0;
  std::string remark;  ///< why there are no axes, or what was held fixed; else empty
};

/// Measures a network. `sample` is what it takes for the model's example, as PrepareInputs gives it. Costs about 60
/// runs per axis on windows that are long along it and small across; not random. Errors of the network; kCancelled.
Result<ReceptiveField> MeasureReceptiveField(const spec::ModelDescription& model, const engines::Network& network,
                                             std::vector<Tensor> sample, const RunContext& context);

}  // namespace tegula::pipeline
