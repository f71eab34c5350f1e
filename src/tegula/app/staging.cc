#include "tegula/app/staging.h"

#include <fmt/format.h>

#include <algorithm>

#include "tegula/core/folders.h"
#include "tegula/core/text.h"
#include "tegula/outputs/run_record.h"

namespace tegula::app {
namespace {

constexpr std::string_view kFolder = ".tegula-partial";
constexpr std::string_view kLock = ".tegula-lock";
constexpr std::string_view kKey = ".run-key.json";
constexpr std::string_view kCommit = ".commit";  // what is to be removed, a name a line; everything is complete
constexpr std::int64_t kLargestNote = 1 << 20;

// The only one at work in a folder; nothing where the file system has no locks.
Result<std::optional<TemporaryLock>> Lock(const Path& output) {
  Result<std::optional<TemporaryLock>> lock = TemporaryLock::Try(output / kLock);
  if (!lock.ok() && lock.error().code == Code::kUnsupported) return std::optional<TemporaryLock>();
  if (lock.ok() && !*lock)
    return IoError(fmt::format(
        "another process is making results in {}; wait until it has ended, or name another folder", output.string()));
  return lock;
}

// What is to be moved, the record last.
Result<std::vector<std::string>> ResultsIn(const Path& folder) {
  TEGULA_ASSIGN_OR_RETURN(std::vector<std::string> results, NamesIn(folder));
  std::erase_if(results, [](const std::string& name) { return name.starts_with('.'); });
  std::stable_partition(results.begin(), results.end(),
                        [](const std::string& name) { return name != outputs::kRunRecordName; });
  return results;
}

// Removes what was needed on the way. The note goes last: as long as it is there the next run knows that the rest is
// worth nothing, so an error is none of this run's results.
Status CleanUp(const Path& folder) {
  TEGULA_ASSIGN_OR_RETURN(const std::vector<std::string> names, NamesIn(folder));
  for (const std::string& name : names)
    if (name != kCommit) TEGULA_TRY(Remove(folder / name));
  return Remove(folder);
}

// Moves what is complete to its final name; safe to be done again after it was cut off.
Status MoveResults(const Path& folder, const Path& output, const std::vector<std::string>& obsolete) {
  TEGULA_ASSIGN_OR_RETURN(const std::vector<std::string> results, ResultsIn(folder));
  if (!results.empty()) {  // otherwise only the end of it was cut off
    if (results.size() > 1) TEGULA_TRY(Remove(output / outputs::kRunRecordName));
    for (const std::string& name : obsolete) TEGULA_TRY(Remove(output / name));
    for (const std::string& result : results) TEGULA_TRY(Replace(folder / result, output / result));
    TEGULA_TRY(Sync(output));
  }
  (void)CleanUp(folder);
  return Ok();
}

Status FinishCommit(const Path& folder, const Path& output) {
  TEGULA_ASSIGN_OR_RETURN(const bool is_complete, Exists(folder / kCommit));
  if (!is_complete) {
    TEGULA_ASSIGN_OR_RETURN(const bool is_run, Exists(folder / kKey));
    return is_run ? Ok() : Remove(folder);  // what a run left that did not come far, or all but ended
  }
  TEGULA_ASSIGN_OR_RETURN(const std::string names, ReadFile(folder / kCommit, kLargestNote));
  std::vector<std::string> obsolete;
  for (const std::string& name : Split(names, '\n'))
    // Only plain names: whoever can write this file is not to remove something elsewhere by it.
    if (!name.empty() && name.find('/') == std::string::npos && !name.starts_with('.')) obsolete.push_back(name);
  return MoveResults(folder, output, obsolete);
}

}  // namespace

Result<std::optional<RunKey>> Staging::CutOffIn(const Path& output) {
  const Result<std::string> text = ReadFile(output / kFolder / kKey, kLargestNote);
  if (!text.ok() && text.error().code == Code::kIo) return text.error();
  const Result<RunKey> key = text.ok() ? RunKey::FromJson(*text) : text.error();
  return key.ok() ? std::optional(*key) : std::nullopt;
}

Status Staging::FinishCutOff(const Path& output) {
  TEGULA_ASSIGN_OR_RETURN(const bool is_cut_off, Exists(output / kFolder));
  TEGULA_ASSIGN_OR_RETURN(const bool was_locked, Exists(output / kLock));
  if (!is_cut_off && !was_locked) return Ok();
  TEGULA_ASSIGN_OR_RETURN(const std::optional<TemporaryLock> lock, Lock(output));
  return FinishCommit(output / kFolder, output);
}

Result<Staging> Staging::Open(const Path& output, const std::vector<std::string>& names, bool overwrite,
                              const RunKey& key) {
  Staging staging;
  staging.output_ = output;
  for (Path path = output; !path.empty(); path = path.parent_path()) {
    TEGULA_ASSIGN_OR_RETURN(const std::filesystem::file_type type, TypeOf(path));
    if (type != std::filesystem::file_type::not_found && type != std::filesystem::file_type::directory)
      return IoError(fmt::format("{} is a file, so no folder of results can be made there", path.string()));
    if (type == std::filesystem::file_type::directory || path == path.parent_path()) break;
    staging.made_.push_back(path);
  }
  TEGULA_TRY(MakeFolders(output));
  TEGULA_ASSIGN_OR_RETURN(std::optional<TemporaryLock> lock, Lock(output));
  if (lock) staging.lock_.emplace(std::move(*lock));
  const Path folder = output / kFolder;
  TEGULA_TRY(FinishCommit(folder, output));
  for (const std::string& name : names) {
    TEGULA_ASSIGN_OR_RETURN(const bool exists, Exists(output / name));
    if (exists && !overwrite)
      return InvalidError(
          fmt::format("{} is there already; name another folder or give --overwrite", (output / name).string()));
  }
  TEGULA_ASSIGN_OR_RETURN(const bool was_cut_off, Exists(folder / kKey));
  if (was_cut_off && !overwrite) {
    TEGULA_ASSIGN_OR_RETURN(const std::string text, ReadFile(folder / kKey, kLargestNote));
    TEGULA_ASSIGN_OR_RETURN(const RunKey was, RunKey::FromJson(text).Context((folder / kKey).string()));
    const std::vector<std::string> differences = key.DifferencesTo(was);
    if (!differences.empty())
      return InvalidError(fmt::format("another run was cut off in {}: {}; give --overwrite to discard it",
                                      output.string(), fmt::join(differences, "; ")));
    TEGULA_TRY(RemoveLeftovers(folder));
    staging.is_continued_ = staging.is_kept_ = true;
  } else {
    TEGULA_TRY(Remove(folder));
    staging.folder_ = folder;
    TEGULA_TRY(MakeFolders(folder));
    TEGULA_TRY(WriteFileWhole(folder / kKey, key.ToJson()));
  }
  staging.folder_ = folder;
  return staging;
}

Staging::~Staging() {
  if (is_kept_) return;
  if (!folder_.empty()) (void)Remove(folder_);
  lock_.reset();
  std::error_code ignored;
  for (const Path& path : made_) std::filesystem::remove(path, ignored);  // only if empty
}

Status Staging::Commit(const std::vector<std::string>& obsolete) {
  TEGULA_ASSIGN_OR_RETURN(const std::vector<std::string> results, ResultsIn(folder_));
  for (const std::string& name : results) {
    TEGULA_ASSIGN_OR_RETURN(const std::filesystem::file_type type, TypeOf(folder_ / name));
    if (type == std::filesystem::file_type::directory) TEGULA_TRY(SyncFolders(folder_ / name));
  }
  std::vector<std::string> removed;
  for (const std::string& name : obsolete) {
    TEGULA_ASSIGN_OR_RETURN(const bool is_replaced, Exists(folder_ / name));
    if (!is_replaced) removed.push_back(name);
  }
  TEGULA_TRY(WriteFileWhole(folder_ / kCommit, fmt::format("{}\n", fmt::join(removed, "\n"))));
  is_kept_ = true;
  TEGULA_TRY(Sync(folder_));
  TEGULA_TRY(MoveResults(folder_, output_, removed));
  made_.clear();
  return Ok();
}

}  // namespace tegula::app
