#include "tegula/app/test.h"

#include <fmt/format.h>

#include <algorithm>

#include "tegula/app/convert/made_weights.h"
#include "tegula/app/model_source.h"
#include "tegula/app/select.h"
#include "tegula/pipeline/whole.h"

namespace tegula::app {
namespace {

// What the described sizes are for an output, against what came out; empty if they agree.
std::string WrongShape(const spec::ModelDescription& model, const std::vector<Tensor>& outputs,
                       const spec::SizeChoice& choice) {
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const spec::TensorDescription& output = model.outputs[i];
    for (std::size_t a = 0; a < output.axes.size(); ++a) {
      const std::int64_t size = outputs[i].shape()[static_cast<int>(a)];
      const std::optional<std::int64_t> expected = spec::SizeOf(model, output.axes[a], choice);
      if (expected && *expected != size)
        return fmt::format("output {} has {} along {}, not the {} that the description gives", output.id, size,
                           output.axes[a].id, *expected);
      const auto* const range = std::get_if<spec::DataDependentSize>(&output.axes[a].size);
      if (range != nullptr && (size < range->min || (range->max && size > *range->max)))
        return fmt::format("output {} has {} along {}, outside the range that the description gives", output.id, size,
                           output.axes[a].id);
    }
  }
  return {};
}

SizeCheck CheckSize(const spec::ModelDescription& model, const engines::Network& network,
                    const std::vector<Tensor>& tests, const spec::SizeChoice& choice, const Limits& limits) {
  SizeCheck check{choice.batch, choice.n, ""};
  const auto run = [&]() -> Result<std::string> {
    TEGULA_ASSIGN_OR_RETURN(const std::vector<Tensor> inputs, ResizedInputs(model, tests, choice, limits));
    TEGULA_ASSIGN_OR_RETURN(const std::vector<Tensor> outputs, pipeline::RunWhole(model, network, inputs, limits));
    return WrongShape(model, outputs, choice);
  };
  const Result<std::string> wrong = run();
  check.reason = wrong.ok() ? *wrong : ToString(wrong.error());
  return check;
}

class Tester {
 public:
  Tester(const TestRequest& request, const spec::Package& package, engines::Registry& registry,
         const RunContext& context)
      : request_(request), package_(package), registry_(registry), context_(context) {}

  Status Run(TestReport& report) {
    const Result<TestTensors> tests = ReadTestTensors(package_, context_.limits);
    std::vector<WeightsCheck> as_proven;  // without the other sizes
    for (const spec::WeightsEntry& weights : package_.description().weights) {
      if (request_.engine.weights && *request_.engine.weights != weights.format) continue;
      std::vector<Candidate> candidates = CandidatesOf(package_.description(), request_.engine);
      std::erase_if(candidates, [&](const Candidate& candidate) { return candidate.weights != &weights; });
      if (candidates.empty()) report.checks.push_back(NotRun(weights)), report.results.emplace_back();
      for (const Candidate& candidate : candidates) {
        if (context_.stop.stop_requested()) return CancelledError();
        TestTensorsOfCheck result;
        report.checks.push_back(tests.ok() ? Check(candidate, *tests, result, as_proven)
                                           : NotCompared(candidate, tests.error()));
        report.results.push_back(std::move(result));
        // The next engine is asked where the preferred one cannot.
        if (!request_.all_engines && report.checks.back().status != CheckStatus::kNotRun) break;
      }
    }
    if (context_.stop.stop_requested()) return CancelledError();
    if (request_.all_engines) RememberChecks(package_, request_.engine, registry_, as_proven);
    if (request_.keep_tensors && tests.ok()) {
      for (const Tensor& tensor : tests->inputs) report.tests.inputs.push_back(tensor.Clone());
      for (const Tensor& tensor : tests->outputs) report.tests.outputs.push_back(tensor.Clone());
    }
    return Ok();
  }

 private:
  WeightsCheck NotRun(const spec::WeightsEntry& weights) const {
    const bool is_any = request_.engine.engine == "auto";
    return NotCompared(
        {&weights, is_any ? "" : request_.engine.engine, ""},
        UnsupportedError(is_any ? fmt::format("no engine runs {}", spec::WeightsFormatName(weights.format))
                                : fmt::format("the engine {} does not run {}", request_.engine.engine,
                                              spec::WeightsFormatName(weights.format))));
  }

