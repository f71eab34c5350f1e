#include "tegula/app/view/roots.h"

#include <fmt/format.h>

#include <algorithm>

#include "tegula/app/object_request.h"
#include "tegula/core/folders.h"
#include "tegula/core/system_error.h"
#include "tegula/core/text.h"
#include "tegula/image/recognise.h"

namespace tegula::app {
namespace {

namespace fs = std::filesystem;

bool IsBelow(const Path& path, const Path& folder) {
  const auto [in_folder, in_path] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return in_folder == folder.end();
}

EntryKind KindOf(const Path& path, bool is_folder) {
  if (image::LooksLikeImage(path.string())) return EntryKind::kImage;
  const std::string extension = ToLower(path.extension().string());
  if (!is_folder)
    return extension == ".zip" ? EntryKind::kModel : extension == ".geojson" ? EntryKind::kObjects : EntryKind::kOther;
  std::error_code ignored;
  for (const char* description : {"rdf.yaml", "bioimageio.yaml"})
    if (fs::exists(path / description, ignored)) return EntryKind::kModel;
  if (fs::exists(path / NameOf(ObjectFile::kGeoJson), ignored)) return EntryKind::kRun;
  return EntryKind::kFolder;
}

Error NotThere(std::string_view name) {
  return NotFoundError(fmt::format("there is no '{}' in the folders that this viewer was given", name));
}

}  // namespace

std::string_view EntryKindName(EntryKind kind) {
  switch (kind) {
    case EntryKind::kFolder: return "folder";
    case EntryKind::kRun: return "run";
    case EntryKind::kImage: return "image";
    case EntryKind::kModel: return "model";
    case EntryKind::kObjects: return "objects";
    case EntryKind::kOther: return "other";
  }
  return "other";
}

Result<ViewRoots> ViewRoots::Open(const std::vector<Path>& folders, std::vector<std::string> exact) {
  ViewRoots roots;
  roots.exact_ = std::move(exact);
  for (const Path& folder : folders) {
    std::error_code failed;
    const Path canonical = fs::canonical(folder, failed);
    if (failed) return SystemError("open folder", folder, failed);
    if (!fs::is_directory(canonical, failed)) return InvalidError(fmt::format("{} is no folder", folder.string()));
    const std::string stem = canonical.has_filename() ? canonical.filename().string() : "files";
    std::string name = stem;
    for (int n = 2; roots.Find(name) != nullptr; ++n) name = fmt::format("{}-{}", stem, n);
    roots.roots_.push_back({std::move(name), canonical});
  }
  return roots;
}

const ViewRoots::Root* ViewRoots::Find(std::string_view name) const {
  const auto found = std::find_if(roots_.begin(), roots_.end(), [&](const Root& root) { return root.name == name; });
  return found == roots_.end() ? nullptr : &*found;
}

Result<std::string> ViewRoots::Resolve(std::string_view name) const {
  if (std::find(exact_.begin(), exact_.end(), name) != exact_.end()) return std::string(name);
  if (name.find('\0') != std::string_view::npos) return NotThere("a name with a zero in it");
  const std::size_t slash = name.find('/');
  const Root* const root = Find(name.substr(0, slash));
  if (root == nullptr) return NotThere(name);
  if (slash == std::string_view::npos) return root->folder.string();
  // Refused before the file system is asked: what lies outside must not even be looked at.
  const Path relative{std::string(name.substr(slash + 1))};
  if (relative.is_absolute() || std::find(relative.begin(), relative.end(), "..") != relative.end())
    return NotThere(name);
  std::error_code failed;
  const Path canonical = fs::canonical(root->folder / relative, failed);
  if (failed || !IsBelow(canonical, root->folder)) return NotThere(name);
  return canonical.string();
}

std::string ViewRoots::NameOf(const Path& path) const {
  std::error_code failed;
  const Path canonical = fs::canonical(path, failed);
  if (failed) return {};
  for (const Root& root : roots_)
    if (IsBelow(canonical, root.folder))
      return canonical == root.folder ? root.name
                                      : root.name + "/" + canonical.lexically_relative(root.folder).string();
  return {};
}

Result<FolderListing> ViewRoots::List(std::string_view name) const {
  FolderListing listing;
  if (name.empty()) {
    for (const Root& root : roots_) listing.entries.push_back({root.name, root.name, EntryKind::kFolder, 0});
    return listing;
  }
  TEGULA_ASSIGN_OR_RETURN(const std::string folder, Resolve(name));
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) return InvalidError(fmt::format("{} is no folder", name));
  TEGULA_ASSIGN_OR_RETURN(const std::vector<std::string> names, NamesIn(folder));
  for (const std::string& child : names) {
    if (child.starts_with('.')) continue;
    const std::string path = fmt::format("{}/{}", name, child);
    const Result<std::string> resolved = Resolve(path);
    if (!resolved.ok()) continue;
    if (listing.entries.size() == kMostEntries) {
      ++listing.left_out;
      continue;
    }
    const bool is_folder = fs::is_directory(*resolved, ignored);
    std::error_code no_size;
    const auto bytes = is_folder ? 0 : static_cast<std::int64_t>(fs::file_size(*resolved, no_size));
    listing.entries.push_back({child, path, KindOf(*resolved, is_folder), no_size ? 0 : bytes});
  }
  std::stable_partition(listing.entries.begin(), listing.entries.end(), [](const FolderEntry& entry) {
    return entry.kind == EntryKind::kFolder || entry.kind == EntryKind::kRun;
  });
  return listing;
}

std::vector<std::string> ViewRoots::names() const {
  std::vector<std::string> names;
  for (const Root& root : roots_) names.push_back(root.name);
  return names;
}

}  // namespace tegula::app
