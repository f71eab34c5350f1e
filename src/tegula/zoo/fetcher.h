// zoo/fetcher.h — the way from an address to a content in the cache, taken once by however many processes want it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tegula/core/run_context.h"
#include "tegula/net/download.h"
#include "tegula/zoo/cache.h"

namespace tegula::zoo {

/// Borrows the context. Makes no connection before something is wanted that is not there. One thread at a time.
class Fetcher {
 public:
  Fetcher(Cache cache, const RunContext& context) : cache_(std::move(cache)), context_(context) {}
  /// The same with a downloader of the caller's.
  Fetcher(Cache cache, const RunContext& context, net::Downloader downloader)
      : cache_(std::move(cache)), context_(context), downloader_(std::move(downloader)) {}

  const Cache& cache() const noexcept { return cache_; }
  const RunContext& context() const noexcept { return context_; }

  /// Brings the content of an address into the cache and says its sha256. With an expected sha256, what is there
  /// already is taken (after reading it), and then what bioimageio.core has kept. `name` is what people call it. Waits
  /// for another process that fetches the same. Errors as net::Downloader::Text; kNotFound where the network may not be
  /// used.
  Result<std::string> Content(const std::string& url, const net::Expected& expected, std::string_view name);

  /// A small file that is not kept. Errors as Content.
  Result<std::string> Text(const std::string& url, std::int64_t limit_bytes, std::string_view name);

 private:
  Result<net::Downloader*> Network(std::string_view name);
  Cache cache_;
  const RunContext& context_;
  std::optional<net::Downloader> downloader_;
};

}  // namespace tegula::zoo
