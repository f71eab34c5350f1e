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

/// Adds what `requests` want to know of one tensor, all of which is here.
Status AddStatistics(const std::vector<ops::StatisticRequest>& requests, const std::string& id, const ConstView& tensor,
                     ops::Statistics& statistics);

/// Inputs as the network takes them, and what the ops wanted to know of the raw ones.
struct PreparedInputs {
  std::vector<Tensor> tensors;
  ops::Statistics statistics;
};

/// Preprocesses raw inputs: one per input of the description, in its axis order and dtype; optional inputs at the end
/// may be missing. kInvalid if shapes or counts do not fit, and whatever ops refuse.
Result<PreparedInputs> PrepareInputs(const spec::ModelDescription& model, std::span<const Tensor> inputs,
                                     const Limits& limits = {});

/// A session for inputs of their shapes and types. Errors as Network::NewSession.
Result<std::unique_ptr<engines::Session>> SessionFor(const engines::Network& network, const PreparedInputs& inputs);

/// Postprocesses what the network returned for such inputs: one tensor per output of the description, in its axis
/// order. kInvalid if the network returned something else than the description says, and whatever ops refuse.
Result<std::vector<Tensor>> FinishOutputs(const spec::ModelDescription& model, const std::vector<Tensor>& raw,
                                          ops::Statistics statistics, const Limits& limits = {});

/// All three, and the network run once in between.
Result<std::vector<Tensor>> RunWhole(const spec::ModelDescription& model, const engines::Network& network,
                                     std::span<const Tensor> inputs, const Limits& limits = {});

std::vector<ConstView> ViewsOf(const std::vector<Tensor>& tensors);

}  // namespace tegula::pipeline
