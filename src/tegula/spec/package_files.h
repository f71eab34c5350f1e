// spec/package_files.h — the files of a package, whether they lie in a folder, in a zip, or come from elsewhere when
// they are asked for.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tegula/core/files.h"
#include "tegula/core/limits.h"
#include "tegula/core/status.h"

namespace tegula::spec {

/// A relative path that stays inside the package, with '/' between its parts. kInvalid; kUnsupported for a URL.
Result<std::string> ConfinedName(const std::string& source);

/// Names are confined (ConfinedName) and relative to the root. One thread at a time.
class PackageFiles {
 public:
  virtual ~PackageFiles() = default;
  /// What the description names as a name here: a relative path as it is. Errors as ConfinedName's.
  virtual Result<std::string> NameOf(const std::string& source) { return ConfinedName(source); }
  /// Names of the files that lie in the root itself.
  virtual Result<std::vector<std::string>> Names() = 0;
  /// Names of all files below a folder ("" for the root), sorted; none if there is no such folder.
  virtual Result<std::vector<std::string>> Below(const std::string& folder) = 0;
  /// Whether OnDisk has nothing to fetch from elsewhere.
  virtual bool IsHere(const std::string&) { return true; }
  /// A path on disk with the file's content; `limit_bytes` bounds what is unpacked.
  virtual Result<Path> OnDisk(const std::string& name, std::int64_t limit_bytes) = 0;
};

/// Files are read where they lie; links that lead out of the folder are refused.
std::unique_ptr<PackageFiles> NewFolderFiles(Path folder);

/// Files are unpacked one by one when they are asked for, into a temporary folder that goes with the object.
/// The root is the archive's, or, if `is_root` refuses the names of the files in it, the first folder whose files it
/// accepts. kInvalid (not a file), kCorrupt (not a zip), kExhausted.
Result<std::unique_ptr<PackageFiles>> OpenZipFiles(const Path& path, const Limits& limits,
                                                   bool (*is_root)(const std::vector<std::string>& names));

}  // namespace tegula::spec
