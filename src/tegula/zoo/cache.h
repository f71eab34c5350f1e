// zoo/cache.h — where fetched models are kept: every content once, under its sha256, and models as folders of links.
//
//   files/ab/abcd...        contents by sha256
//   models/SHA256/          one package for each description, by its sha256: rdf.yaml and the files that were needed
//   models/SHA256/.tegula/  where it came from (about.json), the sums of its files, whether its licence was shown
//   references/SHA256       for each name that was asked for (by its sha256) where it led
//   incoming/               what is on its way, by the sha256 of its address
//   *.json                  the collection's index and catalogue
//   lock, locks/            locks of processes
//   choices/, converted/, networks/ are what other modules made of models; it can be made again
//
// Files appear under these names only when they are whole. A folder in models/ is a package that any other program
// reads too.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/file_lock.h"
#include "tegula/core/files.h"
#include "tegula/core/limits.h"
#include "tegula/core/status.h"

namespace tegula::zoo {

/// Where a model came from, and what was known of it then.
struct About {
  std::string reference;      ///< as ToString(Address) has it, with the version
  std::string version;        ///< of the collection's index; empty for others
  std::string source;         ///< the address of the description or zip
  std::string before, after;  ///< of its files, as in Remote
  std::string fetched;        ///< UTC, ISO 8601
  std::string name, license;
  bool is_zip = false;  ///< the package is one file, package.zip
  bool deprecated = false;
  std::string report_tool, report_status, report_problem;  ///< as in CollectionReport
};

/// A description that a name led to: several names, of several places, may lead to one.
struct Remembered {
  std::string sha256;
  About about;
};

/// Only paths and small files; immutable and thread-safe. Several processes may use one cache at once.
class Cache {
 public:
  /// TEGULA_CACHE, or `tegula` in the user's cache folder. kNotFound if there is neither, kIo if it cannot be made.
  static Result<Cache> Open();
  static Result<Cache> At(const Path& root);

  const Path& root() const noexcept { return root_; }
  Path index() const { return root_ / "index.json"; }
  Path catalogue() const { return root_ / "catalogue.json"; }
  Path models() const { return root_ / "models"; }
  Path contents() const { return root_ / "files"; }
  /// `sha256` must be one; of text from elsewhere IsSha256 says so.
  Path Content(std::string_view sha256) const;
  Path Model(std::string_view sha256) const { return models() / sha256; }
  /// Where something from this address arrives; a further ending may follow.
  Path Incoming(std::string_view url) const;

  /// Held while models are used (shared) or removed (exclusive).
  Result<FileLock> Use(const std::stop_token& stop) const;
  /// kIo if another process uses the cache: it says to try again later.
  Result<FileLock> OwnAlone() const;
  /// Held while something comes from this address.
  Path LockOf(std::string_view url) const;

  /// The content is there and is what its name says. Reads all of it.
  bool Holds(std::string_view sha256) const;
  /// Moves a file whose sha256 is known to its place.
  Status Adopt(const Path& file, std::string_view sha256) const;
  /// Makes `path` the same file as a content, or a copy where the file system has no links. Replaces what is there.
  Status Link(std::string_view sha256, const Path& path) const;

  /// What a name led to when it was last asked for; nothing if it was never, or the model is gone.
  std::optional<Remembered> Recall(std::string_view reference) const;
  Status Remember(std::string_view reference, const Remembered& remembered) const;

  /// Of the package in a folder of models(), as it was when the folder was made. kNotFound, kCorrupt.
  Result<About> ReadAbout(std::string_view sha256) const;
  Status WriteAbout(std::string_view sha256, const About& about) const;
  /// The sha256 that a file of a package had when it came; nothing if it is not there.
  std::optional<std::string> Sum(std::string_view model_sha256, std::string_view name) const;
  Status WriteSum(std::string_view model_sha256, std::string_view name, std::string_view sha256) const;
  Path Sums(std::string_view model_sha256) const { return Model(model_sha256) / ".tegula" / "sums"; }
  /// Remembers the moment as the last use of a model.
  void Touch(std::string_view model_sha256) const;
  /// True once for each model: then its licence is to be shown.
  bool FirstUse(std::string_view model_sha256) const;

 private:
  explicit Cache(Path root) : root_(std::move(root)) {}
  Path AboutPath(std::string_view sha256) const { return Model(sha256) / ".tegula" / "about.json"; }
  Path root_;
};

bool IsSha256(std::string_view text);

/// A file of this content in the cache of bioimageio.core (BIOIMAGEIO_CACHE_PATH, or `bioimageio` in the user's cache
/// folder), whose names end in the sha256; whether it still has that content is for the caller to check.
std::optional<Path> FindInCoreCache(std::string_view sha256);

}  // namespace tegula::zoo
