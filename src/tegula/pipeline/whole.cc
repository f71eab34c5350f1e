#include "tegula/pipeline/whole.h"

#include <fmt/format.h>

#include <algorithm>

#include "tegula/ops/chain.h"

namespace tegula::pipeline {
namespace {

// The collector's block grid does not matter to the result of one block.
Result<std::vector<ops::Statistic>> StatisticsOfTensor(std::vector<ops::StatisticRequest> requests,
                                                       const Tensor& tensor) {
  TEGULA_ASSIGN_OR_RETURN(ops::StatisticsCollector collector,
                          ops::StatisticsCollector::Make(std::move(requests), tensor.dtype(), tensor.shape(),
                                                         /*blocks=*/1, /*workers=*/1));
  const std::vector<std::int64_t> origin(static_cast<std::size_t>(tensor.shape().rank()), 0);
  while (!collector.done()) {
    collector.Add(0, origin, tensor.view(), 0);
    collector.FinishPass();
  }
  return collector.Take();
}

Result<Tensor> RunChain(std::span<const spec::OpDescription> chain_ops, const spec::TensorDescription& description,
                        const Tensor& in, const ops::Statistics& statistics, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(
      const ops::Chain chain,
      ops::Chain::Bind(chain_ops, {description.id, AxisIds(description), in.shape(), in.dtype()}, statistics));
  TEGULA_ASSIGN_OR_RETURN(Tensor out, Tensor::Allocate(chain.output_dtype(), in.shape(), limits));
  TEGULA_TRY(chain.Run(in.view(), out.view()));
  return out;
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

Result<ops::Statistics> StatisticsOf(const spec::ModelDescription& model, std::span<const Tensor> inputs) {
  TEGULA_ASSIGN_OR_RETURN(const std::vector<ops::StatisticRequest> requests, ops::RequiredStatistics(model));
  ops::Statistics statistics;
  for (std::size_t i = 0; i < model.inputs.size(); ++i) {
    std::vector<ops::StatisticRequest> of_input;
    std::copy_if(requests.begin(), requests.end(), std::back_inserter(of_input),
                 [&](const ops::StatisticRequest& request) { return request.tensor_id == model.inputs[i].id; });
    if (of_input.empty()) continue;
    TEGULA_ASSIGN_OR_RETURN(std::vector<ops::Statistic> found, StatisticsOfTensor(std::move(of_input), inputs[i]));
    for (ops::Statistic& statistic : found) statistics.Set(std::move(statistic));
  }
  return statistics;
}

Result<std::vector<Tensor>> RunWhole(const spec::ModelDescription& model, const engines::Network& network,
                                     std::span<const Tensor> inputs, const Limits& limits) {
  if (inputs.size() != model.inputs.size())
    return InvalidError(
        fmt::format("the model has {} inputs, but {} tensors were given", model.inputs.size(), inputs.size()));
  for (std::size_t i = 0; i < inputs.size(); ++i) TEGULA_TRY(CheckInput(model.inputs[i], inputs[i]));
  TEGULA_ASSIGN_OR_RETURN(const ops::Statistics statistics, StatisticsOf(model, inputs));

  std::vector<Tensor> ready;
  std::vector<ConstView> views;
  std::vector<Shape> shapes;
  std::vector<DType> dtypes;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    TEGULA_ASSIGN_OR_RETURN(Tensor tensor, RunChain(model.inputs[i].ops, model.inputs[i], inputs[i], statistics, limits)
                                               .Context("preprocessing of input " + model.inputs[i].id));
    shapes.push_back(tensor.shape());
    dtypes.push_back(tensor.dtype());
    ready.push_back(std::move(tensor));
  }
  for (const Tensor& tensor : ready) views.push_back(tensor.view());
  TEGULA_ASSIGN_OR_RETURN(const std::unique_ptr<engines::Session> session, network.NewSession(shapes, dtypes));
  TEGULA_ASSIGN_OR_RETURN(std::vector<Tensor> raw, session->Run(views));
  if (raw.size() != model.outputs.size())
    return InvalidError(fmt::format("the network returns {} tensors, but the model describes {} outputs", raw.size(),
                                    model.outputs.size()));

  std::vector<Tensor> outputs;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const spec::TensorDescription& description = model.outputs[i];
    if (raw[i].shape().rank() != static_cast<int>(description.axes.size()))
      return InvalidError(fmt::format("the network returns {} for output {}, but the model describes {} axes ({})",
                                      ToString(raw[i].shape()), description.id, description.axes.size(),
                                      fmt::join(AxisIds(description), ", ")));
    TEGULA_ASSIGN_OR_RETURN(Tensor tensor, RunChain(description.ops, description, raw[i], statistics, limits)
                                               .Context("postprocessing of output " + description.id));
    outputs.push_back(std::move(tensor));
  }
  return outputs;
}

}  // namespace tegula::pipeline
