#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "tegula/cli/commands.h"
#include "tegula/image/open.h"
#include "tegula/ops/chain.h"
#include "tegula/outputs/output_formats.h"
#include "tegula/spec/model_description.h"

namespace tegula::cli {
namespace {

using Json = nlohmann::ordered_json;

Result<int> Engines(const Session& session, bool json) {
  Json rows = Json::array();
  std::vector<std::vector<std::string>> table = {{"ENGINE", "HERE", "RUNS", "VERSION OR REASON"}};
  for (const engines::EngineStatus& engine : session.registry.StatusOfAll()) {
    std::vector<std::string> formats;
    for (const spec::WeightsFormat format : engine.formats) formats.emplace_back(spec::WeightsFormatName(format));
    rows.push_back({{"name", engine.name},
                    {"available", engine.available},
                    {"version", engine.version},
                    {"reason", engine.reason},
                    {"formats", formats}});
    table.push_back({engine.name, engine.available ? "yes" : "no",
                     formats.empty() ? "toy networks (tests)" : fmt::format("{}", fmt::join(formats, ", ")),
                     engine.available ? engine.version : engine.reason});
  }
  Print(json ? rows.dump(2) + "\n" : Table(table));
  return 0;
}

Result<int> Formats(const Session&, bool json) {
  Json rows = Json::array();
  std::vector<std::vector<std::string>> table = {{"FORMAT", "HERE", "WHAT"}};
  for (const image::Format& format : image::Formats()) {
    const Status available = format.available();
    const std::string reason = available.ok() ? "" : ToString(available.error());
    rows.push_back({{"name", format.name},
                    {"use", "read"},
                    {"available", available.ok()},
                    {"description", format.description},
                    {"reason", reason}});
    table.push_back({std::string(format.name), available.ok() ? "yes" : "no",
                     available.ok() ? std::string(format.description) : reason});
  }
  std::vector<std::vector<std::string>> written = {{"FORMAT", "SUFFIX", "COMPRESSION", "WHAT"}};
  for (const outputs::OutputFormat& format : outputs::OutputFormats()) {
    std::vector<std::string_view> compressions;
    for (const outputs::CompressionRow& row : format.compressions) compressions.push_back(row.name);
    rows.push_back({{"name", format.name},
                    {"use", "write"},
                    {"available", true},
                    {"description", format.description},
                    {"reason", ""},
                    {"suffix", format.suffix},
                    {"compressions", compressions}});
    written.push_back({std::string(format.name), std::string(format.suffix),
                       fmt::format("{}", fmt::join(compressions, ", ")), std::string(format.description)});
  }
  Print(json ? rows.dump(2) + "\n"
             : "Images that are read\n" + Table(table) + "\nPredictions that are written\n" + Table(written));
  return 0;
}

Result<int> Operations(const Session&, bool json) {
  Json rows = Json::array();
  std::vector<std::vector<std::string>> table = {{"OP", "RUNS", "WHAT"}};
  for (const ops::OpInfo& op : ops::Ops()) {
    rows.push_back({{"id", op.id}, {"runs", op.runs}, {"summary", op.summary}, {"reason", op.reason}});
    table.push_back({std::string(op.id), op.runs ? "yes" : "no", std::string(op.runs ? op.summary : op.reason)});
  }
  Print(json ? rows.dump(2) + "\n" : Table(table));
  return 0;
}

struct List {
  const char* name;
  const char* description;
  Result<int> (*run)(const Session&, bool json);
};
constexpr List kLists[] = {
    {"engines", "which engines run networks here, and why one does not", &Engines},
    {"formats", "which image formats are read here, and which are written", &Formats},
    {"ops", "which pre- and postprocessing operations run", &Operations},
};

}  // namespace

void AddLists(CLI::App& app, Run& run) {
  for (const List& list : kLists) {
    CLI::App* command = app.add_subcommand(list.name, list.description);
    const auto json = std::make_shared<bool>(false);
    command->add_flag("--json", *json, "for programs");
    command->footer(fmt::format("example:\n  tegula {}", list.name));
    command->callback([&run, json, function = list.run]() {
      run = [json, function](const Session& session) { return function(session, *json); };
    });
  }
}

}  // namespace tegula::cli
