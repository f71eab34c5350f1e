// app/test.h — a model proven on its own test tensors, with every weights entry that runs here.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tegula/app/compare.h"
#include "tegula/core/run_context.h"
#include "tegula/engines/registry.h"
#include "tegula/spec/package.h"

namespace tegula::app {

enum class CheckStatus : std::uint8_t { kPassed, kFailed, kNotRun };

/// One output of one weights entry.
struct OutputCheck {
  std::string output_id;
  Comparison comparison;
};

/// One weights entry with one engine.
struct WeightsCheck {
  spec::WeightsFormat format = spec::WeightsFormat::kOnnx;
  std::string engine;  ///< empty if none runs this format
  std::string engine_version;
  CheckStatus status = CheckStatus::kNotRun;
  std::string reason;  ///< why it failed or was not run
  std::vector<OutputCheck> outputs;
  double seconds = 0;  ///< of the network's run and the ops, after loading
};

struct TestReport {
  std::string model_name;
  std::string package;
  std::vector<WeightsCheck> checks;
  /// At least one entry ran, and all that ran passed.
  bool passed() const;
};

struct TestRequest {
  Path model;
  std::string engine = "auto";  ///< restricts the test to one engine
  int threads = 1;
};

/// A loaded network and how it did on the test tensors.
struct ProvenNetwork {
  std::unique_ptr<engines::Network> network;
  const spec::WeightsEntry* weights = nullptr;
  std::string weights_sha256;
  WeightsCheck check;
};

/// Loads one weights entry with one engine and runs the test tensors through it. A failed comparison is not an error
/// but a check that failed; errors are those of files and engine.
Result<ProvenNetwork> Prove(const spec::Package& package, const spec::WeightsEntry& weights,
                            const engines::Engine& engine, const engines::NetworkOptions& options,
                            const Limits& limits);

/// Tests every weights entry. Errors are those of the package itself; what goes wrong with one entry stands in its
/// check.
Result<TestReport> Test(const TestRequest& request, engines::Registry& registry, const RunContext& context);

/// The network for `predict`: with "auto" the first engine, in order of preference, that reproduces the test outputs;
/// with a name that engine, which must reproduce them too. The error lists why each candidate was not taken.
Result<ProvenNetwork> SelectNetwork(const spec::Package& package, std::string_view engine,
                                    const engines::NetworkOptions& options, engines::Registry& registry,
                                    const RunContext& context);

}  // namespace tegula::app
