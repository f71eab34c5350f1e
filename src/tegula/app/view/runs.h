// app/view/runs.h — runs that a viewer starts: one works, the others wait, and each can be stopped and gone on with.
//
// A run is a folder below one that the viewer was given. What it was asked for and how far it was stands in a file in
// it, so that another viewer finds it again. To pause is to stop as Ctrl-C does: what was made stays, and the same
// words go on with it.
#pragma once

#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "tegula/app/view/run_words.h"
#include "tegula/core/files.h"
#include "tegula/core/run_context.h"

namespace tegula::app {

enum class RunState : std::uint8_t { kQueued, kRunning, kPaused, kCancelled, kFailed, kDone };
std::string_view RunStateName(RunState state);

/// What was counted in one class.
struct RunCount {
  std::string class_name;
  std::int64_t objects = 0;
};
/// What a command has made.
struct RunOutcome {
  std::vector<RunCount> classes;
  std::vector<std::string> notes;  ///< sentences without a full stop
};

/// The program's own commands: what is done with words.
struct RunCommands {
  /// Whether they can be understood.
  std::function<Status(const std::vector<std::string>& arguments)> check;
  std::function<Result<RunOutcome>(const std::vector<std::string>& arguments, const RunContext& context)> run;
  /// Options that every prediction gets: the engine's, as the viewer was given them.
  std::vector<std::string> always;
};

/// How far the stage at work is.
struct RunProgress {
  std::string stage, unit;
  std::int64_t done = 0, total = 0;
  double per_second = 0;    ///< 0: not known yet
  double seconds_left = 0;  ///< of this stage, likewise
};

/// One row of the list.
struct RunRow {
  std::string name;  ///< of its folder
  Path folder;
  RunWords words;  ///< nothing if a command line made it
  std::string command;
  RunState state = RunState::kQueued;
  std::string sentence;
  std::int64_t objects = 0;
  std::optional<RunProgress> progress;  ///< of the one that runs
  std::vector<std::string> notes;
};

struct RunRequest {
  std::string name;  ///< of its folder; empty: one that is free is found
  RunWords words;
  std::string region;  ///< an annotation as GeoJSON; empty: all of the image
};

/// Thread-safe. Somebody lends it a thread, see Work. Borrows the executor and limits of the context.
class Runs {
 public:
  /// `out` is made if it is not there. kIo.
  static Result<std::unique_ptr<Runs>> Open(Path out, RunCommands commands, const RunContext& context);
  Runs(const Runs&) = delete;

  /// Does one run after the other, on the caller's thread, until `stop`; what runs then is paused.
  void Work(const std::stop_token& stop);

  const Path& out() const noexcept { return out_; }
  /// The newest first, those of command lines in the folder too.
  std::vector<RunRow> List() const;
  /// kNotFound.
  Result<RunRow> Find(const std::string& name) const;
  /// Puts it at the end of the queue. kInvalid for words that are not understood and for a name that is taken; kIo.
  Result<RunRow> Start(const RunRequest& request);
  /// Stops it so that Resume goes on. kInvalid with what it is instead.
  Result<RunRow> Pause(const std::string& name);
  Result<RunRow> Cancel(const std::string& name);
  Result<RunRow> Resume(const std::string& name);
  /// Takes it off the list; files stay.
  Status RemoveFromList(const std::string& name);
  /// What a command about objects would make, while the caller waits. Errors of the command.
  Result<RunOutcome> Try(const RunWords& words, const RunContext& context) const;

  /// Counts what has changed.
  std::uint64_t changes() const;
  /// Waits until changes() is not `known`, or some time has passed.
  std::uint64_t WaitForChange(std::uint64_t known) const;
  /// Whether one runs or waits.
  bool is_busy() const;

 private:
  struct Run;
  class Meter;
  Runs(Path out, RunCommands commands, const RunContext& context);
  void Discover();
  void Settle(Run& run, const Result<RunOutcome>& result);
  Result<std::shared_ptr<Run>> Get(const std::string& name) const;
  Result<RunRow> Stop(const std::string& name, RunState as);
  Result<std::string> FreeName(const RunRequest& request) const;
  RunRow RowOf(const Run& run) const;
  Status Note(const Run& run, std::string_view state) const;
  void Changed() const;

  const Path out_;
  const RunCommands commands_;
  const RunContext& context_;
  mutable std::mutex mutex_;  // of what follows
  mutable std::condition_variable_any changed_;
  mutable std::uint64_t changes_ = 0;
  std::list<std::shared_ptr<Run>> runs_;  // in the order in which they were asked for
};

}  // namespace tegula::app
