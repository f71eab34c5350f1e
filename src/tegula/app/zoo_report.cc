#include "tegula/app/zoo_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "tegula/app/test_page.h"
#include "tegula/app/version.h"
#include "tegula/core/platform.h"
#include "tegula/core/text.h"
#include "tegula/outputs/html.h"
#include "tegula/spec/text_kinds.h"
#include "tegula/zoo/store.h"

namespace tegula::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kResult = 2;  // column of TestTable

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

bool Runs(CheckStatus status) { return status == CheckStatus::kPassed || status == CheckStatus::kUnproven; }

std::string NameOf(const std::string& model, const WeightsCheck& check) {
  return fmt::format("{}: {}", model, Title(check));
}

std::string ClassOf(const std::string& result) {
  return result == "passed" ? "yes" : ToLower(result) == "failed" ? "failed" : "no";
}

// The model, the rows of its `test`, and the remarks below them.
std::string RowsHtml(const ZooReportRow& row, std::size_t columns) {
  using outputs::EscapeHtml;
  TestTable table = TableOf(row.test.checks);
  if (!row.reason.empty()) table.remarks.push_back(row.reason);
  const bool runs = row.test.passed();
  std::string html = fmt::format(
      "<tbody><tr><td colspan=\"{}\" class=\"model\"><span class=\"{}\">{}</span> <code>{}</code> <span "
      "class=\"small\">{}</span></td></tr>\n",
      columns, runs ? "yes" : "no", runs ? "runs" : "does not run", EscapeHtml(row.model),
      EscapeHtml(row.test.model.name));
  for (std::vector<std::string>& cells : table.rows) {
    cells.resize(columns);
    html += "<tr>";
    for (std::size_t c = 0; c < columns; ++c)
      html += fmt::format("<td class=\"{}\">{}</td>",
                          c == kResult      ? ClassOf(cells[c])
                          : c > kResult + 1 ? "number"
                                            : "",
                          EscapeHtml(cells[c]));
    html += "</tr>\n";
  }
  if (!table.remarks.empty()) {
    html += fmt::format("<tr><td colspan=\"{}\" class=\"small\">", columns);
    for (const std::string& remark : table.remarks) html += fmt::format("{}<br>", EscapeHtml(remark));
    html += "</td></tr>\n";
  }
  return html + "</tbody>\n";
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
    test.engine = request.engine;
    test.all_engines = true;
    test.other_sizes = false;
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
    models.push_back({{"model", row.model},
                      {"name", row.test.model.name},
                      {"license", row.test.model.license},
                      {"passed", row.test.passed()},
                      {"reason", row.reason},
                      {"checks", Json::parse(ChecksToJson(row.test.checks))}});
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
  html +=
      "<style>.yes{color:#1b6e3c;font-weight:600}.failed{color:#b3261e;font-weight:600}td{vertical-align:top}"
      "td[colspan]{overflow-wrap:anywhere}td.model{padding-top:1.4rem}body{max-width:76rem}th.number{text-align:right}<"
      "/style>\n";
  html += fmt::format(
      "<header><p class=\"kicker\">Compatibility</p><h1>{} of {} models run</h1><p class=\"lead\">Each model on its "
      "own test tensors, with every weights entry and every engine that takes it. Tegula {}, {}, {}.</p></header>\n",
      report.passed(), report.rows.size(), outputs::EscapeHtml(report.tegula_version),
      outputs::EscapeHtml(ProcessorName()), outputs::EscapeHtml(report.made));
  const std::vector<std::string> heading = TableOf({}).heading;
  html += "<table><thead><tr>";
  for (std::size_t c = 0; c < heading.size(); ++c)
    html += fmt::format("<th class=\"{}\">{}</th>", c > kResult + 1 ? "number" : "", outputs::EscapeHtml(heading[c]));
  html += "</tr></thead>\n";
  for (const ZooReportRow& row : report.rows) html += RowsHtml(row, heading.size());
  return html + "</table>\n</body></html>\n";
}

Result<std::vector<std::string>> LostSince(std::string_view earlier_json, const ZooReport& report) {
  const Json json = Json::parse(earlier_json, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("models") || !json["models"].is_array())
    return CorruptError("the earlier report is not one that `tegula zoo report` wrote");
  std::set<std::string> running;
  for (const ZooReportRow& row : report.rows)
    for (const WeightsCheck& check : row.test.checks)
      if (Runs(check.status)) running.insert(NameOf(row.model, check));
  return Guarded("the earlier report", [&]() -> Result<std::vector<std::string>> {
    std::vector<std::string> lost;
    for (const Json& model : json["models"]) {
      for (const Json& row : model.at("checks")) {
        const std::string status = row.at("status");
        if (status != StatusName(CheckStatus::kPassed) && status != StatusName(CheckStatus::kUnproven)) continue;
        const auto format = spec::WeightsFormatFromName(row.at("weights").get<std::string>());
        if (!format) return CorruptError("the earlier report names weights of an unknown format");
        WeightsCheck check{.format = *format, .engine = row.at("engine")};
        check.is_converted = row.value("converted", false);
        if (std::string name = NameOf(model.at("model"), check); running.count(name) == 0)
          lost.push_back(std::move(name));
      }
    }
    return lost;
  });
}

}  // namespace tegula::app
