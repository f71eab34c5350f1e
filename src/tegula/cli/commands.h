// cli/commands.h — one function per command: it declares its words on the command line and says what to call.
//
// A command translates words into an app request and a response into text or JSON. It decides nothing else.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "tegula/core/run_context.h"
#include "tegula/engines/registry.h"

namespace CLI {
class App;
}

namespace tegula::cli {

/// What every command gets when it runs.
struct Session {
  engines::Registry& registry;
  const RunContext& context;
  int threads;               ///< cores this process may use
  Path cache;                ///< what is kept between runs; empty: nowhere
  std::string command_line;  ///< as it was typed, for the run record
};

/// Runs a command that was chosen; the exit code, or the error that decides it.
using Run = std::function<Result<int>(const Session&)>;

/// Declares the command below `app` and sets `run` when it is chosen.
void AddPredict(CLI::App& app, Run& run);
void AddStatistics(CLI::App& app, Run& run);
void AddMeasure(CLI::App& app, Run& run);
void AddObjects(CLI::App& app, Run& run);
void AddClassify(CLI::App& app, Run& run);
void AddClassifier(CLI::App& app, Run& run);
void AddTest(CLI::App& app, Run& run);
void AddConvert(CLI::App& app, Run& run);
void AddInspect(CLI::App& app, Run& run);
void AddValidate(CLI::App& app, Run& run);
void AddPackage(CLI::App& app, Run& run);
void AddUpdateHashes(CLI::App& app, Run& run);
void AddUpdateFormat(CLI::App& app, Run& run);
void AddZoo(CLI::App& app, Run& run);
void AddCache(CLI::App& app, Run& run);
void AddView(CLI::App& app, Run& run);
void AddLists(CLI::App& app, Run& run);  ///< engines, formats, ops

/// Prints the card of a model, as `tegula inspect` does.
Result<int> InspectModelCard(const std::string& model, bool json, const Session& session);

/// Prints to standard output.
void Print(std::string_view text);
/// Rows of cells, padded to columns; the first row is the heading.
std::string Table(const std::vector<std::vector<std::string>>& rows);

}  // namespace tegula::cli
