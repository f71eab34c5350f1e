#include "tegula/app/select.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "tegula/app/convert/made_weights.h"
#include "tegula/app/version.h"
#include "tegula/core/platform.h"
#include "tegula/pipeline/whole.h"

namespace tegula::app {
namespace {

constexpr std::int64_t kChoiceBytes = 4 << 20;
constexpr double kWorthAnother = 0.9;  // of the time of an earlier candidate

// Who asks for less than float32 gets it, and is told how far off it is.
bool IsRight(const WeightsCheck& check, const EngineRequest& request) {
  const bool is_asked_for = request.precision != engines::Precision::kF32 && !check.outputs.empty();
  return is_asked_for || check.status == CheckStatus::kPassed || check.status == CheckStatus::kUnproven;
}

// What is taken of these; nothing if none is right.
std::optional<std::size_t> FastestRight(const std::vector<WeightsCheck>& checks, const EngineRequest& request) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < checks.size(); ++i)
    if (IsRight(checks[i], request) && (!best || checks[i].cost.run_s < kWorthAnother * checks[*best].cost.run_s))
      best = i;
  return best;
}

// Everything that the outcome depends on.
Path ChoiceFile(const spec::Package& package, const EngineRequest& request, const engines::Registry& registry) {
  const std::string key = Sha256OfBytes(fmt::format(
      "tegula choice 2\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}", Version(), package.description_sha256(),
      registry.Fingerprint(), ProcessorName(), request.engine,
      request.weights ? spec::WeightsFormatName(*request.weights) : "any", request.device,
      engines::PrecisionName(request.precision), request.allows_less ? "or less" : "only", request.threads));
  return request.cache / "choices" / (key + ".json");
}

std::optional<std::vector<WeightsCheck>> ReadChecks(const Path& file) {
  const Result<std::string> text = ReadFile(file, kChoiceBytes);
  if (!text.ok()) return std::nullopt;
  const auto parse = [&]() -> Result<std::optional<std::vector<WeightsCheck>>> {
    return ChecksFromJson(nlohmann::json::parse(*text).at("checks").dump());
  };
  Result<std::optional<std::vector<WeightsCheck>>> checks = Guarded("reading a choice", parse);
  return checks.ok() ? std::move(*checks) : std::nullopt;
}

// A cache that cannot be written only costs time.
void WriteChecks(const Path& file, const spec::ModelDescription& model, const std::vector<WeightsCheck>& checks) {
  const nlohmann::ordered_json json = {{"model", model.name},
                                       {"checks", nlohmann::ordered_json::parse(ChecksToJson(checks))}};
  if (!MakeFolders(file.parent_path()).ok()) return;
  (void)WriteFileWhole(file, json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

// With the reasons against the others.
ProvenNetwork Taken(ProvenNetwork network, const std::vector<WeightsCheck>& checks) {
  for (const WeightsCheck& check : checks)
    if (!check.reason.empty() && check.status != CheckStatus::kUnproven)
      network.check.notes.push_back(fmt::format("not taken: {}: {}", Title(check), check.reason));
  return network;
}

// The remembered network, if it is still what was remembered.
std::optional<ProvenNetwork> LoadRemembered(const spec::Package& package, const WeightsCheck& taken,
                                            const EngineRequest& request, engines::Registry& registry,
                                            const RunContext& context) {
  for (const Candidate& candidate : CandidatesOf(package.description(), request)) {
    if (candidate.weights->format != taken.format || candidate.engine != taken.engine ||
        candidate.converter.empty() == taken.is_converted || candidate.precision != taken.precision)
      continue;
    Result<ProvenNetwork> loaded = LoadCandidate(package, candidate, nullptr, request, registry, context);
    if (!loaded.ok() || loaded->check.weights_sha256 != taken.weights_sha256 ||
        loaded->check.engine_version != taken.engine_version)
      return std::nullopt;
    loaded->check = taken;
    return std::move(*loaded);
  }
  return std::nullopt;
}

Error NothingRuns(const spec::Package& package, const EngineRequest& request) {
  const spec::ModelDescription& model = package.description();
  const std::string advice = ConvertAdvice(package);
  std::vector<std::string_view> formats;
  for (const spec::WeightsEntry& weights : model.weights) formats.push_back(spec::WeightsFormatName(weights.format));
  return UnsupportedError(fmt::format(
      "none of the model's weights ({}) runs with {}{}", fmt::join(formats, ", "),
      request.engine == "auto" ? std::string("an engine of this installation") : "the engine " + request.engine,
      advice.empty() ? "" : "; " + advice));
}

}  // namespace

std::optional<std::vector<WeightsCheck>> RememberedChecks(const spec::Package& package, const EngineRequest& request,
                                                          const engines::Registry& registry) {
  if (request.cache.empty()) return std::nullopt;
  return ReadChecks(ChoiceFile(package, request, registry));
}

void RememberChecks(const spec::Package& package, const EngineRequest& request, const engines::Registry& registry,
                    const std::vector<WeightsCheck>& checks) {
  if (!request.cache.empty() && FastestRight(checks, request))
    WriteChecks(ChoiceFile(package, request, registry), package.description(), checks);
}

Result<ProvenNetwork> SelectNetwork(const spec::Package& package, const EngineRequest& request,
                                    engines::Registry& registry, const RunContext& context) {
  const spec::ModelDescription& model = package.description();
  if (request.engine != "auto") TEGULA_TRY(registry.Find(request.engine));
  TEGULA_TRY(CheckHasWeights(model, request));
  if (const auto checks = RememberedChecks(package, request, registry)) {
    if (const std::optional<std::size_t> taken = FastestRight(*checks, request)) {
      std::optional<ProvenNetwork> network = LoadRemembered(package, (*checks)[*taken], request, registry, context);
      if (network) return Taken(std::move(*network), *checks);
    }
  }

  const std::vector<Candidate> candidates = CandidatesOf(model, request);
  if (candidates.empty()) return NothingRuns(package, request);
  TEGULA_ASSIGN_OR_RETURN(const TestTensors tests, ReadTestTensors(package, context.limits));
  std::vector<WeightsCheck> checks;
  std::optional<ProvenNetwork> best;
  std::set<Code> codes;
  for (const Candidate& candidate : candidates) {
    if (context.stop.stop_requested()) return CancelledError();
    if (!package.IsHere(*candidate.weights)) {
      if (best) continue;
      TEGULA_TRY(package.Weights(*candidate.weights));  // a network that fails is no reason for other weights
    }
    Result<ProvenNetwork> proven = Prove(package, candidate, tests, request, registry, context);
    checks.push_back(proven.ok() ? proven->check : NotCompared(candidate, proven.error()));
    if (!IsRight(checks.back(), request)) codes.insert(proven.ok() ? Code::kUnsupported : proven.error().code);
    if (FastestRight(checks, request) == checks.size() - 1) best = std::move(*proven);
  }
  if (best) {
    RememberChecks(package, request, registry, checks);
    return Taken(std::move(*best), checks);
  }
  std::vector<std::string> reasons;
  for (const WeightsCheck& check : checks) reasons.push_back(Title(check) + ": " + check.reason);
  // One cause for all of them, like a damaged file, is the cause.
  return Error{codes.size() == 1 ? *codes.begin() : Code::kUnsupported,
               fmt::format("no weights of the model reproduce its test outputs here: {}", fmt::join(reasons, "; "))};
}

}  // namespace tegula::app
