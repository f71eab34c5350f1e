#include "tegula/zoo/cache.h"

#include <fmt/format.h>

#include "tegula/core/platform.h"
#include "tegula/zoo/json.h"

namespace tegula::zoo {
namespace {

constexpr std::int64_t kSmallFile = 1 << 20;

bool IsThere(const Path& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

std::optional<std::string> ReadSum(const Path& path) {
  const Result<std::string> text = ReadFile(path, 64);
  if (!text.ok() || !IsSha256(*text)) return std::nullopt;
  return *text;
}

About AboutOf(const Json& json) {
  About about;
  about.reference = TextOf(json, "reference", 4000);
  about.version = TextOf(json, "version");
  about.source = TextOf(json, "source", 4000);
  about.before = TextOf(json, "before", 4000);
  about.after = TextOf(json, "after", 4000);
  about.fetched = TextOf(json, "fetched");
  about.name = TextOf(json, "name");
  about.license = TextOf(json, "license");
  about.is_zip = BoolOf(json, "is_zip");
  about.deprecated = BoolOf(json, "deprecated");
  about.report_tool = TextOf(json, "report_tool");
  about.report_status = TextOf(json, "report_status");
  about.report_problem = TextOf(json, "report_problem");
  return about;
}

Json JsonOf(const About& about) {
  return {{"reference", about.reference},
          {"version", about.version},
          {"source", about.source},
          {"before", about.before},
          {"after", about.after},
          {"fetched", about.fetched},
          {"name", about.name},
          {"license", about.license},
          {"is_zip", about.is_zip},
          {"deprecated", about.deprecated},
          {"report_tool", about.report_tool},
          {"report_status", about.report_status},
          {"report_problem", about.report_problem}};
}

}  // namespace

bool IsSha256(std::string_view text) {
  return text.size() == 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

Result<Cache> Cache::Open() {
  const Path root = CacheFolder();
  if (root.empty()) return NotFoundError("there is no place for fetched models: set TEGULA_CACHE to a folder");
  return At(root);
}

Result<Cache> Cache::At(const Path& root) {
  std::error_code failed;
  const Path absolute = std::filesystem::absolute(root, failed);
  if (failed) return IoError(fmt::format("cannot use {} as cache: {}", root.string(), failed.message()));
  for (const char* folder : {"files", "models", "references", "incoming", "locks"})
    TEGULA_TRY(MakeFolders(absolute / folder).Context("the cache (TEGULA_CACHE)"));
  return Cache(absolute);
}

Path Cache::Content(std::string_view sha256) const { return contents() / sha256.substr(0, 2) / sha256; }

Path Cache::Incoming(std::string_view url) const { return root_ / "incoming" / Sha256OfBytes(url); }

Result<FileLock> Cache::Use(const std::stop_token& stop) const {
  return FileLock::Wait(root_ / "lock", FileLock::Kind::kShared, stop);
}

Result<FileLock> Cache::OwnAlone() const {
  TEGULA_ASSIGN_OR_RETURN(std::optional<FileLock> lock, FileLock::Try(root_ / "lock", FileLock::Kind::kExclusive));
  if (!lock)
    return IoError(fmt::format("another process uses the cache {}; try again when it has ended", root_.string()));
  return std::move(*lock);
}

Path Cache::LockOf(std::string_view url) const { return root_ / "locks" / Sha256OfBytes(url).substr(0, 2); }

bool Cache::Holds(std::string_view sha256) const {
  const Path path = Content(sha256);
  if (!IsThere(path)) return false;
  const Result<std::string> sum = Sha256OfFile(path);
  return sum.ok() && *sum == sha256;
}

Status Cache::Adopt(const Path& file, std::string_view sha256) const {
  const Path path = Content(sha256);
  TEGULA_TRY(MakeFolders(path.parent_path()));
  std::error_code failed;
  std::filesystem::rename(file, path, failed);
  if (failed) return IoError(fmt::format("cannot rename {} to {}: {}", file.string(), path.string(), failed.message()));
  return Ok();
}

Status Cache::Link(std::string_view sha256, const Path& path) const {
  const Path content = Content(sha256);
  std::error_code failed;
  if (std::filesystem::equivalent(content, path, failed)) return Ok();
  TEGULA_TRY(MakeFolders(path.parent_path()));
  TEGULA_ASSIGN_OR_RETURN(const TemporaryFolder aside, TemporaryFolder::CreateIn(root_ / "incoming"));
  const Path temporary = aside.path() / "link";
  std::filesystem::create_hard_link(content, temporary, failed);
  if (failed) std::filesystem::copy_file(content, temporary, failed);
  if (!failed) std::filesystem::rename(temporary, path, failed);
  if (failed) return IoError(fmt::format("cannot make {}: {}", path.string(), failed.message()));
  return Ok();
}

std::optional<Remembered> Cache::Recall(std::string_view reference) const {
  const Result<std::string> text = ReadFile(root_ / "references" / Sha256OfBytes(reference), kSmallFile);
  if (!text.ok()) return std::nullopt;
  const Result<Json> json = ParseObject(*text, "a reference");
  if (!json.ok()) return std::nullopt;
  Remembered remembered{TextOf(*json, "sha256"), AboutOf(*json)};
  if (!IsSha256(remembered.sha256) || !IsThere(AboutPath(remembered.sha256))) return std::nullopt;
  return remembered;
}

Status Cache::Remember(std::string_view reference, const Remembered& remembered) const {
  Json json = JsonOf(remembered.about);
  json["sha256"] = remembered.sha256;
  return WriteFileWhole(root_ / "references" / Sha256OfBytes(reference), ToText(json));
}

Result<About> Cache::ReadAbout(std::string_view sha256) const {
  TEGULA_ASSIGN_OR_RETURN(const std::string text, ReadFile(AboutPath(sha256), kSmallFile));
  TEGULA_ASSIGN_OR_RETURN(const Json json, ParseObject(text, AboutPath(sha256).string()));
  return AboutOf(json);
}

Status Cache::WriteAbout(std::string_view sha256, const About& about) const {
  TEGULA_TRY(MakeFolders(AboutPath(sha256).parent_path()));
  return WriteFileWhole(AboutPath(sha256), ToText(JsonOf(about)));
}

std::optional<std::string> Cache::Sum(std::string_view model_sha256, std::string_view name) const {
  return ReadSum(Sums(model_sha256) / name);
}

Status Cache::WriteSum(std::string_view model_sha256, std::string_view name, std::string_view sha256) const {
  const Path path = Sums(model_sha256) / name;
  TEGULA_TRY(MakeFolders(path.parent_path()));
  return WriteFileWhole(path, sha256);
}

void Cache::Touch(std::string_view model_sha256) const {
  std::error_code ignored;  // a cache that is only read has no order of use
  std::filesystem::last_write_time(AboutPath(model_sha256), std::filesystem::file_time_type::clock::now(), ignored);
}

bool Cache::FirstUse(std::string_view model_sha256) const {
  const Path mark = Model(model_sha256) / ".tegula" / "shown";
  return !IsThere(mark) && WriteFileWhole(mark, "").ok();
}

std::optional<Path> FindInCoreCache(std::string_view sha256) {
  Path folder = EnvironmentVariable("BIOIMAGEIO_CACHE_PATH");
  if (folder.empty()) {
    const Path user = UserCacheFolder();
    if (user.empty()) return std::nullopt;
    folder = user / "bioimageio";
  }
  const std::string ending = fmt::format("_contents_{}", sha256);
  std::error_code failed;
  for (std::filesystem::directory_iterator entry(folder, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    const std::string name = entry->path().filename().string();
    std::error_code ignored;
    if (name.starts_with("entry__url_") && name.ends_with(ending) && entry->is_regular_file(ignored))
      return entry->path();
  }
  return std::nullopt;
}

}  // namespace tegula::zoo
