#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "tegula/app/exit_code.h"
#include "tegula/app/test.h"
#include "tegula/app/test_page.h"
#include "tegula/cli/commands.h"
#include "tegula/cli/engine_words.h"
#include "tegula/core/files.h"

namespace tegula::cli {
namespace {

std::string ToJson(const app::TestReport& report) {
  const nlohmann::ordered_json json = {{"model", report.model.name},
                                       {"package", report.package},
                                       {"passed", report.passed()},
                                       {"verdict", report.verdict()},
                                       {"checks", nlohmann::ordered_json::parse(app::ChecksToJson(report.checks))}};
  return json.dump(2) + "\n";
}

std::string ToText(const app::TestReport& report) {
  const app::TestTable table = app::TableOf(report.checks);
  std::vector<std::vector<std::string>> rows = {table.heading};
  rows.insert(rows.end(), table.rows.begin(), table.rows.end());
  std::string text = fmt::format("{} ({})\n\n{}", report.model.name, report.package, Table(rows));
  for (const std::string& remark : table.remarks) text += "\n" + remark;
  return text + fmt::format("{}\n{}\n", table.remarks.empty() ? "" : "\n", report.verdict());
}

// In the form that the file's name asks for.
Status WriteReport(const app::TestReport& report, const Path& file) {
  const std::string suffix = file.extension().string();
  if (suffix == ".json") return WriteFileWhole(file, ToJson(report));
  if (suffix == ".md") return WriteFileWhole(file, app::TestMarkdown(report));
  TEGULA_ASSIGN_OR_RETURN(const std::string page, app::TestPage(report));
  return WriteFileWhole(file, page);
}

}  // namespace

void AddTest(CLI::App& app, Run& run) {
  struct Words {
    app::TestRequest request;
    EngineWords engine;
    std::string model, report;
    bool json = false, only_test_tensors = false;
  };
  CLI::App* command =
      app.add_subcommand("test", "reproduce a model's test outputs with every weights entry that runs here");
  const auto words = std::make_shared<Words>();
  command->add_option("MODEL", words->model, "folder, yaml file, zip, or id of the collection")->required();
  words->engine.AddTo(*command);
  command->add_flag("--all-engines", words->request.all_engines,
                    "every weights entry with every engine that takes it, and what that costs");
  command->add_flag("--only-test-tensors", words->only_test_tensors, "leave out other batch and image sizes");
  command->add_flag("--strict", words->request.is_strict, "weights that nothing here runs count as failed");
  command
      ->add_option("--report", words->report,
                   "write a report to this file: a page with pictures of input, target, prediction and difference "
                   "(.html), a table (.md) or data (.json)")
      ->check([](const std::string& name) {
        const std::string suffix = Path(name).extension().string();
        return suffix == ".html" || suffix == ".md" || suffix == ".json"
                   ? std::string()
                   : "a report's name ends in .html, .md or .json, not " + name;
      });
  command->add_flag("--json", words->json, "for programs");
  command->footer("example:\n  tegula test models/affable-shark.zip --all-engines --report test.html");
  command->callback([&run, words]() {
    run = [words](const Session& session) -> Result<int> {
      app::TestRequest& request = words->request;
      request.model = words->model;
      request.other_sizes = !words->only_test_tensors;
      request.keep_tensors = Path(words->report).extension() == ".html";
      TEGULA_ASSIGN_OR_RETURN(request.engine, words->engine.Request(session));
      TEGULA_ASSIGN_OR_RETURN(const app::TestReport report, app::Test(request, session.registry, session.context));
      if (!words->report.empty()) TEGULA_TRY(WriteReport(report, words->report));
      Print(words->json ? ToJson(report) : ToText(report));
      if (!report.ran()) return app::ExitCodeOf(Code::kUnsupported);
      return report.passed() ? app::kExitOk : app::kExitTestFailed;
    };
  });
}

}  // namespace tegula::cli
