#include "tegula/ops/statistics_file.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "tegula/core/text.h"

namespace tegula::ops {
namespace {

using Json = nlohmann::ordered_json;

// How the reference calls a measure. A dataset's is one that goes over the batch too.
struct Name {
  Measure measure;
  bool of_dataset;
  std::string_view name, method;
};
constexpr Name kNames[] = {
    {Measure::kMean, false, "mean", ""},
    {Measure::kMean, true, "mean", ""},
    {Measure::kStd, false, "std", ""},
    {Measure::kStd, true, "std", ""},
    {Measure::kPercentile, false, "quantile", "linear"},
    {Measure::kPercentile, true, "quantile", ""},
    {Measure::kPercentileOfValues, false, "quantile", "inverted_cdf"},
};

std::vector<std::string> ReducedAxes(const StatisticRequest& request) {
  std::vector<std::string> axes;
  for (std::size_t i = 0; i < request.axes.size(); ++i)
    if (request.reduced[i]) axes.push_back(request.axes[i]);
  return axes;
}
std::vector<std::string> KeptAxes(const StatisticRequest& request) {
  std::vector<std::string> axes;
  for (std::size_t i = 0; i < request.axes.size(); ++i)
    if (!request.reduced[i]) axes.push_back(request.axes[i]);
  return axes;
}

const Name& NameOf(const StatisticRequest& request) {
  const auto* const found = std::find_if(std::begin(kNames), std::end(kNames), [&](const Name& name) {
    return name.measure == request.measure && name.of_dataset == request.of_dataset;
  });
  return found != std::end(kNames) ? *found : kNames[0];
}

Json MeasureJson(const StatisticRequest& request) {
  const Name& name = NameOf(request);
  const std::vector<std::string> reduced = ReducedAxes(request);
  Json measure = {
      {"member_id", request.tensor_id}, {"scope", name.of_dataset ? "dataset" : "sample"}, {"name", name.name}};
  // Over all axes of a dataset: what `axes: null` means.
  const bool over_all = name.of_dataset && reduced.size() == request.axes.size();
  measure["axes"] = over_all ? Json() : Json(reduced);
  if (name.name == "quantile") measure["q"] = request.percentile / 100;
  if (!name.method.empty()) measure["method"] = name.method;
  return measure;
}

// The values nested by their kept axes.
Json Nested(const double* values, std::span<const std::int64_t> sizes) {
  if (sizes.empty()) return std::isfinite(*values) ? Json(*values) : Json();
  std::int64_t stride = 1;
  for (const std::int64_t size : sizes.subspan(1)) stride *= size;
  Json list = Json::array();
  for (std::int64_t i = 0; i < sizes[0]; ++i) list.push_back(Nested(values + i * stride, sizes.subspan(1)));
  return list;
}

bool Near(double a, double b) { return std::abs(a - b) <= 1e-9; }

// Whether an entry's measure is the one that is wanted. Axes may stand in any order; none means all.
bool Is(const Json& measure, const StatisticRequest& request) {
  const Name& name = NameOf(request);
  const auto text = [&](const char* key) {
    return measure.contains(key) && measure[key].is_string() ? measure[key].get<std::string>() : std::string();
  };
  if (text("member_id") != request.tensor_id || text("name") != name.name ||
      text("scope") != (name.of_dataset ? "dataset" : "sample"))
    return false;
  if (name.name == "quantile" && !(measure.contains("q") && measure["q"].is_number() &&
                                   Near(measure["q"].get<double>(), request.percentile / 100)))
    return false;
  if (!name.method.empty() && !text("method").empty() && text("method") != name.method) return false;
  std::vector<std::string> reduced = ReducedAxes(request);
  if (!measure.contains("axes") || measure["axes"].is_null()) return reduced.size() == request.axes.size();
  std::vector<std::string> axes;
  if (!measure["axes"].is_array()) return false;
  for (const Json& axis : measure["axes"]) axes.push_back(axis.is_string() ? axis.get<std::string>() : "");
  std::sort(axes.begin(), axes.end());
  std::sort(reduced.begin(), reduced.end());
  return axes == reduced;
}

// Numbers of nested lists, in order; the lists of one level have one length.
Status Flatten(const Json& value, std::size_t level, std::vector<std::int64_t>& sizes, std::vector<double>& values) {
  constexpr std::size_t kMost = 1 << 20;
  if (!value.is_array()) {
    if (level != sizes.size() || !(value.is_number() || value.is_null()) || values.size() >= kMost)
      return CorruptError("a value is no regular list of numbers");
    values.push_back(value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>());
    return Ok();
  }
  if (level >= sizes.size()) return CorruptError("a value has more axes than it names");
  const auto size = static_cast<std::int64_t>(value.size());
  if (sizes[level] >= 0 && sizes[level] != size) return CorruptError("a value is no regular list of numbers");
  sizes[level] = size;
  for (const Json& item : value) TEGULA_TRY(Flatten(item, level + 1, sizes, values));
  return Ok();
}

// With 1 for the reduced axes. Kept axes of length 1 may be missing in `dims`, as the reference drops them.
Result<Statistic> ReadValue(const Json& value, const StatisticRequest& request) {
  const std::vector<std::string> kept = KeptAxes(request);
  std::vector<std::string> dims;
  const bool is_tensor = value.is_object();
  if (is_tensor) {
    if (!value.contains("data") || !value.contains("dims") || !value["dims"].is_array())
      return CorruptError("a value is neither a number nor data with dims");
    for (const Json& dim : value["dims"]) dims.push_back(dim.is_string() ? dim.get<std::string>() : "");
  }
  std::vector<std::int64_t> sizes(dims.size(), -1);
  Statistic statistic{request, Shape(), {}};
  TEGULA_TRY(Flatten(is_tensor ? value["data"] : value, 0, sizes, statistic.values));
  std::vector<std::int64_t> shape;
  std::size_t used = 0;
  for (std::size_t i = 0; i < request.axes.size(); ++i) {
    const bool is_here = !request.reduced[i] && used < dims.size() && dims[used] == request.axes[i];
    shape.push_back(is_here ? std::max<std::int64_t>(0, sizes[used]) : 1);
    used += is_here ? 1 : 0;
  }
  if (used != dims.size())
    return InvalidError("the " + std::string(MeasureName(request.measure)) + " of '" + request.tensor_id +
                        "' stands along (" + Join(dims, ", ") + "), but along (" + Join(kept, ", ") + ") is needed");
  statistic.shape = Shape(std::span<const std::int64_t>(shape));
  return statistic;
}

}  // namespace

std::string StatisticsToJson(const Statistics& statistics) {
  Json list = Json::array();
  for (const Statistic& statistic : statistics.all()) {
    const std::vector<std::string> kept = KeptAxes(statistic.request);
    std::vector<std::int64_t> sizes;
    for (int axis = 0; axis < statistic.shape.rank(); ++axis)
      if (!statistic.request.reduced[static_cast<std::size_t>(axis)]) sizes.push_back(statistic.shape[axis]);
    const Json data = Nested(statistic.values.data(), sizes);
    list.push_back({{"measure", MeasureJson(statistic.request)},
                    {"value", kept.empty() ? data : Json{{"data", data}, {"dims", kept}}}});
  }
  return list.dump(2) + "\n";
}

Result<Statistics> StatisticsFromJson(std::string_view text, const std::vector<StatisticRequest>& requests) {
  const Json list = Json::parse(text, nullptr, false);
  if (!list.is_array()) return CorruptError("it is no list of statistics in JSON");
  Statistics statistics;
  for (const StatisticRequest& request : requests) {
    const auto found = std::find_if(list.begin(), list.end(), [&](const Json& entry) {
      return entry.is_object() && entry.contains("measure") && entry.contains("value") &&
             entry["measure"].is_object() && Is(entry["measure"], request);
    });
    if (found == list.end())
      return NotFoundError("it does not hold the measure " + MeasureJson(request).dump() + " that the model needs");
    TEGULA_ASSIGN_OR_RETURN(Statistic statistic, ReadValue((*found)["value"], request));
    statistics.Set(std::move(statistic));
  }
  return statistics;
}

}  // namespace tegula::ops
