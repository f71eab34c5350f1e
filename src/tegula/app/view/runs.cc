#include "tegula/app/view/runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "tegula/app/earlier_windows.h"
#include "tegula/app/view/annotations.h"
#include "tegula/core/folders.h"
#include "tegula/core/platform.h"
#include "tegula/core/text.h"
#include "tegula/outputs/run_record.h"

namespace tegula::app {
namespace {

constexpr std::int64_t kLargestNote = 1 << 20;
constexpr std::size_t kLongestName = 100;
constexpr double kBetweenChanges = 0.1;                  // seconds
constexpr std::chrono::milliseconds kLongestWait{1000};  // for a change
constexpr const char* kCutOff = "it was cut off when the viewer ended; resume goes on where it was";

struct StateRow {
  RunState state;
  std::string_view name;
};
constexpr StateRow kStates[] = {{RunState::kQueued, "queued"}, {RunState::kRunning, "running"},
                                {RunState::kPaused, "paused"}, {RunState::kCancelled, "cancelled"},
                                {RunState::kFailed, "failed"}, {RunState::kDone, "done"}};

// What may stand in the name of a folder on any system, without quotes in a shell.
std::string Plain(std::string_view text) {
  std::string plain;
  for (const char c : text) {
    const bool is_kept = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                         c == '_' || (c == '.' && !plain.empty());
    plain += is_kept ? c : '_';
  }
  return plain.substr(0, kLongestName / 2);
}

std::string StemOf(const std::string& subject) { return Plain(Path(subject).stem().string()); }

Status CheckName(const std::string& name) {
  const bool is_plain = !name.empty() && name.size() <= kLongestName && !name.starts_with('.') &&
                        std::ranges::none_of(name, [](unsigned char c) { return c < 0x20 || c == '/' || c == 0x7f; });
  if (is_plain) return Ok();
  return InvalidError(
      fmt::format("'{}' is no name of a folder: take up to {} characters without / that do not begin with a dot", name,
                  kLongestName));
}

}  // namespace

std::string_view RunStateName(RunState state) { return std::ranges::find(kStates, state, &StateRow::state)->name; }

struct Runs::Run {
  std::string name, asked;
  RunWords words;
  std::string command;  // of those that a command line made
  RunState state = RunState::kQueued;
  RunState wanted = RunState::kDone;  // what it is to be when it has stopped
  std::string sentence;
  std::int64_t objects = 0;
  std::optional<RunProgress> progress;
  std::vector<std::string> notes;
  std::stop_source stop{std::nostopstate};
};

// What a run says of itself goes into its row.
class Runs::Meter final : public Progress {
 public:
  Meter(Runs& runs, Run& run) : runs_(runs), run_(run) {}

  void Update(std::string_view stage, std::int64_t done, std::int64_t total, std::string_view unit) override {
    const std::lock_guard lock(runs_.mutex_);
    const double now = MonotonicSeconds();
    if (!run_.progress || run_.progress->stage != stage) {
      run_.progress = RunProgress{std::string(stage), std::string(unit), done, total};
      began_ = shown_ = now, first_ = done;
      FindWindows();
      return runs_.Changed();
    }
    RunProgress& progress = *run_.progress;
    progress.done = done, progress.total = total;
    const double seconds = now - began_;
    if (done > first_ && seconds > 0) {
      progress.per_second = static_cast<double>(done - first_) / seconds;
      progress.seconds_left = static_cast<double>(total - done) / progress.per_second;
    }
    if (done < total && now < shown_ + kBetweenChanges) return;
    shown_ = now;
    runs_.Changed();
  }

  void Note(std::string_view sentence) override {
    const std::lock_guard lock(runs_.mutex_);
    run_.notes.emplace_back(sentence);
    runs_.Changed();
  }

