#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "tegula/app/exit_code.h"
#include "tegula/app/validate.h"
#include "tegula/cli/commands.h"
#include "tegula/outputs/findings_page.h"

namespace tegula::cli {
namespace {

using Json = nlohmann::ordered_json;
using spec::Severity;

std::string Plural(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string Summary(const app::ValidationReport& report) {
  return fmt::format(
      "{}: {}, {}, {}, {}{}", report.status(), Plural(report.Count(Severity::kError), "error"),
      Plural(report.Count(Severity::kAlert), "alert"), Plural(report.Count(Severity::kWarning), "warning"),
      Plural(report.Count(Severity::kInfo), "remark"), report.files_checked ? "" : "; no file was opened");
}

std::string ToText(const app::ValidationReport& report) {
  std::string text = report.name.empty() ? report.source : fmt::format("{} ({})", report.name, report.source);
  if (!report.type.empty()) text += fmt::format("\n{} {}", report.type, report.format_version);
  if (!report.description_file.empty()) text += fmt::format(", {}", report.description_file);
  text += "\n\n";
  std::vector<std::vector<std::string>> rows = {{"SEVERITY", "LINE", "WHERE", "WHAT"}};
  for (const spec::Finding& finding : report.findings) {
    const std::string hint = finding.hint.empty() ? "" : fmt::format(" ({})", finding.hint);
    rows.push_back({std::string(spec::SeverityName(finding.severity)),
                    finding.line > 0 ? fmt::format("{}:{}", finding.line, finding.column) : "",
                    finding.path.empty() ? "(document)" : finding.path, finding.sentence + hint});
  }
  if (!report.findings.empty()) text += Table(rows) + "\n";
  text += Summary(report);
  return text + "\n";
}

Status WritePage(const app::ValidationReport& report, const std::string& path) {
  const std::string title = report.name.empty() ? report.source : report.name;
  return WriteFileWhole(path, outputs::RenderFindingsPage(title, Summary(report), report.findings));
}

Json ToJson(const app::ValidationReport& report) {
  Json findings = Json::array();
  for (const spec::Finding& finding : report.findings)
    findings.push_back({{"severity", spec::SeverityName(finding.severity)},
                        {"path", finding.path},
                        {"line", finding.line},
                        {"column", finding.column},
                        {"sentence", finding.sentence},
                        {"hint", finding.hint}});
  return {{"source", report.source},   {"description_file", report.description_file},
          {"type", report.type},       {"format_version", report.format_version},
          {"name", report.name},       {"id", report.id},
          {"status", report.status()}, {"files_checked", report.files_checked},
          {"strict", report.strict},   {"findings", std::move(findings)}};
}

}  // namespace

void AddValidate(CLI::App& app, Run& run) {
  struct Words {
    std::vector<std::string> sources;
    std::string html;
    bool no_io = false, strict = false, json = false;
  };
  CLI::App* command =
      app.add_subcommand("validate", "whether a description and the files it names are as the format asks");
  command->alias("validate-format");
  const auto words = std::make_shared<Words>();
  command->add_option("SOURCE", words->sources, "folders, yaml files or zips")->required();
  command->add_flag("--no-io", words->no_io, "look at the description only; open no file that it names");
  command->add_flag("--strict", words->strict, "warnings and alerts fail too");
  command->add_flag("--json", words->json, "for programs: an object, or a list of them if there are several sources");
  command->add_option("--html", words->html, "write the findings as a page (of one source)");
  command->footer(
      "example:\n  tegula validate models/affable-shark\n\nExit code 0 if all are valid. Severities: error (breaks the "
      "format), alert (others will miss it or fail over it), warning, info.");
  command->callback([&run, words]() {
    run = [words](const Session& session) -> Result<int> {
      Json all = Json::array();
      bool failed = false;
      if (!words->html.empty() && words->sources.size() != 1) return InvalidError("--html is for one source");
      for (const std::string& source : words->sources) {
        TEGULA_ASSIGN_OR_RETURN(const app::ValidationReport report,
                                app::Validate({source, !words->no_io, words->strict}, session.context));
        failed = failed || report.failed();
        if (!words->html.empty()) TEGULA_TRY(WritePage(report, words->html));
        if (words->json)
          all.push_back(ToJson(report));
        else
          Print(ToText(report));
      }
      if (words->json) Print((words->sources.size() == 1 ? all.front() : all).dump(2) + "\n");
      return failed ? app::kExitTestFailed : app::kExitOk;
    };
  });
}

}  // namespace tegula::cli
