#include "tegula/zoo/fetcher.h"

#include <fmt/format.h>

namespace tegula::zoo {

Result<net::Downloader*> Fetcher::Network(std::string_view name) {
  if (context_.offline)
    return NotFoundError(fmt::format(
        "{} is not in the cache, and --offline forbids fetching it; run the command once without --offline", name));
  if (!downloader_) {
    TEGULA_ASSIGN_OR_RETURN(net::Downloader made, net::NewDownloader());
    downloader_.emplace(std::move(made));
  }
  return &*downloader_;
}

Result<std::string> Fetcher::Text(const std::string& url, std::int64_t limit_bytes, std::string_view name) {
  TEGULA_ASSIGN_OR_RETURN(net::Downloader* const downloader, Network(name));
  return downloader->Text(url, {.limit = limit_bytes}, context_.stop);
}

Result<std::string> Fetcher::Content(const std::string& url, const net::Expected& expected, std::string_view name) {
  if (!expected.sha256.empty() && cache_.Holds(expected.sha256)) return expected.sha256;
  const Path lock_path = cache_.LockOf(url);
  TEGULA_ASSIGN_OR_RETURN(std::optional<FileLock> lock, FileLock::Try(lock_path, FileLock::Kind::kExclusive));
  if (!lock) {
    context_.progress.Note(fmt::format("waiting for another process that fetches {}", name));
    TEGULA_ASSIGN_OR_RETURN(lock, FileLock::Wait(lock_path, FileLock::Kind::kExclusive, context_.stop));
    if (!expected.sha256.empty() && cache_.Holds(expected.sha256)) return expected.sha256;
  }
  const Path incoming = cache_.Incoming(url);
  if (const std::optional<Path> known = expected.sha256.empty() ? std::nullopt : FindInCoreCache(expected.sha256)) {
    std::error_code failed;
    std::filesystem::copy_file(*known, incoming, std::filesystem::copy_options::overwrite_existing, failed);
    const Result<std::string> sum = failed ? Result<std::string>(IoError(failed.message())) : Sha256OfFile(incoming);
    if (sum.ok() && *sum == expected.sha256) {
      TEGULA_TRY(cache_.Adopt(incoming, expected.sha256));
      return expected.sha256;
    }
  }
  TEGULA_ASSIGN_OR_RETURN(net::Downloader* const downloader, Network(name));
  const std::string stage = fmt::format("fetching {}", name);
  TEGULA_ASSIGN_OR_RETURN(const net::Downloaded downloaded,
                          downloader->ToFile(url, incoming, expected, stage, context_.progress, context_.stop));
  TEGULA_TRY(cache_.Adopt(incoming, downloaded.sha256));
  return downloaded.sha256;
}

}  // namespace tegula::zoo
