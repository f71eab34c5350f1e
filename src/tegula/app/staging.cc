#include "tegula/app/staging.h"

#include <fmt/format.h>

#include <algorithm>

#include "tegula/core/text.h"

namespace tegula::app {
namespace {

constexpr std::string_view kFolder = ".tegula-partial";
constexpr std::string_view kKey = ".run-key.json";
constexpr std::string_view kCommit = ".commit";  // what is to be removed, a name a line; everything is complete
constexpr std::int64_t kLargestNote = 1 << 20;

// Moves what is complete to its final name; safe to be done again after it was cut off.
Status MoveResults(const Path& folder, const Path& output, const std::vector<std::string>& obsolete) {
  std::error_code failed;
  std::vector<std::string> results;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failed))
    if (!entry.path().filename().string().starts_with('.')) results.push_back(entry.path().filename().string());
  if (failed) return IoError(fmt::format("cannot list {}: {}", folder.string(), failed.message()));
  for (const std::string& name : obsolete) {
    std::filesystem::remove_all(output / name, failed);
    if (failed) return IoError(fmt::format("cannot remove {}: {}", (output / name).string(), failed.message()));
  }
  for (const std::string& result : results) TEGULA_TRY(ReplaceFolder(folder / result, output / result));
  std::filesystem::remove_all(folder, failed);
  return Ok();
}

Status FinishCommit(const Path& folder, const Path& output) {
  TEGULA_ASSIGN_OR_RETURN(const std::string names, ReadFile(folder / kCommit, kLargestNote));
  std::vector<std::string> obsolete;
  for (const std::string& name : Split(names, '\n'))
    // Only plain names: whoever can write this file is not to remove something elsewhere by it.
    if (!name.empty() && name.find('/') == std::string::npos && !name.starts_with('.')) obsolete.push_back(name);
  return MoveResults(folder, output, obsolete);
}

}  // namespace

std::optional<RunKey> Staging::CutOffIn(const Path& output) {
  const Result<std::string> text = ReadFile(output / kFolder / kKey, kLargestNote);
  const Result<RunKey> key = text.ok() ? RunKey::FromJson(*text) : text.error();
  return key.ok() ? std::optional(*key) : std::nullopt;
}

Result<Staging> Staging::Open(const Path& output, const std::vector<std::string>& names, bool overwrite,
                              const RunKey& key) {
  std::error_code failed;
  if (std::filesystem::exists(output, failed) && !std::filesystem::is_directory(output, failed))
    return IoError(fmt::format("{} is a file, so no folder of results can be made there", output.string()));
  const Path folder = output / kFolder;
  if (std::filesystem::exists(folder / kCommit, failed)) TEGULA_TRY(FinishCommit(folder, output));
  for (const std::string& name : names)
    if (!overwrite && std::filesystem::exists(output / name, failed))
      return InvalidError(
          fmt::format("{} is there already; name another folder or give --overwrite", (output / name).string()));
  Staging staging;
  staging.output_ = output;
  for (Path path = output; !path.empty() && !std::filesystem::exists(path, failed); path = path.parent_path()) {
    staging.made_.push_back(path);
    if (path == path.parent_path()) break;
  }
  TEGULA_TRY(MakeFolders(output));
  if (std::filesystem::exists(folder / kKey, failed) && !overwrite) {
    TEGULA_ASSIGN_OR_RETURN(const std::string text, ReadFile(folder / kKey, kLargestNote));
    TEGULA_ASSIGN_OR_RETURN(const RunKey was, RunKey::FromJson(text).Context((folder / kKey).string()));
    const std::vector<std::string> differences = key.DifferencesTo(was);
    if (!differences.empty())
      return InvalidError(fmt::format("another run was cut off in {}: {}; give --overwrite to discard it",
                                      output.string(), fmt::join(differences, "; ")));
    staging.is_continued_ = staging.is_kept_ = true;
  } else {
    std::filesystem::remove_all(folder, failed);
    TEGULA_TRY(MakeFolders(folder));
    staging.folder_ = folder;
    TEGULA_TRY(WriteFileWhole(folder / kKey, key.ToJson()));
  }
  staging.folder_ = folder;
  return staging;
}

Staging::~Staging() {
  if (is_kept_) return;
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
  for (const Path& path : made_) std::filesystem::remove(path, ignored);  // only if empty
}

Status Staging::Commit(const std::vector<std::string>& obsolete) {
  std::error_code failed;
  std::vector<std::string> removed = obsolete;
  std::erase_if(removed, [&](const std::string& name) { return std::filesystem::exists(folder_ / name, failed); });
  TEGULA_TRY(WriteFileWhole(folder_ / kCommit, fmt::format("{}\n", fmt::join(removed, "\n"))));
  is_kept_ = true;
  TEGULA_TRY(MoveResults(folder_, output_, removed));
  made_.clear();
  return Ok();
}

}  // namespace tegula::app
