// zoo/index.h — what a collection publishes about itself: its index, the lists of files, the reports of its tests.
//
// All of it comes from the network: ids, versions and sums are checked character by character before anything is made
// of them, and what is not understood is left out rather than guessed.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/limits.h"
#include "tegula/core/status.h"

namespace tegula::zoo {

struct IndexVersion {
  std::string version;     ///< "v0"
  std::string sha256;      ///< of its description
  std::string created_at;  ///< as written
};

struct IndexItem {
  std::string name;                    ///< the id without "bioimage-io/"
  std::vector<IndexVersion> versions;  ///< oldest first, at least one
  bool deprecated = false;
};

/// The models of a collection. A value type.
struct Index {
  std::string timestamp;  ///< as written; when the collection made it
  std::vector<IndexItem> models;

  const IndexItem* Find(std::string_view name) const;
  /// Ids that are spelled nearly so, at most three.
  std::vector<std::string> Near(std::string_view name) const;
};

/// kCorrupt for text that is no index, kExhausted beyond the limits. Items that are no models, and those without a
/// usable id, version or sha256, are left out.
Result<Index> ParseIndex(std::string_view text, const Limits& limits);

/// Sizes in bytes by file name; empty for text that is no such list, such as a server's page for a folder.
std::map<std::string, std::int64_t> ParseFileList(std::string_view text);

/// What the collection's newest test with the reference software said.
struct CollectionReport {
  std::string tool;     ///< "bioimageio.core 0.11.0"; empty if there is no such test
  std::string status;   ///< "passed", "failed", "valid-format", ...
  std::string problem;  ///< the first error it names, one line; may be empty
  bool failed() const { return status == "failed"; }
};
/// kCorrupt for text that is no report.
Result<CollectionReport> ParseReport(std::string_view text);

}  // namespace tegula::zoo
