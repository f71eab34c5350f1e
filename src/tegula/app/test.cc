#include "tegula/app/test.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "tegula/app/compare_objects.h"
#include "tegula/app/model_source.h"
#include "tegula/core/platform.h"
#include "tegula/pipeline/whole.h"
#include "tegula/tensor/npy.h"

namespace tegula::app {
namespace {

Result<std::vector<Tensor>> TestTensors(const spec::Package& package,
                                        const std::vector<spec::TensorDescription>& tensors, const Limits& limits) {
  std::vector<Tensor> read;
  for (const spec::TensorDescription& tensor : tensors) {
    if (!tensor.test_tensor)
      return UnsupportedError(fmt::format("tensor {} has no test tensor, so nothing can be proven", tensor.id));
    TEGULA_ASSIGN_OR_RETURN(const Path file, package.File(*tensor.test_tensor));
    TEGULA_ASSIGN_OR_RETURN(Tensor values, ReadNpy(file, limits));
    read.push_back(std::move(values));
  }
  return read;
}

std::string FailedOutputs(const std::vector<OutputCheck>& outputs) {
  std::vector<std::string> reasons;
  for (const OutputCheck& output : outputs)
    if (!output.comparison.passed)
      reasons.push_back(fmt::format("output {}: {}", output.output_id, output.comparison.reason));
  return fmt::format("{}", fmt::join(reasons, "; "));
}

// How much of two objects must be common: what the reference's own labels keep under a change of the last digits.
constexpr double kStarDistOverlap = 0.9, kCellposeOverlap = 0.8;

Comparison CompareOutput(const spec::TensorDescription& output, const Tensor& actual, const Tensor& expected,
                         const spec::Tolerance& tolerance) {
  for (const spec::OpDescription& op : output.ops) {
    if (std::holds_alternative<spec::StardistPostprocessing>(op))
      return CompareObjects(actual, expected, kStarDistOverlap);
    if (std::holds_alternative<spec::CellposeFlowDynamics>(op))
      return CompareObjects(actual, expected, kCellposeOverlap);
  }
  return Compare(actual, expected, tolerance);
}

// The check of an entry that could not be compared.
WeightsCheck NotCompared(const spec::WeightsEntry& weights, std::string engine, CheckStatus status,
                         std::string reason) {
  WeightsCheck check;
  check.format = weights.format;
  check.engine = std::move(engine);
  check.status = status;
  check.reason = std::move(reason);
  return check;
}

WeightsCheck CheckWith(const spec::Package& package, const spec::WeightsEntry& weights, std::string_view engine,
                       const TestRequest& request, engines::Registry& registry, const RunContext& context) {
  const Result<const engines::Engine*> found = registry.Find(engine);
  if (!found.ok()) return NotCompared(weights, std::string(engine), CheckStatus::kNotRun, ToString(found.error()));
  Result<ProvenNetwork> proven = Prove(package, weights, **found, {.threads = request.threads}, context.limits);
  if (!proven.ok()) return NotCompared(weights, std::string(engine), CheckStatus::kFailed, ToString(proven.error()));
  return std::move(proven->check);
}

}  // namespace

bool TestReport::passed() const {
  const auto is = [](CheckStatus status) {
    return [status](const WeightsCheck& check) { return check.status == status; };
  };
  return std::any_of(checks.begin(), checks.end(), is(CheckStatus::kPassed)) &&
         std::none_of(checks.begin(), checks.end(), is(CheckStatus::kFailed));
}

Result<ProvenNetwork> Prove(const spec::Package& package, const spec::WeightsEntry& weights,
                            const engines::Engine& engine, const engines::NetworkOptions& options,
                            const Limits& limits) {
  const spec::ModelDescription& model = package.description();
  TEGULA_TRY(engine.CanRun(weights));
  TEGULA_ASSIGN_OR_RETURN(const spec::WeightsOnDisk file, package.Weights(weights));
  TEGULA_ASSIGN_OR_RETURN(const std::vector<Tensor> inputs, TestTensors(package, model.inputs, limits));
  TEGULA_ASSIGN_OR_RETURN(const std::vector<Tensor> expected, TestTensors(package, model.outputs, limits));

  ProvenNetwork proven;
  proven.weights = &weights;
  proven.weights_sha256 = file.sha256;
  TEGULA_ASSIGN_OR_RETURN(proven.network, engine.Load(weights, file.path, options).Context(weights.file.source));
  const double start = MonotonicSeconds();
  TEGULA_ASSIGN_OR_RETURN(const std::vector<Tensor> outputs,
                          pipeline::RunWhole(model, *proven.network, inputs, limits));
  WeightsCheck& check = proven.check;
  check.seconds = MonotonicSeconds() - start;
  check.format = weights.format;
  check.engine = engine.name();
  check.engine_version = engine.version();
  check.status = CheckStatus::kPassed;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const std::string& id = model.outputs[i].id;
    check.outputs.push_back(
        {id, CompareOutput(model.outputs[i], outputs[i], expected[i], model.ToleranceFor(id, weights.format))});
    if (!check.outputs.back().comparison.passed) check.status = CheckStatus::kFailed;
  }
  check.reason = FailedOutputs(check.outputs);
  return proven;
}

