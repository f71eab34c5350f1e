// config: free, but for what the format says about reproducibility and, in 0.5, about the model's making.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tegula/spec/rdf_parts.h"
#include "tegula/spec/text_kinds.h"

namespace tegula::spec::internal {
namespace {

constexpr double kAnyNumber = 1e300;

void CheckTexts(const Reader& mapping, NameList keys) {
  for (const std::string_view key : keys) mapping.Nullable(key).Text();
}
void CheckNumbers(const Reader& mapping, NameList keys) {
  for (const std::string_view key : keys) mapping.Nullable(key).Number();
}

// --- Tolerances ---

constexpr std::string_view kAnyDiscrete = "any_discrete_output", kAnyContinuous = "any_continuous_output";

bool IsDiscrete(const TensorDescription& output) { return !IsFloat(output.data.dtype); }

// Names of outputs, or one of two words for some of them.
std::vector<std::string> ReadOutputIds(const Reader& ids, const ModelDescription& model) {
  if (!ids.is_scalar()) {
    std::vector<std::string> read;
    for (const Reader& id : ids.Items()) read.push_back(ReadTensorId(id));
    return read;
  }
  const std::string word = ids.Choice({kAnyDiscrete, kAnyContinuous}, "");
  std::vector<std::string> read;
  for (const TensorDescription& output : model.outputs)
    if (IsDiscrete(output) == (word == kAnyDiscrete)) read.push_back(output.id);
  return read;
}

// Discrete outputs (labels) are right or wrong: a rule that names one must not have a tolerance for its values.
void CheckDiscrete(const Reader& rule, const ToleranceRule& read, const ModelDescription& model) {
  for (const std::string& id : read.output_ids) {
    const TensorDescription* output = model.FindOutput(id);
    if (output == nullptr)
      rule["output_ids"].Note(fmt::format("'{}' is not an output of this model", id));
    else if (IsDiscrete(*output) && (read.tolerance.relative != 0 || read.tolerance.absolute != 0))
      rule.Note(fmt::format("'{}' holds whole numbers, so its tolerances must be 0", id));
  }
}

ToleranceRule ReadRule05(const Reader& rule, const ModelDescription& model) {
  constexpr double kMostRelative = 0.01;
  constexpr std::int64_t kMostMismatched = 30000;
  if (!rule.is_mapping()) {
    rule.Note("must be a mapping of names to values");
    return {};
  }
  const bool is_discrete = rule["output_ids"].is_scalar() && rule["output_ids"].Text() == kAnyDiscrete;
  ToleranceRule read;
  read.tolerance.relative =
      rule["relative_tolerance"].Number(is_discrete ? 0 : 1e-3, 0, is_discrete ? 0 : kMostRelative);
  read.tolerance.absolute = rule["absolute_tolerance"].Number(is_discrete ? 0 : 1e-3, 0, is_discrete ? 0 : kAnyNumber);
  read.tolerance.mismatched_per_million =
      static_cast<double>(rule["mismatched_elements_per_million"].Int(is_discrete ? 1000 : 100, 0, kMostMismatched));
  read.output_ids = ReadOutputIds(rule["output_ids"], model);
  for (const Reader& name : rule["weights_formats"].Items()) {
    const std::optional<WeightsFormat> format = WeightsFormatFromName(name.Text());
    if (format)
      read.weights_formats.push_back(*format);
    else
      name.Note("is not a weights format");
  }
  CheckDiscrete(rule, read, model);
  return read;
}

// A number that is not part of the format: what is wrong with it breaks nothing.
double ReadLooseNumber(const Reader& number, double fallback) {
  if (!number.present()) return fallback;
  const std::optional<double> value = number.is_scalar() ? number.node()->AsDouble() : std::nullopt;
  if (value && *value >= 0 && *value <= kAnyNumber) return *value;
  number.Warn(fmt::format("is not a number from 0; {} is taken", fallback), {}, Severity::kAlert);
  return fallback;
}

// config.bioimageio.test_kwargs: what programs of 0.4 agreed upon, per weights format; not part of the format.
void ReadLegacyTolerances(const Reader& test_kwargs, double per_million, ModelDescription& model) {
  constexpr double kDefault = 1e-3, kMostDecimals = 20;
  for (const WeightsEntry& entry : model.weights) {
    const Reader kwargs = test_kwargs[WeightsFormatName(entry.format)];
    if (!kwargs.is_mapping()) continue;
    ToleranceRule rule;
    rule.tolerance = {.relative = ReadLooseNumber(kwargs["relative_tolerance"], kDefault),
                      .absolute = ReadLooseNumber(kwargs["absolute_tolerance"], kDefault),
                      .mismatched_per_million = per_million};
    if (const Reader decimal = kwargs["decimal"]; decimal.present())
      rule.tolerance = {.relative = 0,
                        .absolute = 1.5 * std::pow(10, -std::min(kMostDecimals, ReadLooseNumber(decimal, 4))),
                        .mismatched_per_million = 0};
    rule.weights_formats = {entry.format};
    model.tolerances.push_back(std::move(rule));
  }
}

// --- What the authors say about the making of a model ---

void CheckEvaluation(const Reader& evaluation) {
  constexpr std::size_t kShort = 16;
  if (!evaluation.is_mapping()) return evaluation.Note("must be a mapping of names to values");
  evaluation.Nullable("model_id").Text(&IsResourceId, "the id of a model");
  evaluation.Required("dataset_id").Text(&IsResourceId, "the id of a dataset");
  evaluation.Required("dataset_source").Text(&IsUrl, kAddress);
  evaluation.Required("dataset_role").Choice({"train", "validation", "test", "independent", "unknown"}, "");
  evaluation.Required("sample_count").Int(0, -kAnyInt, kAnyInt);
  evaluation.Nullable("results_summary").Text();
  std::size_t sizes[4] = {};
  constexpr std::string_view kLists[] = {"evaluation_factors", "evaluation_factors_long", "metrics", "metrics_long"};
  for (std::size_t i = 0; i < std::size(kLists); ++i) {
    const std::vector<Reader> items = evaluation.Required(kLists[i]).Items();
    for (const Reader& item : items) item.Text(0, i % 2 == 0 ? kShort : std::string::npos);
    sizes[i] = items.size();
  }
  if (sizes[0] != sizes[1] || sizes[2] != sizes[3])
    evaluation.Note("names its factors or metrics a different number of times");
  const std::vector<Reader> rows = evaluation.Required("results").Items();
  if (rows.size() != sizes[2])
    evaluation.Note(fmt::format("has {} rows of results for {} metrics", rows.size(), sizes[2]));
  for (const Reader& row : rows) {
    const std::vector<Reader> cells = row.Items();
    if (cells.size() != sizes[0]) row.Note(fmt::format("has {} results for {} factors", cells.size(), sizes[0]));
    for (const Reader& cell : cells) cell.Written();
  }
}

void CheckMaking(const Reader& about) {
  constexpr std::size_t kArchitecture = 32;
  CheckTexts(about, {"funded_by", "architecture_description", "modality", "task", "out_of_scope_use", "inference_time",
                     "memory_requirements_inference", "memory_requirements_training"});
  about.Nullable("architecture_type").Text(0, kArchitecture);
  about["target_structure"].Texts();
  about.Nullable("new_version").Text(&IsResourceId, "the id of a model");
  about.Nullable("model_parameter_count").Int(0, -kAnyInt, kAnyInt);
  const Reader bias = about["bias_risks_limitations"];
  CheckAnyMapping(bias);
  for (const std::string_view key : {"known_biases", "risks", "recommendations"}) bias[key].Text();
  CheckTexts(bias, {"limitations"});
  const Reader training = about["training"];
  CheckAnyMapping(training);
  CheckTexts(training,
             {"training_preprocessing", "learning_rate_schedule", "loss_function", "optimizer", "regularization"});
  CheckNumbers(training, {"training_epochs", "training_batch_size", "initial_learning_rate", "training_duration"});
  CheckAnyMapping(training["loss_function_kwargs"]);
  CheckAnyMapping(training["optimizer_kwargs"]);
  for (const Reader& evaluation : about["evaluations"].Items()) CheckEvaluation(evaluation);
  const Reader impact = about["environmental_impact"];
  CheckAnyMapping(impact);
  CheckTexts(impact, {"hardware_type", "cloud_provider", "compute_region"});
  CheckNumbers(impact, {"hours_used", "co2_emitted"});
}

}  // namespace

void ReadConfig(const Reader& root, const Reading& reading, ModelDescription& model) {
  const Reader config = root["config"];
  CheckAnyMapping(config);
  const Reader about = config["bioimageio"];
  if (!reading.is_04()) {
    CheckAnyMapping(about);
    for (const Reader& rule : about["reproducibility_tolerance"].Items())
      model.tolerances.push_back(ReadRule05(rule, model));
    CheckMaking(about);
  }
  ReadLegacyTolerances(about["test_kwargs"], reading.is_04() ? 0 : 100, model);
}

}  // namespace tegula::spec::internal
