#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "tegula/app/exit_code.h"
#include "tegula/app/test.h"
#include "tegula/cli/commands.h"

namespace tegula::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string_view StatusName(app::CheckStatus status) {
  switch (status) {
    case app::CheckStatus::kPassed: return "passed";
    case app::CheckStatus::kFailed: return "failed";
    case app::CheckStatus::kNotRun: return "not run";
  }
  return "not run";
}

Json ToJson(const app::TestReport& report) {
  Json checks = Json::array();
  for (const app::WeightsCheck& check : report.checks) {
    Json outputs = Json::array();
    for (const app::OutputCheck& output : check.outputs) {
      const app::Comparison& c = output.comparison;
      outputs.push_back({{"output", output.output_id},
                         {"passed", c.passed},
                         {"max_abs", c.max_abs},
                         {"mean_abs", c.mean_abs},
                         {"mismatched_per_million", c.mismatched_per_million},
                         {"tolerance",
                          {{"relative", c.tolerance.relative},
                           {"absolute", c.tolerance.absolute},
                           {"mismatched_per_million", c.tolerance.mismatched_per_million}}}});
    }
    checks.push_back({{"weights", spec::WeightsFormatName(check.format)},
                      {"engine", check.engine},
                      {"engine_version", check.engine_version},
                      {"status", StatusName(check.status)},
                      {"reason", check.reason},
                      {"seconds", check.seconds},
                      {"outputs", std::move(outputs)}});
  }
  return {{"model", report.model_name},
          {"package", report.package},
          {"passed", report.passed()},
          {"checks", std::move(checks)}};
}

std::string ToText(const app::TestReport& report) {
  std::vector<std::vector<std::string>> rows = {
      {"WEIGHTS", "ENGINE", "RESULT", "OUTPUT", "MAX DIFFERENCE", "MEAN", "OUT OF TOLERANCE", "SECONDS"}};
  std::string reasons;
  for (const app::WeightsCheck& check : report.checks) {
    const std::string weights(spec::WeightsFormatName(check.format));
    if (check.outputs.empty()) rows.push_back({weights, check.engine, std::string(StatusName(check.status))});
    for (const app::OutputCheck& output : check.outputs) {
      const app::Comparison& c = output.comparison;
      rows.push_back({weights, check.engine, c.passed ? "passed" : "FAILED", output.output_id,
                      fmt::format("{:.2e}", c.max_abs), fmt::format("{:.2e}", c.mean_abs),
                      fmt::format("{:.4g} ppm of {:.4g}", c.mismatched_per_million, c.tolerance.mismatched_per_million),
                      fmt::format("{:.2f}", check.seconds)});
    }
    if (!check.reason.empty()) reasons += fmt::format("{}: {}\n", weights, check.reason);
  }
  return fmt::format("{} ({})\n\n{}{}\n{}\n", report.model_name, report.package, Table(rows),
                     reasons.empty() ? "" : "\n" + reasons,
                     report.passed() ? "passed: the model reproduces its test outputs"
                                     : "FAILED: the model does not reproduce its test outputs");
}

}  // namespace

void AddTest(CLI::App& app, Run& run) {
  struct Words {
    app::TestRequest request;
    std::string model;
    bool json = false;
  };
  CLI::App* command =
      app.add_subcommand("test", "reproduce a model's test outputs with every weights entry that runs here");
  const auto words = std::make_shared<Words>();
  command->add_option("MODEL", words->model, "folder, yaml file, zip, or id of the collection")->required();
  command->add_option("--engine", words->request.engine, "only this engine (tegula engines lists them)")
      ->capture_default_str();
  command->add_flag("--json", words->json, "for programs");
  command->footer("example:\n  tegula test models/affable-shark.zip");
  command->callback([&run, words]() {
    run = [words](const Session& session) -> Result<int> {
      words->request.model = words->model;
      words->request.threads = session.threads;
      TEGULA_ASSIGN_OR_RETURN(const app::TestReport report,
                              app::Test(words->request, session.registry, session.context));
      Print(words->json ? ToJson(report).dump(2) + "\n" : ToText(report));
      return report.passed() ? app::kExitOk : app::kExitTestFailed;
    };
  });
}

}  // namespace tegula::cli
