// pipeline/window_costs.h — what running a network on windows of some sizes costs, in time and in memory.
//
// Which windows are best follows from what they cost on this machine: pixels of overlap against activations in memory.
// Networks do not say, so they are run on a few sizes, and the costs of others are read off between them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tegula/core/run_context.h"
#include "tegula/engines/engine.h"
#include "tegula/spec/model_description.h"
#include "tegula/tensor/tensor.h"
#include "tegula/tiling/model_grid.h"

namespace tegula::pipeline {

/// Of one run on a window with so many pixels of the leading input (t · z · y · x).
struct WindowCost {
  std::int64_t pixels = 0;
  double seconds = 0;      ///< of the fastest of some runs
  std::int64_t bytes = 0;  ///< by which the process grows while a session for it is made and runs; 0 if unknown
  friend bool operator==(const WindowCost&, const WindowCost&) = default;
};

/// Costs of some sizes, by which those of others are estimated. A value type.
class WindowCosts {
 public:
  /// In any order, at least one; those of equal size count once.
  explicit WindowCosts(std::vector<WindowCost> measured);
  const std::vector<WindowCost>& measured() const noexcept { return measured_; }

  /// Between two measured sizes on the line through them; beyond the largest in proportion to its pixels.
  double Seconds(std::int64_t pixels) const noexcept;
  /// The same; beyond the largest on the line through the two largest, but at least in proportion to the largest one's
  /// growth from nothing if there is only one.
  std::int64_t Bytes(std::int64_t pixels) const noexcept;

 private:
  std::vector<WindowCost> measured_;  // ascending
};

/// Of a window of the leading input, t · z · y · x.
std::int64_t PixelsOf(const PerAxis<std::int64_t>& window) noexcept;

/// The windows that are worth measuring: about a sixteenth, a quarter and all of what the planner would take at most
/// for such a model, each of a size the network accepts; ascending, one if the size is fixed.
std::vector<PerAxis<std::int64_t>> WindowsToMeasure(const tiling::ModelGrid& grid);

/// Runs the network on one window. `sample` is what it takes for the model's example (PrepareInputs): its values are
/// repeated to fill the window. Nobody else may allocate meanwhile. Errors of the network; kCancelled.
Result<WindowCost> MeasureWindow(const spec::ModelDescription& model, const tiling::ModelGrid& grid,
                                 const engines::Network& network, std::span<const Tensor> sample,
                                 const PerAxis<std::int64_t>& window, const RunContext& context);

}  // namespace tegula::pipeline
