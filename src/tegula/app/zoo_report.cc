#include "tegula/app/zoo_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "tegula/app/version.h"
#include "tegula/core/platform.h"
#include "tegula/core/text.h"
#include "tegula/outputs/html.h"
#include "tegula/spec/text_kinds.h"
#include "tegula/zoo/store.h"

namespace tegula::app {
namespace {

using Json = nlohmann::ordered_json;

// A zip is a package if it holds a description; SavedModels are zips too.
bool IsPackage(const Path& path, const Limits& limits) {
  const std::string name = path.filename().string();
  if (spec::IsDescriptionName(name)) return true;
  if (ToLower(path.extension().string()) != ".zip") return false;
  const Result<spec::Package> package = spec::Package::Read(path, limits);
  return package.ok() || package.error().code != Code::kNotFound;
}

Result<std::vector<std::string>> PackagesBelow(const Path& folder, const Limits& limits) {
  std::vector<std::string> names;
  std::error_code failed, ignored;
  for (std::filesystem::recursive_directory_iterator entry(folder, failed), end; !failed && entry != end;
       entry.increment(failed))
    if (entry->is_regular_file(ignored) && IsPackage(entry->path(), limits))
      names.push_back(entry->path().lexically_relative(folder).generic_string());
  if (failed) return NotFoundError(fmt::format("cannot list {}: {}", folder.string(), failed.message()));
  if (names.empty()) return NotFoundError(fmt::format("there are no model packages in {}", folder.string()));
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::vector<std::string>> ModelsOfCatalogue(const RunContext& context) {
  TEGULA_ASSIGN_OR_RETURN(const zoo::Store store, zoo::Store::Open(context));
  TEGULA_ASSIGN_OR_RETURN(const zoo::Dated<zoo::Catalogue> catalogue, store.ReadCatalogue());
  std::vector<std::string> names;
  for (const zoo::CatalogueEntry& entry : catalogue.value.models) names.push_back(entry.id + "/" + entry.version);
  std::sort(names.begin(), names.end());
  return names;
}

std::string_view StatusName(CheckStatus status) {
  return status == CheckStatus::kPassed ? "passed" : status == CheckStatus::kFailed ? "failed" : "not run";
}

std::string CheckName(std::string_view model, std::string_view weights, std::string_view engine) {
  return fmt::format("{}: {} with {}", model, weights, engine);
}

double LargestDifference(const WeightsCheck& check) {
  double largest = 0;
  for (const OutputCheck& output : check.outputs) largest = std::max(largest, output.comparison.max_abs);
  return largest;
}

std::string RowHtml(const ZooReportRow& row) {
  const std::string name = fmt::format("<code>{}</code><br><span class=\"small\">{}</span>",
                                       outputs::EscapeHtml(row.model), outputs::EscapeHtml(row.test.model_name));
  if (row.test.checks.empty())
    return fmt::format(
        "<tr><td>{}</td><td class=\"no\">not run</td><td></td><td></td><td></td><td></td><td>{}</td></tr>\n", name,
        outputs::EscapeHtml(row.reason));
  std::string html;
  for (const WeightsCheck& check : row.test.checks) {
    const bool was_compared = !check.outputs.empty();
    html += fmt::format(
        "<tr><td>{}</td><td class=\"{}\">{}</td><td>{}</td><td>{} {}</td><td class=\"number\">{}</td><td "
        "class=\"number\">{}</td><td>{}</td></tr>\n",
        html.empty() ? name : "",
        check.status == CheckStatus::kPassed   ? "yes"
        : check.status == CheckStatus::kFailed ? "failed"
                                               : "no",
        StatusName(check.status), spec::WeightsFormatName(check.format), outputs::EscapeHtml(check.engine),
        outputs::EscapeHtml(check.engine_version), was_compared ? fmt::format("{:.1e}", LargestDifference(check)) : "",
        was_compared ? fmt::format("{:.2f}", check.seconds) : "", outputs::EscapeHtml(check.reason));
  }
  return html;
}

}  // namespace

std::size_t ZooReport::passed() const {
  return static_cast<std::size_t>(
      std::count_if(rows.begin(), rows.end(), [](const ZooReportRow& row) { return row.test.passed(); }));
}

Result<ZooReport> ReportZoo(const ZooReportRequest& request, engines::Registry& registry, const RunContext& context) {
  const bool is_catalogue = request.models == "all";
  TEGULA_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                          is_catalogue ? ModelsOfCatalogue(context) : PackagesBelow(request.models, context.limits));
  ZooReport report{std::string(Version()), UtcNow(), request.models, {}};
  for (const std::string& name : names) {
    if (context.stop.stop_requested()) return CancelledError();
    context.progress.Update("testing", static_cast<std::int64_t>(report.rows.size()),
                            static_cast<std::int64_t>(names.size()), "models");
    TestRequest test;
    test.model = is_catalogue ? Path(name) : Path(request.models) / name;
    test.threads = request.threads;
    Result<TestReport> tested = Test(test, registry, context);
    if (tested.ok()) {
      report.rows.push_back({name, std::move(*tested), ""});
    } else if (tested.error().code == Code::kCancelled) {
      return std::move(tested).error();
    } else {
      report.rows.push_back({name, {}, ToString(tested.error())});
    }
  }
  return report;
}

std::string ToJson(const ZooReport& report) {
  Json models = Json::array();
  for (const ZooReportRow& row : report.rows) {
    Json checks = Json::array();
    for (const WeightsCheck& check : row.test.checks) {
      Json json = {{"weights", spec::WeightsFormatName(check.format)},
                   {"engine", check.engine},
                   {"engine_version", check.engine_version},
                   {"status", StatusName(check.status)},
                   {"reason", check.reason}};
      if (!check.outputs.empty()) {
        json["max_abs"] = LargestDifference(check);
        json["seconds"] = check.seconds;
      }
      checks.push_back(std::move(json));
    }
    models.push_back({{"model", row.model},
                      {"name", row.test.model_name},
                      {"passed", row.test.passed()},
                      {"reason", row.reason},
                      {"checks", std::move(checks)}});
  }
  return Json{{"tegula", report.tegula_version},
              {"made", report.made},
              {"processor", ProcessorName()},
              {"models", std::move(models)}}
             .dump(1, ' ', false, Json::error_handler_t::replace) +
         "\n";
}

std::string ToHtml(const ZooReport& report) {
  std::string html = outputs::PageHead("Models that run here");
  html += "<style>td.yes{color:#1b6e3c;font-weight:600}td.failed{color:#b3261e;font-weight:600}</style>\n";
  html += fmt::format(
      "<header><p class=\"kicker\">Compatibility</p><h1>{} of {} models run</h1><p class=\"lead\">Each model on its "
      "own "
      "test tensors, with every weights entry and every engine that takes it. Tegula {}, {}, {}.</p></header>\n",
      report.passed(), report.rows.size(), outputs::EscapeHtml(report.tegula_version),
      outputs::EscapeHtml(ProcessorName()), outputs::EscapeHtml(report.made));
  html +=
      "<table><tr><th>Model</th><th>Result</th><th>Weights</th><th>Engine</th><th class=\"number\">Largest "
      "difference</th><th class=\"number\">Seconds</th><th>Why not</th></tr>\n";
  for (const ZooReportRow& row : report.rows) html += RowHtml(row);
  return html + "</table>\n</body></html>\n";
}

Result<std::vector<std::string>> LostSince(std::string_view earlier_json, const ZooReport& report) {
  const Json json = Json::parse(earlier_json, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("models") || !json["models"].is_array())
    return CorruptError("the earlier report is not one that `tegula zoo report` wrote");
  std::set<std::string> passing;
  for (const ZooReportRow& row : report.rows)
    for (const WeightsCheck& check : row.test.checks)
      if (check.status == CheckStatus::kPassed)
        passing.insert(CheckName(row.model, spec::WeightsFormatName(check.format), check.engine));
  std::vector<std::string> lost;
  return Guarded("the earlier report", [&]() -> Result<std::vector<std::string>> {
    for (const Json& model : json["models"]) {
      for (const Json& check : model.at("checks")) {
        if (check.at("status") != "passed") continue;
        std::string name = CheckName(model.at("model").get<std::string>(), check.at("weights").get<std::string>(),
                                     check.at("engine").get<std::string>());
        if (passing.count(name) == 0) lost.push_back(std::move(name));
      }
    }
    return std::move(lost);
  });
}

}  // namespace tegula::app
