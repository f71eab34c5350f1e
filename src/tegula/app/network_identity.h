// app/network_identity.h — what a network is and how it is run: where all of it is the same, an answer is the same.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tegula/app/prove.h"
#include "tegula/outputs/run_record.h"

namespace tegula::app {

struct NetworkIdentity {
  std::string description_sha256, weights_format, weights_sha256;
  std::string engine, engine_version, precision, device;
  std::int64_t threads = 0;
};

/// Of a network that was proven for a package with this description.
NetworkIdentity NetworkOf(const ProvenNetwork& proven, const std::string& description_sha256,
                          const EngineRequest& engine);
/// Of the network of a run that has been; the record does not tell the device.
NetworkIdentity NetworkOf(const outputs::RunRecord& record);

/// What is not the same, as "the sha256 of the weights is A here and was B"; empty if nothing is. Devices are not
/// compared: an engine that is given another refuses it or is another engine.
std::vector<std::string> DifferencesTo(const NetworkIdentity& was, const NetworkIdentity& here);

/// kInvalid with what differs, in one sentence; `who` wants it to be the same.
Status CheckSame(const std::string& who, const std::vector<std::string>& differences);

/// Whether the package can give what a network gave, before any engine is asked: kInvalid with what differs in the
/// description or, where they lie on this machine, the weights. Errors of reading them.
Status CheckPackage(const std::string& who, const NetworkIdentity& was, const spec::Package& package);

}  // namespace tegula::app
