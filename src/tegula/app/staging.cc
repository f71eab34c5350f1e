#include "tegula/app/staging.h"

#include <fmt/format.h>

#include <algorithm>

namespace tegula::app {
namespace {
constexpr std::string_view kFolder = ".tegula-partial";
}  // namespace

Result<Staging> Staging::Create(const Path& output, const std::vector<std::string>& names, bool overwrite) {
  std::error_code failed;
  if (std::filesystem::exists(output, failed) && !std::filesystem::is_directory(output, failed))
    return IoError(fmt::format("{} is a file, so no folder of results can be made there", output.string()));
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
  const Path folder = output / kFolder;
  TEGULA_TRY(MakeFolders(output));
  std::filesystem::remove_all(folder, failed);  // of a run that was killed
  TEGULA_TRY(MakeFolders(folder));
  staging.folder_ = folder;
  return staging;
}

Staging::~Staging() {
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
  for (const Path& path : made_) std::filesystem::remove(path, ignored);  // only if empty
}

Status Staging::Commit(const std::vector<std::string>& obsolete) {
  std::error_code failed;
  std::vector<Path> results;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, failed))
    if (entry.path() != scratch()) results.push_back(entry.path());
  if (failed) return IoError(fmt::format("cannot list {}: {}", folder_.string(), failed.message()));
  for (const Path& result : results) TEGULA_TRY(ReplaceFolder(result, output_ / result.filename()));
  for (const std::string& name : obsolete) {
    const bool replaced = std::ranges::find(results, folder_ / name) != results.end();
    if (!replaced) std::filesystem::remove_all(output_ / name, failed);
    if (failed) return IoError(fmt::format("cannot remove {}: {}", (output_ / name).string(), failed.message()));
  }
  std::filesystem::remove_all(folder_, failed);
  made_.clear();
  return Ok();
}

}  // namespace tegula::app
