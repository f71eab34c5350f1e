#include "tegula/app/measure.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "tegula/app/model_source.h"
#include "tegula/app/select.h"
#include "tegula/pipeline/whole.h"

namespace tegula::app {
namespace {

using Json = nlohmann::ordered_json;
using pipeline::AxisField;
using pipeline::ReceptiveField;

constexpr std::int64_t kFieldBytes = 1 << 20;
constexpr std::size_t kMostAxes = kMaxRank, kMostFar = 16;

Path FieldFile(const spec::Package& package, const ProvenNetwork& network, const EngineRequest& request) {
  const std::string key = Sha256OfBytes(fmt::format("tegula receptive field {}\n{}\n{}", pipeline::kMeasurementVersion,
                                                    network.check.weights_sha256, package.description_sha256()));
  return request.cache / "fields" / (key + ".json");
}

Json ToJson(const AxisField& axis) {
  Json far = Json::array();
  for (const pipeline::FarChange& change : axis.far)
    far.push_back({{"distance", change.distance}, {"change", change.change}});
  return {{"axis", axis.axis},
          {"declared_halo", axis.declared_halo},
          {"declared_step", axis.declared_step},
          {"finite", axis.is_finite},
          {"before", axis.before},
          {"after", axis.after},
          {"window_before", axis.window_before},
          {"window_after", axis.window_after},
          {"grid", axis.grid},
          {"grid_measured", axis.is_grid_measured},
          {"tolerance", axis.tolerance},
          {"deviation", axis.deviation},
          {"declared_halo_deviation", axis.declared_deviation},
          {"declared_step_deviation", axis.step_deviation},
          {"far", std::move(far)},
          {"remark", axis.remark}};
}

// A number that may be infinite, which is null in JSON, and not negative.
std::optional<double> Deviation(const Json& json, const char* key) {
  const Json& value = json.at(key);
  if (value.is_null()) return INFINITY;
  const auto number = value.get<double>();
  return number >= 0 ? std::optional(number) : std::nullopt;
}

std::optional<AxisField> AxisFrom(const Json& json) {
  const std::int64_t most = Limits{}.axis_size;
  AxisField axis;
  axis.axis = json.at("axis").get<std::string>();
  axis.declared_halo = json.at("declared_halo").get<std::int64_t>();
  axis.declared_step = json.at("declared_step").get<std::int64_t>();
  axis.is_finite = json.at("finite").get<bool>();
  axis.before = json.at("before").get<std::int64_t>();
  axis.after = json.at("after").get<std::int64_t>();
  axis.window_before = json.at("window_before").get<std::int64_t>();
  axis.window_after = json.at("window_after").get<std::int64_t>();
  axis.grid = json.at("grid").get<std::int64_t>();
  axis.is_grid_measured = json.at("grid_measured").get<bool>();
  for (const std::int64_t size : {axis.declared_halo, axis.declared_step, axis.before, axis.after, axis.window_before,
                                  axis.window_after, axis.grid - 1})
    if (size < 0 || size >= most) return std::nullopt;
  if (axis.window_before > axis.before || axis.window_after > axis.after) return std::nullopt;
  const std::optional<double> tolerance = Deviation(json, "tolerance"), deviation = Deviation(json, "deviation"),
                              declared = Deviation(json, "declared_halo_deviation"),
                              step = Deviation(json, "declared_step_deviation");
  if (!tolerance || !deviation || !declared || !step || json.at("far").size() > kMostFar) return std::nullopt;
  axis.tolerance = *tolerance, axis.deviation = *deviation;
  axis.declared_deviation = *declared, axis.step_deviation = *step;
  for (const Json& item : json.at("far")) {
    const std::optional<double> change = Deviation(item, "change");
    if (!change) return std::nullopt;
    axis.far.push_back({item.at("distance").get<std::int64_t>(), *change});
  }
  axis.remark = json.at("remark").get<std::string>();
  return axis;
}

std::string_view Pixels(std::int64_t count) { return count == 1 ? "pixel" : "pixels"; }

std::string FarInWords(const AxisField& axis) {
  std::vector<std::string> parts;
  for (const pipeline::FarChange& far : axis.far)
    parts.push_back(fmt::format("{:.2g} at {} pixels", far.change, far.distance));
  return parts.empty() ? std::string("everything in the window")
                       : fmt::format("the output by up to {}", fmt::join(parts, ", "));
}

std::string Advice(const AxisField& axis) {
  if (!axis.is_finite)
    return fmt::format(
        "the network has no finite context: {}; the change of one pixel moves {}; tiles with the declared halo of {} "
        "differ from the whole by up to {:.2g}, and no halo makes them exact: predict the whole image at once where it "
        "fits into memory",
        axis.remark, FarInWords(axis), axis.declared_halo, axis.declared_deviation);
  const std::string sees =
      axis.sees() == axis.context()
          ? fmt::format("sees {}", axis.sees())
          : fmt::format("sees {}, of which windows on the stride grid need {}", axis.sees(), axis.context());
  std::string text;
  if (axis.context() <= axis.declared_halo) {
    text = fmt::format("the declared halo of {} {} is enough: the network {}", axis.declared_halo,
                       Pixels(axis.declared_halo), sees);
  } else if (axis.declared_deviation <= axis.tolerance && axis.declared_halo == 0) {
    text = fmt::format(
        "the description declares no halo and needs none: the network {}, but it gives no output nearer to a window's "
        "end",
        sees);
  } else {
    text = fmt::format(
        "the description declares a halo of {} {}; the network {}: tiles with the declared halo differ by up to "
        "{:.2g}{}",
        axis.declared_halo, Pixels(axis.declared_halo), sees, axis.declared_deviation,
        axis.declared_deviation <= axis.tolerance ? ", which counts as exact on the model's own example" : "");
  }
  if (axis.declared_step > 0 && axis.declared_step % axis.grid != 0)
    text += fmt::format(
        "; windows must start at multiples of {}, which the declared step of {} does not ensure: off "
        "this grid they differ by up to {:.2g}",
        axis.grid, axis.declared_step, axis.step_deviation);
  return text;
}

}  // namespace

std::vector<std::string> AdviceOn(const ReceptiveField& field) {
  std::vector<std::pair<std::string, std::string>> sentences;  // axes, and what is said of them
  for (const AxisField& axis : field.axes) {
    const std::string advice = Advice(axis);
    if (!sentences.empty() && sentences.back().second == advice) {
      sentences.back().first += ", " + axis.axis;
    } else {
      sentences.emplace_back(axis.axis, advice);
    }
  }
  std::vector<std::string> all;
  for (const auto& [axes, advice] : sentences) all.push_back(fmt::format("{}: {}.", axes, advice));
  return all;
}

std::string FieldToJson(const ReceptiveField& field) {
  Json axes = Json::array();
  for (const AxisField& axis : field.axes) axes.push_back(ToJson(axis));
  const Json json = {{"axes", std::move(axes)}, {"noise", field.noise}, {"runs", field.runs}, {"remark", field.remark}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::optional<ReceptiveField> FieldFromJson(const std::string& text) {
  const Result<std::optional<ReceptiveField>> read =
      Guarded("reading a receptive field", [&]() -> Result<std::optional<ReceptiveField>> {
        const Json json = Json::parse(text);
        ReceptiveField field;
        if (json.at("axes").size() > kMostAxes) return std::optional<ReceptiveField>();
        for (const Json& item : json.at("axes")) {
          std::optional<AxisField> axis = AxisFrom(item);
          if (!axis) return std::optional<ReceptiveField>();
          field.axes.push_back(std::move(*axis));
        }
        const std::optional<double> noise = Deviation(json, "noise");
        field.runs = json.at("runs").get<std::int64_t>();
        if (!noise || field.runs < 0) return std::optional<ReceptiveField>();
        field.noise = *noise;
        field.remark = json.at("remark").get<std::string>();
        return std::optional(std::move(field));
      });
  return read.ok() ? *read : std::nullopt;
}

Result<ReceptiveField> MeasuredField(const spec::Package& package, const ProvenNetwork& network,
                                     const EngineRequest& request, const RunContext& context) {
  const Path file = FieldFile(package, network, request);
  if (!request.cache.empty()) {
    const Result<std::string> text = ReadFile(file, kFieldBytes);
    if (std::optional<ReceptiveField> field = text.ok() ? FieldFromJson(*text) : std::nullopt) return std::move(*field);
  }
  TEGULA_ASSIGN_OR_RETURN(const TestTensors tests, ReadTestTensors(package, context.limits));
  TEGULA_ASSIGN_OR_RETURN(pipeline::PreparedInputs inputs,
                          pipeline::PrepareInputs(package.description(), tests.inputs, context.limits));
  TEGULA_ASSIGN_OR_RETURN(ReceptiveField field, pipeline::MeasureReceptiveField(package.description(), *network.network,
                                                                                std::move(inputs.tensors), context)
                                                    .Context("measuring what the network sees"));
  // A cache that cannot be written only costs time.
  if (!request.cache.empty() && MakeFolders(file.parent_path()).ok()) (void)WriteFileWhole(file, FieldToJson(field));
  return field;
}

Result<Measurement> MeasureModel(const Path& model, const EngineRequest& request, engines::Registry& registry,
                                 const RunContext& context) {
  TEGULA_ASSIGN_OR_RETURN(const spec::Package package, OpenModel(model, request.cache, context));
  TEGULA_TRY(spec::CheckRunnable(package.read()));
  TEGULA_ASSIGN_OR_RETURN(const ProvenNetwork network, SelectNetwork(package, request, registry, context));
  Measurement measurement;
  TEGULA_ASSIGN_OR_RETURN(measurement.field, MeasuredField(package, network, request, context));
  measurement.title = Title(network.check);
  return measurement;
}

}  // namespace tegula::app
