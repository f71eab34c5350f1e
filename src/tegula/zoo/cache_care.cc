#include "tegula/zoo/cache_care.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>

#include "tegula/core/folders.h"
#include "tegula/zoo/catalogue.h"

namespace tegula::zoo {
namespace {

namespace fs = std::filesystem;

// Calls `visit` with every regular file below `folder`.
void ForEachFile(const Path& folder, FunctionRef<void(const fs::directory_entry&)> visit) {
  std::error_code failed, ignored;
  for (fs::recursive_directory_iterator entry(folder, failed), end; !failed && entry != end; entry.increment(failed))
    if (entry->is_regular_file(ignored)) visit(*entry);
}

std::int64_t SizeOf(const Path& path) {
  std::error_code failed;
  const std::uintmax_t size = fs::file_size(path, failed);
  return failed ? 0 : static_cast<std::int64_t>(size);
}

std::int64_t SecondsSince(const Path& path) {
  std::error_code failed;
  const fs::file_time_type then = fs::last_write_time(path, failed);
  if (failed) return 0;
  return std::chrono::duration_cast<std::chrono::seconds>(fs::file_time_type::clock::now() - then).count();
}

std::vector<std::string> FilesOf(const Cache& cache, const std::string& model) {
  std::vector<std::string> names;
  ForEachFile(cache.Sums(model), [&](const fs::directory_entry& entry) {
    names.push_back(entry.path().lexically_relative(cache.Sums(model)).generic_string());
  });
  std::sort(names.begin(), names.end());
  return names;
}

// Contents that no model links to and the catalogue does not name.
void RemoveUnused(const Cache& cache, const Limits& limits) {
  std::set<std::string> kept;
  if (const Result<std::string> text = ReadFile(cache.catalogue(), limits.index_bytes); text.ok())
    if (const Result<Catalogue> catalogue = CatalogueFromJson(*text, limits); catalogue.ok())
      for (const CatalogueEntry& entry : catalogue->models) kept.insert(entry.sha256);
  std::vector<Path> unused;
  ForEachFile(cache.contents(), [&](const fs::directory_entry& entry) {
    std::error_code ignored;
    if (entry.hard_link_count(ignored) <= 1 && kept.count(entry.path().filename().string()) == 0)
      unused.push_back(entry.path());
  });
  std::error_code ignored;
  for (const Path& path : unused) fs::remove(path, ignored);
}

// What is made of models here, and can be made again.
constexpr const char* kMadeHere[] = {"networks", "choices", "fields", "converted"};

}  // namespace

std::vector<CachedModel> ListModels(const Cache& cache) {
  std::vector<CachedModel> models;
  std::error_code failed;
  for (fs::directory_iterator entry(cache.models(), failed), end; !failed && entry != end; entry.increment(failed)) {
    CachedModel model;
    model.sha256 = entry->path().filename().string();
    if (!IsSha256(model.sha256)) continue;
    Result<About> about = cache.ReadAbout(model.sha256);
    if (!about.ok()) continue;
    model.about = std::move(*about);
    model.files = FilesOf(cache, model.sha256);
    for (const std::string& name : model.files) model.bytes += SizeOf(entry->path() / name);
    model.idle_seconds = SecondsSince(entry->path() / ".tegula" / "about.json");
    models.push_back(std::move(model));
  }
  std::sort(models.begin(), models.end(), [](const CachedModel& a, const CachedModel& b) {
    return a.idle_seconds != b.idle_seconds ? a.idle_seconds < b.idle_seconds : a.about.reference < b.about.reference;
  });
  return models;
}

std::int64_t TotalBytes(const Cache& cache) {
  std::int64_t bytes = 0, linked = 0;
  ForEachFile(cache.root(), [&](const fs::directory_entry& entry) { bytes += SizeOf(entry.path()); });
  ForEachFile(cache.models(), [&](const fs::directory_entry& entry) {
    std::error_code ignored;
    if (entry.hard_link_count(ignored) > 1) linked += SizeOf(entry.path());
  });
  return bytes - linked;
}

Result<VerifiedCache> Verify(const Cache& cache, const RunContext& context) {
  std::multimap<std::string, std::string> used_by;
  std::multimap<std::string, Path> links;
  for (const CachedModel& model : ListModels(cache)) {
    for (const std::string& name : model.files) {
      const std::optional<std::string> sum = cache.Sum(model.sha256, name);
      if (!sum) continue;
      used_by.emplace(*sum, fmt::format("{}: {}", model.about.reference, name));
      links.emplace(*sum, cache.Model(model.sha256) / name);
    }
  }
  std::vector<std::pair<std::string, Path>> files;  // and what they should be
  ForEachFile(cache.contents(), [&](const fs::directory_entry& entry) {
    if (std::string name = entry.path().filename().string(); IsSha256(name)) files.emplace_back(name, entry.path());
  });
  std::error_code ignored;
  for (const auto& [sum, link] : links)
    if (!fs::equivalent(link, cache.Content(sum), ignored) && fs::exists(link, ignored)) files.emplace_back(sum, link);
  std::sort(files.begin(), files.end());

  VerifiedCache verified;
  for (const auto& [sha256, path] : files) {
    if (context.stop.stop_requested()) return CancelledError();
    context.progress.Update("verifying", verified.files, static_cast<std::int64_t>(files.size()), "files");
    verified.files += 1;
    verified.bytes += SizeOf(path);
    const Result<std::string> actual = Sha256OfFile(path);
    if (actual.ok() && *actual == sha256) continue;
    if (verified.damaged.empty() || verified.damaged.back().sha256 != sha256) verified.damaged.push_back({sha256, {}});
    const auto [begin, end] = used_by.equal_range(sha256);
    DamagedFile& damaged = verified.damaged.back();
    damaged.used_by.clear();
    for (auto row = begin; row != end; ++row) damaged.used_by.push_back(row->second);
    const auto [first, last] = links.equal_range(sha256);
    for (auto row = first; row != last; ++row)
      if (row->second == path || fs::equivalent(row->second, path, ignored)) fs::remove(row->second, ignored);
    fs::remove(path, ignored);
  }
  return verified;
}

Result<PrunedCache> Prune(const Cache& cache, std::int64_t max_bytes, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(const FileLock alone, cache.OwnAlone());
  PrunedCache pruned;
  pruned.bytes_before = pruned.bytes_after = TotalBytes(cache);
  if (pruned.bytes_before <= max_bytes) return pruned;
  ForEachFile(cache.root() / "incoming", [](const fs::directory_entry& entry) {
    std::error_code ignored;
    fs::remove(entry.path(), ignored);
  });
  RemoveUnused(cache, limits);
  pruned.bytes_after = TotalBytes(cache);
  for (const char* made : kMadeHere) {
    if (pruned.bytes_after <= max_bytes) break;
    TEGULA_TRY(Remove(cache.root() / made));
    pruned.bytes_after = TotalBytes(cache);
  }
  std::vector<CachedModel> models = ListModels(cache);
  while (pruned.bytes_after > max_bytes && !models.empty()) {
    TEGULA_TRY(Remove(cache.Model(models.back().sha256)));
    pruned.removed.push_back(models.back().about.reference);
    models.pop_back();
    RemoveUnused(cache, limits);
    pruned.bytes_after = TotalBytes(cache);
  }
  return pruned;
}

Status RemoveModel(const Cache& cache, const std::string& sha256, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(const FileLock alone, cache.OwnAlone());
  TEGULA_TRY(Remove(cache.Model(sha256)));
  RemoveUnused(cache, limits);
  return Ok();
}

}  // namespace tegula::zoo