  // The windows that were chosen belong to the command from then on, unless a classifier decides them: then they cannot
  // be said. Takes a lock that is held.
  void FindWindows() {
    if (run_.words.command != kPredictWord || run_.words.Find("tile") != nullptr ||
        run_.words.Find("classifier") != nullptr)
      return;
    const Result<std::string> windows = EarlierWindowWords(runs_.out_ / run_.name);
    if (!windows.ok() || windows->empty()) return;
    run_.words.options.push_back({"tile", *windows});
    (void)runs_.Note(run_, RunStateName(run_.state));
  }

 private:
  Runs& runs_;
  Run& run_;
  double began_ = 0, shown_ = 0;
  std::int64_t first_ = 0;
};

Runs::Runs(Path out, RunCommands commands, const RunContext& context)
    : out_(std::move(out)), commands_(std::move(commands)), context_(context) {}

Result<std::unique_ptr<Runs>> Runs::Open(Path out, RunCommands commands, const RunContext& context) {
  TEGULA_TRY(MakeFolders(out));
  std::error_code failed;
  const Path canonical = std::filesystem::canonical(out, failed);
  std::unique_ptr<Runs> runs(new Runs(failed ? out : canonical, std::move(commands), context));
  runs->Discover();
  return runs;
}

// What earlier viewers and command lines have left. A folder that says nothing that is understood is none of them.
void Runs::Discover() {
  const Result<std::vector<std::string>> names = NamesIn(out_);
  if (!names.ok()) return;
  for (const std::string& name : *names) {
    const Path folder = out_ / name;
    const auto run = std::make_shared<Run>();
    run->name = name;
    const Result<std::string> text = ReadFile(folder / kRunNoteFile, kLargestNote);
    if (const Result<RunNote> note = text.ok() ? RunNoteFromJson(*text) : text.error(); note.ok()) {
      const auto state = std::ranges::find(kStates, note->state, &StateRow::name);
      if (state == std::end(kStates)) continue;  // removed from the list
      run->words = note->words, run->asked = note->asked, run->sentence = note->sentence;
      run->objects = note->objects;
      run->state = state->state;
      if (run->state == RunState::kQueued || run->state == RunState::kRunning)
        run->state = RunState::kPaused, run->sentence = kCutOff;
    } else if (const Result<outputs::RunRecord> record = outputs::ReadRunRecord(folder); record.ok()) {
      run->state = RunState::kDone, run->asked = record->started;
      run->command = Join(record->command, " ");
      for (const outputs::ObjectsRecord& of_class : record->objects) run->objects += of_class.count;
    } else {
      continue;
    }
    runs_.push_back(run);
  }
  runs_.sort([](const auto& a, const auto& b) { return a->asked < b->asked; });
}

void Runs::Changed() const {
  ++changes_;
  changed_.notify_all();
}

Status Runs::Note(const Run& run, std::string_view state) const {
  return WriteFileWhole(out_ / run.name / kRunNoteFile,
                        ToJson(RunNote{run.words, std::string(state), run.sentence, run.asked, run.objects}));
}

RunRow Runs::RowOf(const Run& run) const {
  RunRow row{run.name,     out_ / run.name, run.words,    run.command, run.state,
             run.sentence, run.objects,     run.progress, run.notes};
  if (!run.words.command.empty()) row.command = CommandText(ArgumentsOf(run.words, row.folder, commands_.always));
  return row;
}

std::vector<RunRow> Runs::List() const {
  const std::lock_guard lock(mutex_);
  std::vector<RunRow> rows;
  for (const auto& run : runs_) rows.push_back(RowOf(*run));
  std::ranges::reverse(rows);
  return rows;
}

Result<std::shared_ptr<Runs::Run>> Runs::Get(const std::string& name) const {
  for (const auto& run : runs_)
    if (run->name == name) return run;
  return NotFoundError(fmt::format("there is no run '{}' in the list", name));
}

Result<RunRow> Runs::Find(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  TEGULA_ASSIGN_OR_RETURN(const std::shared_ptr<Run> run, Get(name));
  return RowOf(*run);
}

Result<std::string> Runs::FreeName(const RunRequest& request) const {
  if (!request.name.empty()) {
    TEGULA_TRY(CheckName(request.name));
    TEGULA_ASSIGN_OR_RETURN(const bool is_taken, Exists(out_ / request.name));
    if (is_taken)
      return InvalidError(fmt::format("{} is there already; take another name", (out_ / request.name).string()));
    return request.name;
  }
  const std::vector<std::string>& subjects = request.words.subjects;
  const std::string* const classifier = request.words.Find("classifier");
  const std::string stem = request.words.command == kPredictWord
                               ? StemOf(subjects.back()) + "-" +
                                     Plain(classifier != nullptr ? *classifier : Path(subjects.front()).stem().string())
                               : Plain(Path(subjects.front()).filename().string()) + "-objects";
  for (int number = 1;; ++number) {
    std::string name = number == 1 ? stem : fmt::format("{}-{}", stem, number);
    TEGULA_ASSIGN_OR_RETURN(const bool is_taken, Exists(out_ / name));
    if (!is_taken) return name;
  }
}

Result<RunRow> Runs::Start(const RunRequest& request) {
  const auto run = std::make_shared<Run>();
  run->words = request.words;
  run->words.has_region = !request.region.empty();
  TEGULA_TRY(CheckRunWords(run->words));
  std::string region;
  if (run->words.has_region) {
    TEGULA_ASSIGN_OR_RETURN(region, AnnotationsText(request.region, "the annotation"));
  }
  const std::lock_guard lock(mutex_);
  TEGULA_ASSIGN_OR_RETURN(run->name, FreeName(request));
  run->asked = UtcNow();
  const Path folder = out_ / run->name;
  TEGULA_TRY(commands_.check(ArgumentsOf(run->words, folder, commands_.always)));
  TEGULA_TRY(MakeFolders(folder));
  if (run->words.has_region) TEGULA_TRY(WriteFileWhole(folder / kRegionFile, region));
  TEGULA_TRY(Note(*run, RunStateName(run->state)));
  runs_.push_back(run);
  Changed();
  return RowOf(*run);
}

Result<RunRow> Runs::Stop(const std::string& name, RunState as) {
  const std::lock_guard lock(mutex_);
  TEGULA_ASSIGN_OR_RETURN(const std::shared_ptr<Run> run, Get(name));
  if (run->state == RunState::kRunning) {
    run->wanted = as;
    run->sentence = as == RunState::kPaused ? "pausing when the tiles at work are done"
                                            : "cancelling when the tiles at work are done";
    run->stop.request_stop();
  } else if (run->state == RunState::kQueued || (run->state == RunState::kPaused && as == RunState::kCancelled)) {
    run->state = as;
    run->sentence.clear();
    TEGULA_TRY(Note(*run, RunStateName(as)));
  } else {
    return InvalidError(
        fmt::format("{} is {}; only what runs or waits can be stopped", name, RunStateName(run->state)));
  }
  Changed();
  return RowOf(*run);
}

Result<RunRow> Runs::Pause(const std::string& name) { return Stop(name, RunState::kPaused); }
Result<RunRow> Runs::Cancel(const std::string& name) { return Stop(name, RunState::kCancelled); }

Result<RunRow> Runs::Resume(const std::string& name) {
  const std::lock_guard lock(mutex_);
  TEGULA_ASSIGN_OR_RETURN(const std::shared_ptr<Run> run, Get(name));
  if (run->state != RunState::kPaused && run->state != RunState::kCancelled && run->state != RunState::kFailed)
    return InvalidError(fmt::format("{} is {}; only what was paused, cancelled or has failed can go on", name,
                                    RunStateName(run->state)));
  run->state = RunState::kQueued;
  run->sentence.clear();
  TEGULA_TRY(Note(*run, RunStateName(run->state)));
  runs_.remove(run);
  runs_.push_back(run);  // at the end of the queue
  Changed();
  return RowOf(*run);
}

Status Runs::RemoveFromList(const std::string& name) {
  const std::lock_guard lock(mutex_);
  TEGULA_ASSIGN_OR_RETURN(const std::shared_ptr<Run> run, Get(name));
  if (run->state == RunState::kRunning || run->state == RunState::kQueued)
    return InvalidError(
        fmt::format("{} is {}; cancel it before it is removed from the list", name, RunStateName(run->state)));
  TEGULA_TRY(Note(*run, kRemovedRun));
  runs_.remove(run);
  Changed();
  return Ok();
}

Result<RunOutcome> Runs::Try(const RunWords& words, const RunContext& context) const {
  TEGULA_TRY(CheckRunWords(words));
  TEGULA_ASSIGN_OR_RETURN(const TemporaryFolder folder, TemporaryFolder::Create("tegula-count"));
  // The smallest file of those that a command can be asked for, which wants one.
  RunWords counted = words;
  std::erase_if(counted.options,
                [](const OptionWord& word) { return word.name == "object-files" || word.name == "qupath"; });
  counted.options.push_back({"object-files", "csv"});
  return commands_.run(ArgumentsOf(counted, folder.path() / "objects", {}), context);
}

std::uint64_t Runs::changes() const {
  const std::lock_guard lock(mutex_);
  return changes_;
}

std::uint64_t Runs::WaitForChange(std::uint64_t known) const {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kLongestWait, [&]() { return changes_ != known; });
  return changes_;
}

