#include "tegula/app/select.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "tegula/app/version.h"
#include "tegula/core/platform.h"
#include "tegula/pipeline/whole.h"

namespace tegula::app {
namespace {

constexpr std::int64_t kChoiceBytes = 4 << 20;
constexpr double kWorthAnother = 0.9;  // of the time of an earlier candidate

// What was tried, and which of it was taken.
struct Choice {
  std::vector<WeightsCheck> checks;
  std::size_t taken = 0;
  std::string weights_sha256;
};

// Everything that the outcome depends on.
Path ChoiceFile(const spec::Package& package, const EngineRequest& request, const engines::Registry& registry) {
  const std::string key = Sha256OfBytes(fmt::format(
      "tegula choice 1\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}", Version(), package.description_sha256(),
      registry.Fingerprint(), ProcessorName(), request.engine,
      request.weights ? spec::WeightsFormatName(*request.weights) : "any", request.device,
      engines::PrecisionName(request.precision), request.allows_less ? "or less" : "only", request.threads));
  return request.cache / "choices" / (key + ".json");
}

std::optional<Choice> ReadChoice(const Path& file) {
  const Result<std::string> text = ReadFile(file, kChoiceBytes);
  if (!text.ok()) return std::nullopt;
  const auto parse = [&]() -> Result<Choice> {
    const nlohmann::json json = nlohmann::json::parse(*text);
    std::optional<std::vector<WeightsCheck>> checks = ChecksFromJson(json.at("checks").dump());
    if (!checks) return CorruptError("no checks");
    return Choice{std::move(*checks), json.at("taken").get<std::size_t>(),
                  json.at("weights_sha256").get<std::string>()};
  };
  Result<Choice> choice = Guarded("reading a choice", parse);
  if (!choice.ok() || choice->taken >= choice->checks.size()) return std::nullopt;
  return std::move(*choice);
}

// A cache that cannot be written only costs time.
void WriteChoice(const Path& file, const spec::ModelDescription& model, const Choice& choice) {
  const nlohmann::ordered_json json = {{"model", model.name},
                                       {"weights_sha256", choice.weights_sha256},
                                       {"taken", choice.taken},
                                       {"checks", nlohmann::ordered_json::parse(ChecksToJson(choice.checks))}};
  if (!MakeFolders(file.parent_path()).ok()) return;
  (void)WriteFileWhole(file, json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

// The remembered network, if it is still what was remembered.
std::optional<ProvenNetwork> LoadRemembered(const spec::Package& package, const Choice& choice,
                                            const EngineRequest& request, engines::Registry& registry,
                                            const RunContext& context) {
  const WeightsCheck& taken = choice.checks[choice.taken];
  for (const Candidate& candidate : CandidatesOf(package.description(), request)) {
    if (candidate.weights->format != taken.format || candidate.engine != taken.engine ||
        candidate.converter.empty() == taken.is_converted || candidate.precision != taken.precision)
      continue;
    Result<ProvenNetwork> loaded = LoadCandidate(package, candidate, nullptr, request, registry, context);
    if (!loaded.ok() || loaded->weights_sha256 != choice.weights_sha256 ||
        loaded->check.engine_version != taken.engine_version)
      return std::nullopt;
    loaded->check = taken;
    return std::move(*loaded);
  }
  return std::nullopt;
}

Error NothingRuns(const spec::ModelDescription& model, const EngineRequest& request) {
  std::vector<std::string_view> formats;
  for (const spec::WeightsEntry& weights : model.weights) formats.push_back(spec::WeightsFormatName(weights.format));
  return UnsupportedError(fmt::format(
      "none of the model's weights ({}) runs with {}", fmt::join(formats, ", "),
      request.engine == "auto" ? std::string("an engine of this installation") : "the engine " + request.engine));
}

}  // namespace

std::optional<std::vector<WeightsCheck>> RememberedChecks(const spec::Package& package, const EngineRequest& request,
                                                          const engines::Registry& registry) {
  if (request.cache.empty()) return std::nullopt;
  std::optional<Choice> choice = ReadChoice(ChoiceFile(package, request, registry));
  if (!choice) return std::nullopt;
  return std::move(choice->checks);
}

Result<ProvenNetwork> SelectNetwork(const spec::Package& package, const EngineRequest& request,
                                    engines::Registry& registry, const RunContext& context) {
  const spec::ModelDescription& model = package.description();
  if (request.engine != "auto") TEGULA_TRY(registry.Find(request.engine));
  TEGULA_TRY(CheckHasWeights(model, request));
  const Path file = request.cache.empty() ? Path() : ChoiceFile(package, request, registry);
  if (const std::optional<Choice> choice = file.empty() ? std::nullopt : ReadChoice(file)) {
    std::optional<ProvenNetwork> remembered = LoadRemembered(package, *choice, request, registry, context);
    if (remembered) return std::move(*remembered);
  }

  const std::vector<Candidate> candidates = CandidatesOf(model, request);
  if (candidates.empty()) return NothingRuns(model, request);
  TEGULA_ASSIGN_OR_RETURN(const TestTensors tests, ReadTestTensors(package, context.limits));
  Choice choice;
  std::optional<ProvenNetwork> best;
  std::set<Code> codes;
  for (const Candidate& candidate : candidates) {
    if (context.stop.stop_requested()) return CancelledError();
    Result<ProvenNetwork> proven = Prove(package, candidate, tests, request, registry, context);
    choice.checks.push_back(proven.ok() ? proven->check : NotCompared(candidate, proven.error()));
    // Who asks for less than float32 gets it, and is told how far off it is.
    const bool is_asked_for = request.precision != engines::Precision::kF32;
    const bool is_right = proven.ok() && (is_asked_for || proven->check.status == CheckStatus::kPassed ||
                                          proven->check.status == CheckStatus::kUnproven);
    if (!is_right) {
      codes.insert(proven.ok() ? Code::kUnsupported : proven.error().code);
      continue;
    }
    if (best && proven->check.cost.run_s > kWorthAnother * best->check.cost.run_s) continue;
    best = std::move(*proven);
    choice.taken = choice.checks.size() - 1;
  }
  if (best) {
    for (const WeightsCheck& check : choice.checks)
      if (!check.reason.empty() && check.status != CheckStatus::kUnproven)
        best->check.notes.push_back(fmt::format("not taken: {}: {}", Title(check), check.reason));
    choice.checks[choice.taken] = best->check;
    choice.weights_sha256 = best->weights_sha256;
    if (!file.empty()) WriteChoice(file, model, choice);
    return std::move(*best);
  }
  std::vector<std::string> reasons;
  for (const WeightsCheck& check : choice.checks) reasons.push_back(Title(check) + ": " + check.reason);
  // One cause for all of them, like a damaged file, is the cause.
  return Error{codes.size() == 1 ? *codes.begin() : Code::kUnsupported,
               fmt::format("no weights of the model reproduce its test outputs here: {}", fmt::join(reasons, "; "))};
}

}  // namespace tegula::app
