// app/prove.h — a network that has shown that it gives what the model's authors say it gives.
//
// A model can often be run in several ways: other weights, another engine, weights turned into the format of a faster
// engine. Each is a Candidate; none is used before it has reproduced the model's test outputs on this machine.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tegula/app/test_tensors.h"
#include "tegula/app/weights_check.h"
#include "tegula/core/run_context.h"
#include "tegula/engines/registry.h"
#include "tegula/spec/package.h"

namespace tegula::app {

/// What the user wants of the engine.
struct EngineRequest {
  std::string engine = "auto";
  std::optional<spec::WeightsFormat> weights;  ///< not given: any
  std::string device = "cpu";
  engines::Precision precision = engines::Precision::kF32;
  bool allows_less = false;  ///< lower precisions too, where the test outputs are still reproduced
  int threads = 1;
  Path cache;  ///< where converted networks and choices are kept; empty: nowhere
};

/// What users say of precision, and what a request for it holds.
struct PrecisionWord {
  std::string_view word;
  engines::Precision precision;
  bool allows_less;
  bool IsOf(const EngineRequest& request) const noexcept {
    return precision == request.precision && allows_less == request.allows_less;
  }
};
inline constexpr PrecisionWord kPrecisionWords[] = {{"f32", engines::Precision::kF32, false},
                                                    {"bf16", engines::Precision::kBf16, false},
                                                    {"f16", engines::Precision::kF16, false},
                                                    {"auto-fast", engines::Precision::kF32, true}};

/// One way of running a model. Borrows the description.
struct Candidate {
  const spec::WeightsEntry* weights = nullptr;
  std::string engine;
  std::string converter;  ///< turns the weights into what the engine reads; empty if it reads them as they are
  engines::Precision precision = engines::Precision::kF32;

  engines::NetworkOptions Options(const EngineRequest& request) const {
    return {.threads = request.threads, .precision = precision, .device = request.device};
  }
};

/// All that the request allows, in order of preference; loads nothing.
std::vector<Candidate> CandidatesOf(const spec::ModelDescription& model, const EngineRequest& request);

/// A loaded network and how it did on the test tensors.
struct ProvenNetwork {
  std::unique_ptr<engines::Network> network;
  const spec::WeightsEntry* weights = nullptr;
  WeightsCheck check;
};

/// kNotFound if the request names weights that the model does not have.
Status CheckHasWeights(const spec::ModelDescription& model, const EngineRequest& request);

/// A network that is loaded and not yet proven. `tests` are what a conversion is made and checked with; null: only one
/// that was made before is used (kNotFound if there is none). Errors are those of files, engine and converter.
Result<ProvenNetwork> LoadCandidate(const spec::Package& package, const Candidate& candidate, const TestTensors* tests,
                                    const EngineRequest& request, engines::Registry& registry,
                                    const RunContext& context);

struct ProveOptions {
  bool measures_memory = false;            ///< PeakMemoryBytes then counts from here
  std::vector<Tensor>* outputs = nullptr;  ///< receives what was compared
};

/// Loads it, runs the test tensors through it, and fills the check, with what the run cost. A failed comparison is not
/// an error but a check that failed.
Result<ProvenNetwork> Prove(const spec::Package& package, const Candidate& candidate, const TestTensors& tests,
                            const EngineRequest& request, engines::Registry& registry, const RunContext& context,
                            const ProveOptions& options = {});

/// A check of a candidate that could not be compared.
WeightsCheck NotCompared(const Candidate& candidate, const Error& error);

}  // namespace tegula::app