bool Runs::is_busy() const {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(
      runs_, [](const auto& run) { return run->state == RunState::kQueued || run->state == RunState::kRunning; });
}

void Runs::Work(const std::stop_token& stop) {
  const auto next = [&]() {
    return std::ranges::find_if(runs_, [](const auto& run) { return run->state == RunState::kQueued; });
  };
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, stop, [&]() { return next() != runs_.end(); });
    if (stop.stop_requested()) return;
    const std::shared_ptr<Run> run = *next();
    run->state = RunState::kRunning, run->wanted = RunState::kDone;
    run->progress.reset(), run->notes.clear();
    run->stop = std::stop_source();
    Changed();
    const Status noted = Note(*run, RunStateName(run->state));
    const std::vector<std::string> arguments = ArgumentsOf(run->words, out_ / run->name, commands_.always);
    lock.unlock();
    Meter meter(*this, *run);
    const RunContext context{context_.executor, meter, run->stop.get_token(), context_.limits, context_.offline};
    const Result<RunOutcome> result = [&]() -> Result<RunOutcome> {
      TEGULA_TRY(noted);
      const std::stop_callback with_viewer(stop, [&]() { run->stop.request_stop(); });
      return Guarded("the run", [&]() { return commands_.run(arguments, context); });
    }();
    lock.lock();
    meter.FindWindows();
    Settle(*run, result);
  }
}

void Runs::Settle(Run& run, const Result<RunOutcome>& result) {
  run.progress.reset();
  run.sentence.clear();
  if (result.ok()) {
    run.state = RunState::kDone;
    run.objects = 0;
    for (const RunCount& of_class : result->classes) run.objects += of_class.objects;
    run.notes.insert(run.notes.end(), result->notes.begin(), result->notes.end());
  } else if (result.error().code == Code::kCancelled) {
    const bool was_asked = run.wanted != RunState::kDone;
    run.state = was_asked ? run.wanted : RunState::kPaused;
    if (!was_asked) run.sentence = kCutOff;
  } else {
    run.state = RunState::kFailed;
    run.sentence = ToString(result.error());
  }
  if (const Status noted = Note(run, RunStateName(run.state)); !noted.ok())
    run.notes.push_back(ToString(noted.error()));
  Changed();
}

}  // namespace tegula::app
