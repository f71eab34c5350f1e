// pipeline/whole.h — a model run on tensors in memory, all at once: what `test` does with the test tensors, and what
// every tiled answer is compared with.
#pragma once

#include <span>
#include <vector>

#include "tegula/core/run_context.h"
#include "tegula/engines/engine.h"
#include "tegula/ops/statistics.h"
#include "tegula/spec/model_description.h"
#include "tegula/tensor/tensor.h"

namespace tegula::pipeline {

/// The axis ids of a tensor, in order, as ops want them.
std::vector<std::string> AxisIds(const spec::TensorDescription& tensor);

/// Preprocesses raw inputs (one per input of the description, in its axis order and dtype), runs the network once, and
/// postprocesses. Returns one tensor per output of the description, in its axis order. kInvalid if shapes or counts do
/// not fit, and whatever ops and engine refuse.
Result<std::vector<Tensor>> RunWhole(const spec::ModelDescription& model, const engines::Network& network,
                                     std::span<const Tensor> inputs, const Limits& limits = {});

}  // namespace tegula::pipeline
