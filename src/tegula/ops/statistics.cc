#include "tegula/ops/statistics.h"

#include <fmt/format.h>

#include <algorithm>

#include "tegula/core/text.h"
#include "tegula/ops/op.h"

namespace tegula::ops {
namespace {

// The tensor whose statistics `wanted` are, for an op of `tensor`. What goes into the network cannot depend on what
// comes out of it.
Result<const spec::TensorDescription*> TensorOf(const Wanted& wanted, const spec::ModelDescription& model,
                                                const spec::TensorDescription& tensor, std::string_view op) {
  const std::string& id = wanted.tensor_id.empty() ? tensor.id : wanted.tensor_id;
  if (const spec::TensorDescription* input = model.FindInput(id)) return input;
  const spec::TensorDescription* output = model.FindOutput(id);
  if (output != nullptr && model.FindInput(tensor.id) == nullptr) return output;
  return InvalidError(fmt::format("operation {} of tensor {} refers to tensor {}, which {}", op, tensor.id, id,
                                  output == nullptr ? "the model does not have" : "is not known before the network"));
}

Result<StatisticRequest> Resolve(const Wanted& wanted, const spec::TensorDescription& of, std::string_view op) {
  StatisticRequest request{wanted.measure, wanted.percentile, of.id, {}, {}, wanted.of_dataset};
  for (const spec::Axis& axis : of.axes) {
    request.axes.push_back(axis.id);
    request.reduced.push_back(IsReduced(wanted.axes, axis.id));
  }
  // "batch" also stands for the dataset, so tensors without such an axis may name it.
  if (wanted.axes)
    for (const std::string& id : *wanted.axes)
      if (id != "batch" && of.AxisIndex(id) < 0)
        return InvalidError(
            fmt::format("operation {} takes statistics over axis {} of tensor {}, which has the axes {}", op, id, of.id,
                        Join(request.axes, ", ")));
  if (!(request.percentile >= 0 && request.percentile <= 100))
    return InvalidError(
        fmt::format("operation {} wants the percentile {}, which is not between 0 and 100", op, request.percentile));
  return request;
}

Status AddRequests(const spec::ModelDescription& model, const spec::TensorDescription& tensor,
                   std::vector<StatisticRequest>& requests) {
  for (const spec::OpDescription& op : tensor.ops) {
    const std::string_view id = spec::OpId(op);
    for (const Wanted& wanted : std::visit([](const auto& described) { return Wants(described); }, op)) {
      TEGULA_ASSIGN_OR_RETURN(const spec::TensorDescription* of, TensorOf(wanted, model, tensor, id));
      TEGULA_ASSIGN_OR_RETURN(StatisticRequest request, Resolve(wanted, *of, id));
      if (std::find(requests.begin(), requests.end(), request) == requests.end())
        requests.push_back(std::move(request));
    }
  }
  return Ok();
}

}  // namespace

std::string_view MeasureName(Measure measure) {
  switch (measure) {
    case Measure::kMean: return "mean";
    case Measure::kStd: return "standard deviation";
    case Measure::kPercentile:
    case Measure::kPercentileOfValues: return "percentile";
  }
  return "statistic";
}

void Statistics::Set(Statistic statistic) {
  const auto same =
      std::find_if(all_.begin(), all_.end(), [&](const Statistic& s) { return s.request == statistic.request; });
  if (same != all_.end())
    *same = std::move(statistic);
  else
    all_.push_back(std::move(statistic));
}

Result<const Statistic*> Statistics::Find(const StatisticRequest& request) const {
  for (const Statistic& statistic : all_)
    if (statistic.request == request) return &statistic;
  return NotFoundError(
      fmt::format("the {} of tensor {} was not computed", MeasureName(request.measure), request.tensor_id));
}

Result<std::vector<StatisticRequest>> RequiredStatistics(const spec::ModelDescription& model) {
  std::vector<StatisticRequest> requests;
  for (const spec::TensorDescription& input : model.inputs) TEGULA_TRY(AddRequests(model, input, requests));
  for (const spec::TensorDescription& output : model.outputs) TEGULA_TRY(AddRequests(model, output, requests));
  return requests;
}

std::vector<StatisticRequest> RequestsOf(std::string_view tensor_id, const std::vector<StatisticRequest>& requests) {
  std::vector<StatisticRequest> of_tensor;
  std::copy_if(requests.begin(), requests.end(), std::back_inserter(of_tensor),
               [&](const StatisticRequest& request) { return request.tensor_id == tensor_id; });
  return of_tensor;
}

}  // namespace tegula::ops
