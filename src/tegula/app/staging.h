// app/staging.h — results that appear under their names only when all of them are complete, and work that is continued
// after it was cut off.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tegula/app/run_key.h"
#include "tegula/core/file_lock.h"
#include "tegula/core/files.h"
#include "tegula/core/status.h"

namespace tegula::app {

/// A folder inside the output folder in which results are made. While it exists no other process makes results there.
/// Destroyed without Keep or Commit it goes with all it holds, and so do the output folders that were made for it. One
/// thread at a time.
class Staging {
 public:
  /// Makes `output` and the folder in it, or opens the one that a run with the same key has left. A commit that was cut
  /// off is finished first. kIo if the folders cannot be made or another process makes results there; kInvalid if one
  /// of `names` is there already and `overwrite` is false, or if a run with another key was cut off here (the sentence
  /// says what differs). With `overwrite` such a run is thrown away.
  static Result<Staging> Open(const Path& output, const std::vector<std::string>& names, bool overwrite,
                              const RunKey& key);
  /// Finishes a commit that was cut off in `output` and removes what is of no use to a next run; ok if there is none.
  /// kIo, also if another process is at work there.
  static Status FinishCutOff(const Path& output);
  /// The key of the run that was cut off in `output`; nothing if there is none or it says nothing. kIo.
  static Result<std::optional<RunKey>> CutOffIn(const Path& output);
  Staging(Staging&& other) noexcept = default;
  Staging& operator=(Staging&&) = delete;
  ~Staging();

  const Path& folder() const noexcept { return folder_; }
  /// For what is needed on the way only: never moved, removed after everything else has its name.
  Path scratch() const { return folder_ / ".scratch"; }
  /// Whether a run goes on here.
  bool is_continued() const noexcept { return is_continued_; }
  /// False on a file system without locks, where nothing keeps another process out.
  bool is_locked() const noexcept { return lock_.has_value(); }
  /// From now on the folder stays if it is not committed, so that the same command goes on.
  void Keep() noexcept { is_kept_ = true; }
  /// The work is worth nothing: it goes, also if it was kept.
  void Discard() noexcept { is_kept_ = false; }
  bool is_kept() const noexcept { return is_kept_; }
  /// Waits until the disk has everything, then moves it to its final name, replacing what was there. The run record is
  /// the first to go and the last to come, so where there is one the rest belongs to it. What is there under one of the
  /// names `obsolete` and is not replaced is removed: it would be taken for a result of this run. Cut off, it is
  /// finished by the next Open. kIo or kExhausted.
  Status Commit(const std::vector<std::string>& obsolete = {});

 private:
  Staging() = default;
  Path output_;
  Path folder_;
  std::optional<TemporaryLock> lock_;
  bool is_continued_ = false;
  bool is_kept_ = false;
  std::vector<Path> made_;  ///< folders that did not exist before, innermost first
};

}  // namespace tegula::app
