// app/staging.h — results that appear under their names only when all of them are complete.
#pragma once

#include <string>
#include <vector>

#include "tegula/core/files.h"
#include "tegula/core/status.h"

namespace tegula::app {

/// A folder inside the output folder in which results are made. Destroyed without Commit it goes with all it holds, and
/// so do the output folders that were made for it. One thread at a time.
class Staging {
 public:
  /// Makes `output` and the folder in it. kIo if that cannot be done; kInvalid if one of `names` is there already and
  /// `overwrite` is false.
  static Result<Staging> Create(const Path& output, const std::vector<std::string>& names, bool overwrite);
  Staging(Staging&& other) noexcept = default;
  Staging& operator=(Staging&&) = delete;
  ~Staging();

  const Path& folder() const noexcept { return folder_; }
  /// For what is needed on the way only: never moved, removed after everything else has its name.
  Path scratch() const { return folder_ / ".scratch"; }
  /// Moves everything to its final name, replacing what was there. What is there under one of the names `obsolete` and
  /// is not replaced is removed: it would be taken for a result of this run.
  Status Commit(const std::vector<std::string>& obsolete = {});

 private:
  Staging() = default;
  Path output_;
  Path folder_;
  std::vector<Path> made_;  ///< folders that did not exist before, innermost first
};

}  // namespace tegula::app
