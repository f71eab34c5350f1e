#include "tegula/pipeline/whole.h"

#include <fmt/format.h>

#include <algorithm>

#include "tegula/ops/chain.h"
#include "tegula/pipeline/object_ops.h"

namespace tegula::pipeline {
namespace {

Result<Tensor> RunChain(std::span<const spec::OpDescription> chain_ops, const spec::TensorDescription& description,
                        const Tensor& in, const ops::Statistics& statistics, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(
      const ops::Chain chain,
      ops::Chain::Bind(chain_ops, {description.id, AxisIds(description), in.shape(), in.dtype()}, statistics));
  TEGULA_ASSIGN_OR_RETURN(Tensor out, Tensor::Allocate(chain.output_dtype(), in.shape(), limits));
  TEGULA_TRY(chain.Run(in.view(), out.view()));
  return out;
}

// Chains, and between them the ops that make objects.
Result<Tensor> Postprocess(std::span<const spec::OpDescription> ops, const spec::TensorDescription& description,
                           const Tensor& in, const ops::Statistics& statistics, const Limits& limits) {
  const auto first = std::find_if(ops.begin(), ops.end(), &spec::MakesObjects);
  const auto before = static_cast<std::size_t>(first - ops.begin());
  TEGULA_ASSIGN_OR_RETURN(Tensor values, RunChain(ops.first(before), description, in, statistics, limits));
  if (first == ops.end()) return values;
  TEGULA_ASSIGN_OR_RETURN(const Tensor labels, RunObjectOp(*first, description, values, SerialExecutor(), limits));
  return Postprocess(ops.subspan(before + 1), description, labels, statistics, limits);
}

Status CheckInput(const spec::TensorDescription& description, const Tensor& tensor) {
  if (tensor.shape().rank() != static_cast<int>(description.axes.size()))
    return InvalidError(fmt::format("the tensor for input {} has shape {}, but the model describes {} axes ({})",
                                    description.id, ToString(tensor.shape()), description.axes.size(),
                                    fmt::join(AxisIds(description), ", ")));
  return Ok();
}

}  // namespace

std::vector<std::string> AxisIds(const spec::TensorDescription& tensor) {
  std::vector<std::string> ids;
  for (const spec::Axis& axis : tensor.axes) ids.push_back(axis.id);
  return ids;
}

// The collector's block grid does not matter to the result of one block.
Status AddStatistics(const std::vector<ops::StatisticRequest>& requests, const std::string& id, const ConstView& tensor,
                     ops::Statistics& statistics) {
  std::vector<ops::StatisticRequest> of_tensor = ops::RequestsOf(id, requests);
  if (of_tensor.empty()) return Ok();
  TEGULA_ASSIGN_OR_RETURN(ops::StatisticsCollector collector,
                          ops::StatisticsCollector::Make(std::move(of_tensor), tensor.dtype(), tensor.shape(),
                                                         /*blocks=*/1, /*workers=*/1));
  const std::vector<std::int64_t> origin(static_cast<std::size_t>(tensor.shape().rank()), 0);
  while (!collector.done()) {
    collector.Add(0, origin, tensor, 0);
    collector.FinishPass();
  }
  for (ops::Statistic& statistic : collector.Take()) statistics.Set(std::move(statistic));
  return Ok();
}

std::vector<ConstView> ViewsOf(const std::vector<Tensor>& tensors) {
  std::vector<ConstView> views;
  for (const Tensor& tensor : tensors) views.push_back(tensor.view());
  return views;
}

Result<PreparedInputs> PrepareInputs(const spec::ModelDescription& model, std::span<const Tensor> inputs,
                                     const Limits& limits) {
  for (std::size_t i = inputs.size(); i < model.inputs.size(); ++i)
    if (!model.inputs[i].optional)
      return InvalidError(fmt::format("the model has {} inputs, but {} tensors were given: {} is missing",
                                      model.inputs.size(), inputs.size(), model.inputs[i].id));
  if (inputs.size() > model.inputs.size())
    return InvalidError(
        fmt::format("the model has {} inputs, but {} tensors were given", model.inputs.size(), inputs.size()));
  TEGULA_ASSIGN_OR_RETURN(const std::vector<ops::StatisticRequest> requests, ops::RequiredStatistics(model));
  PreparedInputs prepared;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    TEGULA_TRY(CheckInput(model.inputs[i], inputs[i]));
    TEGULA_TRY(AddStatistics(requests, model.inputs[i].id, inputs[i].view(), prepared.statistics));
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    TEGULA_ASSIGN_OR_RETURN(Tensor tensor,
                            RunChain(model.inputs[i].ops, model.inputs[i], inputs[i], prepared.statistics, limits)
                                .Context("preprocessing of input " + model.inputs[i].id));
    prepared.tensors.push_back(std::move(tensor));
  }
  return prepared;
}

Result<std::unique_ptr<engines::Session>> SessionFor(const engines::Network& network, const PreparedInputs& inputs) {
  std::vector<Shape> shapes;
  std::vector<DType> dtypes;
  for (const Tensor& tensor : inputs.tensors) {
    shapes.push_back(tensor.shape());
    dtypes.push_back(tensor.dtype());
  }
  return network.NewSession(shapes, dtypes);
}

Result<std::vector<Tensor>> FinishOutputs(const spec::ModelDescription& model, const std::vector<Tensor>& raw,
                                          ops::Statistics statistics, const Limits& limits) {
  if (raw.size() != model.outputs.size())
    return InvalidError(fmt::format("the network returns {} tensors, but the model describes {} outputs", raw.size(),
                                    model.outputs.size()));
  TEGULA_ASSIGN_OR_RETURN(const std::vector<ops::StatisticRequest> requests, ops::RequiredStatistics(model));
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const spec::TensorDescription& description = model.outputs[i];
    if (raw[i].shape().rank() != static_cast<int>(description.axes.size()))
      return InvalidError(fmt::format("the network returns {} for output {}, but the model describes {} axes ({})",
                                      ToString(raw[i].shape()), description.id, description.axes.size(),
                                      fmt::join(AxisIds(description), ", ")));
    TEGULA_TRY(AddStatistics(requests, description.id, raw[i].view(), statistics));
  }
  std::vector<Tensor> outputs;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const spec::TensorDescription& description = model.outputs[i];
    TEGULA_ASSIGN_OR_RETURN(Tensor tensor, Postprocess(description.ops, description, raw[i], statistics, limits)
                                               .Context("postprocessing of output " + description.id));
    outputs.push_back(std::move(tensor));
  }
  return outputs;
}

Result<std::vector<Tensor>> RunWhole(const spec::ModelDescription& model, const engines::Network& network,
                                     std::span<const Tensor> inputs, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(PreparedInputs prepared, PrepareInputs(model, inputs, limits));
  TEGULA_ASSIGN_OR_RETURN(const std::unique_ptr<engines::Session> session, SessionFor(network, prepared));
  TEGULA_ASSIGN_OR_RETURN(const std::vector<Tensor> raw, session->Run(ViewsOf(prepared.tensors)));
  return FinishOutputs(model, raw, std::move(prepared.statistics), limits);
}

}  // namespace tegula::pipeline
