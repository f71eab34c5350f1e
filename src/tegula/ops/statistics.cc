#include "tegula/ops/statistics.h"

#include <fmt/format.h>

#include <algorithm>

#include "tegula/core/text.h"
#include "tegula/ops/op.h"

namespace tegula::ops {
namespace {

Error WholeOutputError(std::string_view op, std::string_view of, std::string_view output) {
  return UnsupportedError(fmt::format(
      "operation {} of output {} needs statistics of the whole output {}, and only those of inputs are computed: "
      "remove the operation from the description to get the output without it",
      op, output, of));
}

// The tensor whose statistics `wanted` are, for an op of `tensor`.
Result<const spec::TensorDescription*> TensorOf(const Wanted& wanted, const spec::ModelDescription& model,
                                                const spec::TensorDescription& tensor, std::string_view op) {
  const std::string& id = wanted.tensor_id.empty() ? tensor.id : wanted.tensor_id;
  if (model.FindOutput(id) != nullptr) return WholeOutputError(op, id, tensor.id);
  if (const spec::TensorDescription* input = model.FindInput(id)) return input;
  return InvalidError(
      fmt::format("operation {} of tensor {} refers to tensor {}, which the model does not have", op, tensor.id, id));
}

Result<StatisticRequest> Resolve(const Wanted& wanted, const spec::TensorDescription& of, std::string_view op) {
  StatisticRequest request{wanted.measure, wanted.percentile, of.id, {}, {}};
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
    case Measure::kStd:
    case Measure::kDatasetStd: return "standard deviation";
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

}  // namespace tegula::ops
