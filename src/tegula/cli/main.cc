// The program: words in, exit code out. What it can do stands in the table of commands below; everything else
// is in app.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>

#include "tegula/app/exit_code.h"
#include "tegula/app/version.h"
#include "tegula/cli/commands.h"
#include "tegula/cli/progress_bar.h"
#include "tegula/core/heap.h"
#include "tegula/core/platform.h"
#include "tegula/core/shell_word.h"
#include "tegula/core/system_error.h"
#include "tegula/net/address.h"

namespace tegula::cli {
namespace {

// Workers beside the one that holds the network: one reads ahead, one writes behind.
constexpr int kExtraWorkers = 2;

// As it was typed, for the record: what gives access to addresses is not kept.
std::string CommandLine(int argc, char** argv) {
  std::string line;
  for (int i = 0; i < argc; ++i) {
    const std::string word = i == 0 ? "tegula" : net::Masked(argv[i]);
    line += (i == 0 ? "" : " ") + ShellWord(word);
  }
  return line;
}

std::string ExitCodesFooter() {
  std::string footer = "exit codes:\n";
  for (const app::ExitCode& code : app::ExitCodes()) footer += fmt::format("  {:<4}{}\n", code.number, code.meaning);
  return footer;
}

// Plug-ins lie in lib/ beside the program, or in lib/tegula of the installation it stands in.
Path PluginFolder() {
  const Result<Path> program = ExecutablePath();
  const Path here = program.ok() ? program->parent_path() : Path(".");
  std::error_code ignored;
  const Path installed = here.parent_path() / "lib" / "tegula";
  return std::filesystem::exists(installed, ignored) ? installed : here / "lib";
}

int Report(const Error& error) {
  std::fprintf(stderr, "tegula: %s\n", ToString(error).c_str());
  return app::ExitCodeOf(error.code);
}

int Main(int argc, char** argv) {
  const LowHeap heap;
  CLI::App app("Runs bioimage.io models on images of any size, exactly.", "tegula");
  app.set_version_flag("--version", std::string(app::Version()));
  app.require_subcommand(1);
  app.footer(ExitCodesFooter());
  bool quiet = false;
  bool offline = false;
  int threads = 0;
  app.add_flag("-q,--quiet", quiet, "no progress and no notes on standard error");
  app.add_flag("--offline", offline, "never touch the network; models must be on the disk or in the cache");
  int engine_threads = 0;
  app.add_option("--threads", threads, "threads for everything; 0: every core this process may use")
      ->check(CLI::Range(0, 1024));
  app.add_option("--engine-threads", engine_threads, "threads of the network alone; 0: as --threads")
      ->check(CLI::Range(0, 1024));
  app.fallthrough();

  Run run;
  AddPredict(app, run);
  AddStatistics(app, run);
  AddMeasure(app, run);
  AddObjects(app, run);
  AddClassify(app, run);
  AddClassifier(app, run);
  AddTest(app, run);
  AddConvert(app, run);
  AddInspect(app, run);
  AddValidate(app, run);
  AddPackage(app, run);
  AddUpdateHashes(app, run);
  AddUpdateFormat(app, run);
  AddZoo(app, run);
  AddCache(app, run);
  AddView(app, run);
  AddLists(app, run);
  try {  // lint-allow: CLI11 reports by exceptions
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {  // lint-allow: CLI11 reports by exceptions
    if (error.get_exit_code() == 0) return app.exit(error);
    std::fprintf(stderr, "tegula: %s (tegula --help says how)\n", error.what());
    return app::ExitCodeOf(Code::kInvalid);
  }

  if (threads == 0) threads = AvailableCores();
  if (engine_threads == 0) engine_threads = threads;
  ProgressBar progress(quiet                       ? ProgressBar::Style::kQuiet
                       : StandardErrorIsTerminal() ? ProgressBar::Style::kTerminal
                                                   : ProgressBar::Style::kLines);
  const std::unique_ptr<Executor> executor = NewThreadExecutor(threads + kExtraWorkers);
  std::stop_source stop;
  const StopOnSignal signals(stop);
  engines::Registry registry(PluginFolder());
  const RunContext context{.executor = *executor, .progress = progress, .stop = stop.get_token(), .offline = offline};
  Result<int> exit_code = Guarded("tegula", [&]() {
    return run({registry, context, engine_threads, CacheFolder(), CommandLine(argc, argv)});
  });
  if (!exit_code.ok()) return Report(exit_code.error());
  errno = 0;
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
    return Report(SystemError("write", "standard output", errno));
  return *exit_code;
}

}  // namespace
}  // namespace tegula::cli

int main(int argc, char** argv) { return tegula::cli::Main(argc, argv); }
