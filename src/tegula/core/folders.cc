#include "tegula/core/folders.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>

#include "tegula/core/file_calls.h"
#include "tegula/core/system_error.h"

namespace tegula {
namespace {

namespace fs = std::filesystem;

// Calls visit(entry) for everything below a folder.
template <class F>
Status Walk(const Path& folder, F&& visit) {
  std::error_code failed;
  for (fs::recursive_directory_iterator entry(folder, failed), end; !failed && entry != end; entry.increment(failed))
    TEGULA_TRY(visit(*entry));
  if (failed) return SystemError("list", folder, failed);
  return Ok();
}

Status Rename(const Path& from, const Path& to) {
  std::error_code failed;
  fs::rename(from, to, failed);
  if (failed) return SystemError("rename " + from.string() + " to", to, failed);
  return Ok();
}

}  // namespace

Result<fs::file_type> TypeOf(const Path& path) {
  std::error_code failed;
  const fs::file_type type = fs::status(path, failed).type();
  if (type == fs::file_type::none) return SystemError("look at", path, failed);
  return type;
}

Result<bool> Exists(const Path& path) {
  TEGULA_ASSIGN_OR_RETURN(const fs::file_type type, TypeOf(path));
  return type != fs::file_type::not_found;
}

Result<std::vector<std::string>> NamesIn(const Path& folder) {
  std::error_code failed;
  std::vector<std::string> names;
  for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end; entry.increment(failed))
    names.push_back(entry->path().filename().string());
  if (failed) return SystemError("list", folder, failed);
  std::sort(names.begin(), names.end());
  return names;
}

Status Remove(const Path& path) {
  std::error_code failed;
  fs::remove_all(path, failed);
  if (failed) return SystemError("remove", path, failed);
  return Ok();
}

Status RemoveLeftovers(const Path& folder) {
  std::vector<Path> leftovers;
  const auto look = [&](const fs::directory_entry& entry) -> Status {
    const std::string name = entry.path().filename().string();
    if (name.starts_with('.') && name.ends_with(kTemporarySuffix)) leftovers.push_back(entry.path());
    return Ok();
  };
  TEGULA_TRY(Walk(folder, look));
  for (const Path& leftover : leftovers) TEGULA_TRY(Remove(leftover));
  return Ok();
}

Status Replace(const Path& from, const Path& to) {
  std::error_code failed;
  const fs::file_status there = fs::symlink_status(to, failed);
  if (there.type() == fs::file_type::none) return SystemError("look at", to, failed);
  if (there.type() == fs::file_type::not_found) return Rename(from, to);
  const bool is_folder = fs::symlink_status(from, failed).type() == fs::file_type::directory;
  if (!is_folder && there.type() != fs::file_type::directory) return Rename(from, to);
  const Path old = TemporaryName(from.parent_path(), to);
  TEGULA_TRY(Rename(to, old));
  Status renamed = Rename(from, to);
  if (!renamed.ok()) {
    (void)Rename(old, to);
    return renamed;
  }
  (void)Remove(old);
  return Ok();
}

Status CopyFolderWhole(const Path& from, const Path& to) {
  TEGULA_TRY(MakeFolders(to.parent_path()));
  const Path copy = TemporaryName(to.parent_path(), to);
  std::error_code failed;
  fs::copy(from, copy, fs::copy_options::recursive, failed);
  Status copied = failed ? Status(SystemError("copy " + from.string() + " to", to, failed))
                         : Walk(copy, [](const fs::directory_entry& entry) { return Sync(entry.path()); });
  if (copied.ok()) copied = Replace(copy, to);
  if (!copied.ok()) (void)Remove(copy);
  return copied;
}

Status Sync(const Path& file_or_folder) {
  const int descriptor = Uninterrupted([&] { return ::open(file_or_folder.c_str(), O_RDONLY | O_CLOEXEC); });
  if (descriptor < 0) return SystemError("open", file_or_folder, errno);
  Status synced = Synchronise(descriptor, file_or_folder);
  ::close(descriptor);
  return synced;
}

Status SyncFolders(const Path& folder) {
  TEGULA_TRY(Sync(folder));
  return Walk(folder, [](const fs::directory_entry& entry) -> Status {
    std::error_code failed;
    const bool is_folder = !entry.is_symlink(failed) && !failed && entry.is_directory(failed);
    if (failed) return SystemError("look at", entry.path(), failed);
    return is_folder ? Sync(entry.path()) : Ok();
  });
}

}  // namespace tegula
