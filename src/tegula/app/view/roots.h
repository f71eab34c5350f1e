// app/view/roots.h — the folders that a viewer may show, and nothing beside them.
//
// Whoever talks to the viewer names files as ROOT/folder/file, where ROOT is the short name of a folder that the viewer
// was given. Names are resolved with all links followed, and what then lies outside its root is not there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/files.h"

namespace tegula::app {

/// kRun is a folder with objects of a run, kObjects a file of objects.
enum class EntryKind : std::uint8_t { kFolder, kRun, kImage, kModel, kObjects, kOther };
std::string_view EntryKindName(EntryKind kind);

struct FolderEntry {
  std::string name;
  std::string path;  ///< as Resolve takes it
  EntryKind kind = EntryKind::kOther;
  std::int64_t bytes = 0;  ///< of files
};

struct FolderListing {
  std::vector<FolderEntry> entries;  ///< folders first, then by name
  std::size_t left_out = 0;          ///< how many there are beyond kMostEntries
};

/// Immutable and thread-safe.
class ViewRoots {
 public:
  static constexpr std::size_t kMostEntries = 5000;

  /// `folders` become roots, named after themselves; equal names are numbered. `exact` are names that may be used as
  /// they stand: an address, a synthetic image, a model's id. kNotFound for a folder that is not there.
  static Result<ViewRoots> Open(const std::vector<Path>& folders, std::vector<std::string> exact);

  /// The path that a name means. kNotFound for all that is not below a root, or not there: the two are not told apart.
  Result<std::string> Resolve(std::string_view name) const;
  /// How Resolve would be asked for a path; empty if it lies below no root.
  std::string NameOf(const Path& path) const;
  /// What is in a folder; the roots themselves for an empty name. Names that begin with a dot are left out, and links
  /// that lead out of the root. kNotFound; kInvalid for what is no folder.
  Result<FolderListing> List(std::string_view name) const;
  std::vector<std::string> names() const;

 private:
  struct Root {
    std::string name;
    Path folder;  // canonical
  };
  const Root* Find(std::string_view name) const;
  std::vector<Root> roots_;
  std::vector<std::string> exact_;
};

}  // namespace tegula::app