Result<TestReport> Test(const TestRequest& request, engines::Registry& registry, const RunContext& context) {
  TEGULA_ASSIGN_OR_RETURN(const spec::Package package, OpenModel(request.model, context));
  if (request.engine != "auto") TEGULA_TRY(registry.Find(request.engine));
  TestReport report;
  report.model_name = package.description().name;
  report.package = request.model.string();
  for (const spec::WeightsEntry& weights : package.description().weights) {
    if (context.stop.stop_requested()) return CancelledError();
    std::vector<std::string> engines = engines::Registry::CandidatesFor(weights);
    if (request.engine != "auto")
      std::erase_if(engines, [&](const std::string& name) { return name != request.engine; });
    if (engines.empty()) {
      report.checks.push_back(NotCompared(weights, "", CheckStatus::kNotRun,
                                          request.engine == "auto"
                                              ? "no engine runs this format"
                                              : "the engine " + request.engine + " does not run this format"));
    }
    for (const std::string& engine : engines)
      report.checks.push_back(CheckWith(package, weights, engine, request, registry, context));
  }
  if (context.stop.stop_requested()) return CancelledError();
  return report;
}

Result<ProvenNetwork> SelectNetwork(const spec::Package& package, std::string_view engine,
                                    const engines::NetworkOptions& options, engines::Registry& registry,
                                    const RunContext& context) {
  std::vector<std::string> reasons;
  std::set<Code> codes;
  for (const std::string& name : engines::Registry::Names()) {
    if (engine != "auto" && engine != name) continue;
    for (const spec::WeightsEntry& weights : package.description().weights) {
      const std::vector<std::string> candidates = engines::Registry::CandidatesFor(weights);
      if (std::find(candidates.begin(), candidates.end(), name) == candidates.end()) continue;
      const Result<const engines::Engine*> found = registry.Find(name);
      if (!found.ok()) {
        reasons.push_back(ToString(found.error()));
        codes.insert(found.error().code);
        break;
      }
      Result<ProvenNetwork> proven = Prove(package, weights, **found, options, context.limits);
      if (proven.ok() && proven->check.status == CheckStatus::kPassed) return proven;
      codes.insert(proven.ok() ? Code::kUnsupported : proven.error().code);
      reasons.push_back(fmt::format("{} with {}: {}", spec::WeightsFormatName(weights.format), name,
                                    proven.ok() ? proven->check.reason : ToString(proven.error())));
    }
  }
  if (engine != "auto") TEGULA_TRY(registry.Find(engine));
  if (reasons.empty()) {
    std::vector<std::string_view> formats;
    for (const spec::WeightsEntry& weights : package.description().weights)
      formats.push_back(spec::WeightsFormatName(weights.format));
    return UnsupportedError(fmt::format(
        "none of the model's weights ({}) runs with {}", fmt::join(formats, ", "),
        engine == "auto" ? std::string("an engine of this installation") : "the engine " + std::string(engine)));
  }
  // One cause for all of them, like a damaged file, is the cause.
  return Error{codes.size() == 1 ? *codes.begin() : Code::kUnsupported,
               fmt::format("no weights of the model reproduce its test outputs here: {}", fmt::join(reasons, "; "))};
}

}  // namespace tegula::app
