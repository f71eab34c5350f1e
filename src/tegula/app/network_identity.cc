#include "tegula/app/network_identity.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace tegula::app {

NetworkIdentity NetworkOf(const ProvenNetwork& proven, const std::string& description_sha256,
                          const EngineRequest& engine) {
  const WeightsCheck& check = proven.check;
  return {description_sha256,   std::string(spec::WeightsFormatName(proven.weights->format)),
          check.weights_sha256, check.engine,
          check.engine_version, std::string(engines::PrecisionName(check.precision)),
          engine.device,        engine.threads};
}

NetworkIdentity NetworkOf(const outputs::RunRecord& record) {
  return {record.model.description_sha256,
          record.model.weights_format,
          record.model.weights_sha256,
          record.engine.name,
          record.engine.version,
          record.engine.precision,
          "",
          record.engine.threads};
}

std::vector<std::string> DifferencesTo(const NetworkIdentity& was, const NetworkIdentity& here) {
  std::vector<std::string> differences;
  const auto compare = [&](const char* what, const auto& before, const auto& now) {
    if (before != now) differences.push_back(fmt::format("the {} is {} here and was {}", what, now, before));
  };
  compare("sha256 of the model's description", was.description_sha256, here.description_sha256);
  compare("format of the weights", was.weights_format, here.weights_format);
  compare("sha256 of the weights", was.weights_sha256, here.weights_sha256);
  compare("engine", was.engine, here.engine);
  compare("engine's version", was.engine_version, here.engine_version);
  compare("precision", was.precision, here.precision);
  compare("number of the engine's threads", was.threads, here.threads);
  return differences;
}

Status CheckSame(const std::string& who, const std::vector<std::string>& differences) {
  if (differences.empty()) return Ok();
  return InvalidError(
      fmt::format("{} would give another answer than where it was made: {}", who, fmt::join(differences, "; ")));
}

Status CheckPackage(const std::string& who, const NetworkIdentity& was, const spec::Package& package) {
  NetworkIdentity here = was;
  here.description_sha256 = package.description_sha256();
  for (const spec::WeightsEntry& weights : package.description().weights) {
    if (spec::WeightsFormatName(weights.format) != was.weights_format || !package.IsHere(weights)) continue;
    TEGULA_ASSIGN_OR_RETURN(const spec::WeightsOnDisk file, package.Weights(weights));
    here.weights_sha256 = file.sha256;
  }
  return CheckSame(who, DifferencesTo(was, here));
}

}  // namespace tegula::app