  WeightsCheck Check(const Candidate& candidate, const TestTensors& tests, TestTensorsOfCheck& result,
                     std::vector<WeightsCheck>& as_proven) const {
    Result<ProvenNetwork> proven =
        Prove(package_, candidate, tests, request_.engine, registry_, context_,
              {.measures_memory = true, .outputs = request_.keep_tensors ? &result.outputs : nullptr});
    if (!proven.ok()) return as_proven.emplace_back(NotCompared(candidate, proven.error()));
    WeightsCheck& check = proven->check;
    as_proven.push_back(check);
    if (!request_.other_sizes) return std::move(check);
    const spec::ModelDescription& model = package_.description();
    for (const spec::SizeChoice& choice : OtherSizes(model)) {
      check.sizes.push_back(CheckSize(model, *proven->network, tests.inputs, choice, context_.limits));
      if (!check.sizes.back().passed()) check.status = CheckStatus::kFailed;
    }
    const auto wrong =
        std::find_if(check.sizes.begin(), check.sizes.end(), [](const SizeCheck& size) { return !size.passed(); });
    if (wrong != check.sizes.end())
      check.reason += fmt::format("{}with batch {} and sizes of min + {} * step: {}", check.reason.empty() ? "" : "; ",
                                  wrong->batch, wrong->n, wrong->reason);
    return std::move(check);
  }

  const TestRequest& request_;
  const spec::Package& package_;
  engines::Registry& registry_;
  const RunContext& context_;
};

std::int64_t CountOf(const std::vector<WeightsCheck>& checks, CheckStatus status) {
  return std::count_if(checks.begin(), checks.end(),
                       [status](const WeightsCheck& check) { return check.status == status; });
}

bool HasWrongOutput(const WeightsCheck& check) {
  return std::any_of(check.outputs.begin(), check.outputs.end(),
                     [](const OutputCheck& output) { return !output.comparison.passed; });
}

}  // namespace

bool TestReport::passed() const {
  const std::int64_t passed = CountOf(checks, CheckStatus::kPassed), unproven = CountOf(checks, CheckStatus::kUnproven);
  return passed + unproven > 0 && CountOf(checks, CheckStatus::kFailed) == 0 &&
         !(is_strict && unproven + CountOf(checks, CheckStatus::kNotRun) > 0);
}

bool TestReport::ran() const {
  return CountOf(checks, CheckStatus::kNotRun) < static_cast<std::int64_t>(checks.size());
}

std::string TestReport::verdict() const {
  const std::int64_t not_run = CountOf(checks, CheckStatus::kNotRun);
  const bool is_unproven = CountOf(checks, CheckStatus::kUnproven) > 0;
  if (passed())
    return fmt::format("{}{}",
                       is_unproven ? "it runs, but nothing is proven: the description states no test tensors"
                                   : "passed: the model reproduces its test outputs",
                       not_run == 0   ? ""
                       : not_run == 1 ? " (one of its weights was not run)"
                                      : fmt::format(" ({} of its weights were not run)", not_run));
  const auto failed = std::find_if(checks.begin(), checks.end(),
                                   [](const WeightsCheck& check) { return check.status == CheckStatus::kFailed; });
  if (std::any_of(failed, checks.end(), HasWrongOutput)) return "FAILED: the model does not reproduce its test outputs";
  if (failed != checks.end())
    return failed->outputs.empty() ? "FAILED: it could not be tested: " + failed->reason
                                   : "FAILED: the network does not take all sizes that the description gives";
  if (is_unproven) return "FAILED: nothing is proven, as the description states no test tensors";
  if (ran()) return "FAILED: not all of its weights were run";
  return "NOT TESTED: none of its weights runs here as it is" + (advice.empty() ? "" : "; " + advice);
}

Result<TestReport> TestPackage(const spec::Package& package, const TestRequest& request, engines::Registry& registry,
                               const RunContext& context) {
  if (request.engine.engine != "auto") TEGULA_TRY(registry.Find(request.engine.engine));
  TEGULA_TRY(CheckHasWeights(package.description(), request.engine));
  TestReport report;
  report.package = package.path().string();
  report.model = package.description();
  report.is_strict = request.is_strict;
  report.advice = ConvertAdvice(package);
  TEGULA_TRY(Tester(request, package, registry, context).Run(report));
  return report;
}

Result<TestReport> Test(const TestRequest& request, engines::Registry& registry, const RunContext& context) {
  TEGULA_ASSIGN_OR_RETURN(const spec::Package package, OpenModel(request.model, request.engine.cache, context));
  return TestPackage(package, request, registry, context);
}

}  // namespace tegula::app
