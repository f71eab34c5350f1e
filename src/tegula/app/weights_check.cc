#include "tegula/app/weights_check.h"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>

namespace tegula::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr CheckStatus kStatuses[] = {CheckStatus::kPassed, CheckStatus::kUnproven, CheckStatus::kFailed,
                                     CheckStatus::kNotRun};

constexpr engines::Precision kPrecisions[] = {engines::Precision::kF32, engines::Precision::kBf16,
                                              engines::Precision::kF16};

Json ToJson(const OutputCheck& output) {
  const Comparison& c = output.comparison;
  return {{"output", output.output_id},
          {"passed", c.passed},
          {"reason", c.reason},
          {"max_abs", c.max_abs},
          {"mean_abs", c.mean_abs},
          {"mismatched_per_million", c.mismatched_per_million},
          {"tolerance",
           {{"relative", c.tolerance.relative},
            {"absolute", c.tolerance.absolute},
            {"mismatched_per_million", c.tolerance.mismatched_per_million}}}};
}

Json ToJson(const WeightsCheck& check) {
  Json outputs = Json::array(), sizes = Json::array();
  for (const OutputCheck& output : check.outputs) outputs.push_back(ToJson(output));
  for (const SizeCheck& size : check.sizes)
    sizes.push_back({{"batch", size.batch}, {"n", size.n}, {"passed", size.passed()}, {"reason", size.reason}});
  const Cost& cost = check.cost;
  return {{"weights", spec::WeightsFormatName(check.format)},
          {"engine", check.engine},
          {"engine_version", check.engine_version},
          {"precision", engines::PrecisionName(check.precision)},
          {"weights_sha256", check.weights_sha256},
          {"converted", check.is_converted},
          {"status", StatusName(check.status)},
          {"reason", check.reason},
          {"outputs", std::move(outputs)},
          {"sizes", std::move(sizes)},
          {"notes", check.notes},
          {"load_seconds", cost.load_s},
          {"seconds", cost.run_s},
          {"megapixels", cost.megapixels},
          {"memory_bytes", cost.memory_bytes}};
}

// Infinite differences are null in JSON.
double Number(const Json& json, const char* key) {
  const Json& value = json.at(key);
  return value.is_null() ? std::numeric_limits<double>::infinity() : value.get<double>();
}

OutputCheck OutputFrom(const Json& json) {
  OutputCheck output;
  output.output_id = json.at("output").get<std::string>();
  Comparison& c = output.comparison;
  c.passed = json.at("passed").get<bool>();
  c.reason = json.at("reason").get<std::string>();
  c.max_abs = Number(json, "max_abs");
  c.mean_abs = Number(json, "mean_abs");
  c.mismatched_per_million = Number(json, "mismatched_per_million");
  const Json& tolerance = json.at("tolerance");
  c.tolerance = {Number(tolerance, "relative"), Number(tolerance, "absolute"),
                 Number(tolerance, "mismatched_per_million")};
  return output;
}

std::optional<WeightsCheck> CheckFrom(const Json& json) {
  WeightsCheck check;
  const auto format = spec::WeightsFormatFromName(json.at("weights").get<std::string>());
  if (!format) return std::nullopt;
  check.format = *format;
  check.engine = json.at("engine").get<std::string>();
  check.engine_version = json.at("engine_version").get<std::string>();
  for (const engines::Precision known : kPrecisions)
    if (engines::PrecisionName(known) == json.at("precision").get<std::string>()) check.precision = known;
  check.weights_sha256 = json.at("weights_sha256").get<std::string>();
  check.is_converted = json.at("converted").get<bool>();
  const auto status = json.at("status").get<std::string>();
  for (const CheckStatus known : kStatuses)
    if (StatusName(known) == status) check.status = known;
  check.reason = json.at("reason").get<std::string>();
  for (const Json& output : json.at("outputs")) check.outputs.push_back(OutputFrom(output));
  for (const Json& size : json.at("sizes"))
    check.sizes.push_back(
        {size.at("batch").get<std::int64_t>(), size.at("n").get<std::int64_t>(), size.at("reason").get<std::string>()});
  check.notes = json.at("notes").get<std::vector<std::string>>();
  check.cost = {Number(json, "load_seconds"), Number(json, "seconds"), Number(json, "megapixels"),
                json.at("memory_bytes").get<std::int64_t>()};
  return check;
}

}  // namespace

std::string_view StatusName(CheckStatus status) {
  switch (status) {
    case CheckStatus::kPassed: return "passed";
    case CheckStatus::kUnproven: return "unproven";
    case CheckStatus::kFailed: return "failed";
    case CheckStatus::kNotRun: return "not run";
  }
  return "not run";
}

std::string Title(const WeightsCheck& check) {
  const std::string_view weights = spec::WeightsFormatName(check.format);
  if (check.engine.empty()) return std::string(weights);
  const bool is_less = check.precision != engines::Precision::kF32;
  return fmt::format("{} with {}{}{}{}", weights, check.engine, check.is_converted ? " (converted)" : "",
                     is_less ? " in " : "", is_less ? engines::PrecisionName(check.precision) : "");
}

std::string ChecksToJson(const std::vector<WeightsCheck>& checks) {
  Json json = Json::array();
  for (const WeightsCheck& check : checks) json.push_back(ToJson(check));
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

std::optional<std::vector<WeightsCheck>> ChecksFromJson(const std::string& text) {
  const Result<std::optional<std::vector<WeightsCheck>>> read =
      Guarded("reading checks", [&]() -> Result<std::optional<std::vector<WeightsCheck>>> {
        std::vector<WeightsCheck> checks;
        for (const Json& item : Json::parse(text)) {
          std::optional<WeightsCheck> check = CheckFrom(item);
          if (!check) return std::optional<std::vector<WeightsCheck>>();
          checks.push_back(std::move(*check));
        }
        return std::optional(std::move(checks));
      });
  return read.ok() ? *read : std::nullopt;
}

}  // namespace tegula::app
