// app/zoo_report.h — which models of a collection run here, with what, how exactly and how fast, and why the others do
// not.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tegula/app/test.h"

namespace tegula::app {

struct ZooReportRequest {
  std::string models;  ///< a folder, searched with all below it for descriptions and zips; or "all" of the catalogue
  EngineRequest engine;
};

/// One package.
struct ZooReportRow {
  std::string model;   ///< its path below the folder, or its id
  TestReport test;     ///< without checks if it could not be opened
  std::string reason;  ///< why it could not be
};

struct ZooReport {
  std::string tegula_version, made;  ///< made: UTC, ISO 8601
  std::string models;                ///< as asked for
  std::vector<ZooReportRow> rows;    ///< in the order of their names

  std::size_t passed() const;
};

/// Runs `test` with all engines over all of them, one after the other; what came out is remembered as there. kNotFound
/// for a folder without packages, or without a catalogue; kCancelled. What goes wrong with one model stands in its row.
Result<ZooReport> ReportZoo(const ZooReportRequest& request, engines::Registry& registry, const RunContext& context);

std::string ToJson(const ZooReport& report);
/// A page with a table.
std::string ToHtml(const ZooReport& report);

/// What ran in an earlier report, as ToJson wrote it, and does not any more: "he_nuclei_rgb/rdf.yaml: onnx with
/// openvino". Of each check only `weights`, `engine`, `converted` and `status` matter. kCorrupt for text that is no
/// report.
Result<std::vector<std::string>> LostSince(std::string_view earlier_json, const ZooReport& report);

}  // namespace tegula::app
