#include "tegula/zoo/model_files.h"

#include <fmt/format.h>

#include "tegula/core/text.h"
#include "tegula/spec/rdf.h"
#include "tegula/spec/text_kinds.h"
#include "tegula/zoo/address.h"
#include "tegula/zoo/index.h"

namespace tegula::zoo {

ModelFiles::ModelFiles(std::shared_ptr<Fetcher> fetcher, std::string sha256, About about, FileLock in_use)
    : fetcher_(std::move(fetcher)),
      sha256_(std::move(sha256)),
      about_(std::move(about)),
      in_use_(std::move(in_use)),
      folder_(spec::NewFolderFiles(fetcher_->cache().Model(sha256_))) {}

Result<std::unique_ptr<ModelFiles>> ModelFiles::Open(std::shared_ptr<Fetcher> fetcher, std::string sha256,
                                                     About about) {
  const RunContext& context = fetcher->context();
  TEGULA_ASSIGN_OR_RETURN(FileLock in_use, fetcher->cache().Use(context.stop));
  std::unique_ptr<ModelFiles> files(
      new ModelFiles(std::move(fetcher), std::move(sha256), std::move(about), std::move(in_use)));
  if (files->about_.is_zip) return files;
  TEGULA_ASSIGN_OR_RETURN(const Path path, files->OnDisk("rdf.yaml", context.limits.description_bytes));
  TEGULA_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, context.limits.description_bytes));
  TEGULA_ASSIGN_OR_RETURN(const spec::ReadDescription read, spec::ReadRdf(text, context.limits));
  for (const spec::DescribedFile& file : read.files) {
    const Result<std::string> name = files->NameOf(file.file.source);
    if (name.ok() && IsSha256(ToLower(file.file.sha256))) files->stated_.emplace(*name, ToLower(file.file.sha256));
  }
  return files;
}

// Files of one place stay together: weights find their external data beside them.
Result<std::string> ModelFiles::NameOf(const std::string& source) {
  if (!spec::IsUrl(source)) return spec::ConfinedName(source);
  const std::string url(Trim(source));
  const std::string file(spec::FileNameOf(url.substr(0, url.find_first_of("?#"))));
  TEGULA_ASSIGN_OR_RETURN(
      std::string name,
      spec::ConfinedName(fmt::format("elsewhere/{}/{}", Sha256OfBytes(url.substr(0, url.find(file))).substr(0, 8),
                                     file.empty() ? "file" : file)));
  addresses_.emplace(name, url);
  return name;
}

std::int64_t ModelFiles::ListedSize(const std::string& name) {
  if (about_.version.empty()) return -1;  // only the collection has lists
  if (!listed_) {
    const RunContext& context = fetcher_->context();
    const Result<std::string> text =
        fetcher_->Text(about_.before + about_.after, context.limits.index_bytes, "the list of files");
    listed_ = text.ok() ? ParseFileList(*text) : std::map<std::string, std::int64_t>();
  }
  const auto found = listed_->find(name);
  return found == listed_->end() ? -1 : found->second;
}

Result<std::string> ModelFiles::Fetch(const std::string& name, std::int64_t limit_bytes) {
  const auto address = addresses_.find(name);
  const Remote remote{about_.source, about_.before, about_.after};
  const bool is_first = name == (about_.is_zip ? "package.zip" : "rdf.yaml");
  const std::string url = is_first                      ? about_.source
                          : address != addresses_.end() ? address->second
                                                        : remote.FileUrl(name);
  net::Expected expected{.limit = limit_bytes};
  if (is_first)
    expected.sha256 = sha256_;
  else if (const auto stated = stated_.find(name); stated != stated_.end())
    expected.sha256 = stated->second;
  else if (!fetcher_->context().offline && address == addresses_.end())
    expected.size = ListedSize(name);
  return fetcher_->Content(url, expected, fmt::format("{} of {}", name, about_.reference));
}

bool ModelFiles::IsHere(const std::string& name) {
  const Cache& cache = fetcher_->cache();
  std::error_code ignored;
  return cache.Sum(sha256_, name) && std::filesystem::exists(cache.Model(sha256_) / name, ignored);
}

Result<Path> ModelFiles::OnDisk(const std::string& name, std::int64_t limit_bytes) {
  const Cache& cache = fetcher_->cache();
  Path path = cache.Model(sha256_) / name;
  if (checked_.count(name) != 0) return path;
  std::error_code ignored;
  const std::optional<std::string> sum = cache.Sum(sha256_, name);
  if (sum && std::filesystem::exists(path, ignored)) {
    const Result<std::string> actual = Sha256OfFile(path);
    if (actual.ok() && *actual == *sum) {
      checked_.insert(name);
      return path;
    }
    fetcher_->context().progress.Note(fmt::format("{} of {} is damaged in the cache ({}) and is fetched again", name,
                                                  about_.reference, path.string()));
    std::filesystem::remove(path, ignored);
    std::filesystem::remove(cache.Content(*sum), ignored);
  }
  TEGULA_ASSIGN_OR_RETURN(const std::string sha256, Fetch(name, limit_bytes));
  TEGULA_TRY(cache.Link(sha256, path));
  TEGULA_TRY(cache.WriteSum(sha256_, name, sha256));
  checked_.insert(name);
  return path;
}

}  // namespace tegula::zoo
