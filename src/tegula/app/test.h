// app/test.h — a model proven on its own test tensors, with every weights entry that runs here.
#pragma once

#include <string>
#include <vector>

#include "tegula/app/prove.h"

namespace tegula::app {

struct TestRequest {
  Path model;
  EngineRequest engine;      ///< a name restricts the test to that engine
  bool all_engines = false;  ///< every weights entry with every engine that takes it, not only with the preferred one
  bool other_sizes = true;   ///< also run the batch and image sizes that `bioimageio test` tries
  bool is_strict = false;    ///< weights that nothing here runs count as failed
  bool keep_tensors = false;
};

/// What was compared, for pictures.
struct TestTensorsOfCheck {
  std::vector<Tensor> outputs;  ///< one per output; empty if the network did not run
};

struct TestReport {
  std::string package;
  spec::ModelDescription model;
  std::vector<WeightsCheck> checks;
  TestTensors tests;                        ///< if keep_tensors
  std::vector<TestTensorsOfCheck> results;  ///< one per check, if keep_tensors
  bool is_strict = false;
  std::string advice;  ///< if nothing runs: what makes weights that do
  /// At least one entry ran, and none failed; if strict, all entries passed.
  bool passed() const;
  /// At least one entry was run, whatever came out.
  bool ran() const;
  /// One sentence.
  std::string verdict() const;
};

/// Tests every weights entry of a package that is open; request.model is not read.
Result<TestReport> TestPackage(const spec::Package& package, const TestRequest& request, engines::Registry& registry,
                               const RunContext& context);

/// The same for the package at request.model, with the weights that were made of it here. Errors are those of the
/// package itself; what goes wrong with one entry stands in its check.
Result<TestReport> Test(const TestRequest& request, engines::Registry& registry, const RunContext& context);

}  // namespace tegula::app
