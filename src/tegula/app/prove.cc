#include "tegula/app/prove.h"

#include <fmt/format.h>

#include <algorithm>

#include "tegula/app/compare_objects.h"
#include "tegula/app/converted_network.h"
#include "tegula/core/platform.h"
#include "tegula/pipeline/whole.h"

namespace tegula::app {
namespace {

// The fastest of several runs is the network's own time; more than these seconds are not spent on them.
constexpr int kRuns = 5;
constexpr double kRunSeconds = 1;

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

double Megapixels(const spec::ModelDescription& model, const std::vector<Tensor>& inputs) {
  if (inputs.empty()) return 0;
  double pixels = 1;
  const std::vector<spec::Axis>& axes = model.inputs.front().axes;
  for (std::size_t i = 0; i < axes.size() && static_cast<int>(i) < inputs.front().shape().rank(); ++i)
    if (axes[i].type != spec::AxisType::kChannel)
      pixels *= static_cast<double>(inputs.front().shape()[static_cast<int>(i)]);
  return pixels * 1e-6;
}

// Runs the session until its time is known; the first run is thrown away, and its result returned.
Result<std::vector<Tensor>> RunTimed(engines::Session& session, const std::vector<ConstView>& inputs,
                                     std::stop_token stop, Cost& cost) {
  const double begin = MonotonicSeconds();
  TEGULA_ASSIGN_OR_RETURN(std::vector<Tensor> outputs, session.Run(inputs, stop));
  cost.run_s = MonotonicSeconds() - begin;
  for (int run = 1; run < kRuns && MonotonicSeconds() - begin + cost.run_s < kRunSeconds; ++run) {
    const double start = MonotonicSeconds();
    TEGULA_TRY(session.Run(inputs, stop));
    cost.run_s = std::min(cost.run_s, MonotonicSeconds() - start);
  }
  return outputs;
}

}  // namespace

std::vector<Candidate> CandidatesOf(const spec::ModelDescription& model, const EngineRequest& request) {
  std::vector<Candidate> candidates;
  const auto add = [&](const std::string& engine, bool is_converted) {
    for (const spec::WeightsEntry& weights : model.weights) {
      if (request.weights && *request.weights != weights.format) continue;
      const std::vector<std::string> direct = engines::Registry::CandidatesFor(weights);
      const bool is_direct = std::find(direct.begin(), direct.end(), engine) != direct.end();
      const std::string_view converter = engines::Registry::ConverterFor(engine, weights);
      if (is_converted ? !is_direct && !converter.empty() : is_direct)
        candidates.push_back(
            {&weights, engine, is_converted ? std::string(converter) : std::string(), request.precision});
    }
  };
  for (const std::string& engine : engines::Registry::Names()) {
    if (request.engine != "auto" && request.engine != engine) continue;
    add(engine, false);
    add(engine, true);
  }
  const std::size_t exact = candidates.size();
  for (std::size_t i = 0; request.allows_less && i < exact; ++i)
    for (const engines::Precision precision : {engines::Precision::kBf16, engines::Precision::kF16}) {
      Candidate less = candidates[i];
      less.precision = precision;
      candidates.push_back(std::move(less));
    }
  return candidates;
}

Status CheckHasWeights(const spec::ModelDescription& model, const EngineRequest& request) {
  std::vector<std::string_view> formats;
  for (const spec::WeightsEntry& weights : model.weights) {
    if (!request.weights || weights.format == *request.weights) return Ok();
    formats.push_back(spec::WeightsFormatName(weights.format));
  }
  return NotFoundError(request.weights
                           ? fmt::format("the model has no {} weights; it has {}",
                                         spec::WeightsFormatName(*request.weights), fmt::join(formats, ", "))
                           : "the model has no weights");
}

Result<ProvenNetwork> LoadCandidate(const spec::Package& package, const Candidate& candidate, const TestTensors* tests,
                                    const EngineRequest& request, engines::Registry& registry,
                                    const RunContext& context) {
  TEGULA_ASSIGN_OR_RETURN(const engines::Engine* const engine, registry.Find(candidate.engine));
  TEGULA_ASSIGN_OR_RETURN(const spec::WeightsOnDisk file, package.Weights(*candidate.weights));
  ProvenNetwork loaded;
  loaded.weights = candidate.weights;
  loaded.check.weights_sha256 = file.sha256;
  if (candidate.converter.empty()) {
    TEGULA_TRY(engine->CanRun(*candidate.weights));
    TEGULA_ASSIGN_OR_RETURN(loaded.network, engine->Load(*candidate.weights, file.path, candidate.Options(request))
                                                .Context(candidate.weights->file.source));
  } else {
    TEGULA_ASSIGN_OR_RETURN(loaded.network,
                            LoadConverted(package.description(), candidate, file, tests, request, registry, context)
                                .Context(candidate.weights->file.source));
  }
  loaded.check.format = candidate.weights->format;
  loaded.check.engine = engine->name();
  loaded.check.engine_version = engine->version();
  loaded.check.precision = candidate.precision;
  loaded.check.is_converted = !candidate.converter.empty();
  for (const spec::AddedWeights& added : package.added())
    if (added.format == candidate.weights->format)
      loaded.check.notes.push_back(fmt::format("{}: {}", added.file.filename().string(), added.comment));
  return loaded;
}

Result<ProvenNetwork> Prove(const spec::Package& package, const Candidate& candidate, const TestTensors& tests,
                            const EngineRequest& request, engines::Registry& registry, const RunContext& context,
                            const ProveOptions& options) {
  const spec::ModelDescription& model = package.description();
  const bool knows_memory = options.measures_memory && ResetPeakMemory();
  const std::int64_t memory_before = ResidentMemoryBytes();
  const double begin = MonotonicSeconds();
  TEGULA_ASSIGN_OR_RETURN(ProvenNetwork proven, LoadCandidate(package, candidate, &tests, request, registry, context));
  TEGULA_ASSIGN_OR_RETURN(pipeline::PreparedInputs inputs,
                          pipeline::PrepareInputs(model, tests.inputs, context.limits));
  TEGULA_ASSIGN_OR_RETURN(const std::unique_ptr<engines::Session> session,
                          pipeline::SessionFor(*proven.network, inputs));
  WeightsCheck& check = proven.check;
  check.cost.load_s = MonotonicSeconds() - begin;
  check.cost.megapixels = Megapixels(model, inputs.tensors);
  TEGULA_ASSIGN_OR_RETURN(const std::vector<Tensor> raw,
                          RunTimed(*session, pipeline::ViewsOf(inputs.tensors), context.stop, check.cost));
  if (knows_memory) check.cost.memory_bytes = std::max<std::int64_t>(0, PeakMemoryBytes() - memory_before);
  TEGULA_ASSIGN_OR_RETURN(std::vector<Tensor> finished,
                          pipeline::FinishOutputs(model, raw, std::move(inputs.statistics), context.limits));
  check.status = tests.outputs.empty() ? CheckStatus::kUnproven : CheckStatus::kPassed;
  for (std::size_t i = 0; i < tests.outputs.size(); ++i) {
    const spec::TensorDescription& output = model.outputs[i];
    check.outputs.push_back(
        {output.id, CompareOutput(output, finished[i], tests.outputs[i], model.ToleranceFor(output.id, check.format))});
    if (!check.outputs.back().comparison.passed) check.status = CheckStatus::kFailed;
  }
  check.reason = tests.outputs.empty() ? "it ran, but the description states no test tensors to compare with"
                                       : FailedOutputs(check.outputs);
  if (options.outputs != nullptr) *options.outputs = std::move(finished);
  return proven;
}

WeightsCheck NotCompared(const Candidate& candidate, const Error& error) {
  WeightsCheck check;
  check.format = candidate.weights->format;
  check.engine = candidate.engine;
  check.precision = candidate.precision;
  check.is_converted = !candidate.converter.empty();
  // What an engine cannot do says nothing against the weights.
  check.status = error.code == Code::kUnsupported ? CheckStatus::kNotRun : CheckStatus::kFailed;
  check.reason = ToString(error);
  return check;
}

}  // namespace tegula::app
