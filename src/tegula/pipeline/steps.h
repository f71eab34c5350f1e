// pipeline/steps.h — the postprocessing of an output, cut before its first operation that makes steps.
//
// Where postprocessing thresholds or rounds, a difference in the last bit of what the network gives can change a whole
// value. Whether two results differ only by that is seen by moving what stands before the step a little.
#pragma once

#include <span>
#include <vector>

#include "tegula/ops/chain.h"
#include "tegula/pipeline/prediction.h"

namespace tegula::pipeline {

/// Whether values that differ by little can differ by much behind an operation: thresholds, and numbers that become
/// whole.
bool HasStep(const spec::OpDescription& op);

/// Immutable and thread-safe.
class SteppedPostprocessing {
 public:
  /// Of an output of a prediction, with all statistics it wants. Errors of Chain::Bind.
  static Result<SteppedPostprocessing> Bind(const spec::ModelDescription& model, const Prediction& prediction,
                                            std::size_t number, const ops::Statistics& statistics);

  DType output_dtype() const noexcept { return after_.output_dtype(); }
  /// What becomes of a raw tile, in the model's axis order. Errors of Chain::Run.
  Result<Tensor> Run(const ConstView& raw) const;
  /// What would become of it if all values before the first step were larger, or smaller, by `tolerance` times the
  /// largest of them (or of 1, if that is larger); nothing if there are no steps, or if the network itself gives whole
  /// numbers.
  Result<std::vector<Tensor>> BesideSteps(const ConstView& raw, double tolerance) const;

 private:
  SteppedPostprocessing(ops::Chain before, ops::Chain after, bool has_steps)
      : before_(std::move(before)), after_(std::move(after)), has_steps_(has_steps) {}
  ops::Chain before_, after_;
  bool has_steps_;
};

}  // namespace tegula::pipeline
