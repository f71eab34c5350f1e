// zarr/web_store.h — a Zarr hierarchy behind an address of http or https.
//
// A key is a file below the address. That a server has no such file (404, 410) is an answer: the chunk was never
// written. Everything else that is not the file is an error after a few attempts: an outage must not become pixels of
// the fill value. Object stores that do not let one list a bucket answer 403 for what is not there; this cannot be told
// from what one may not read, so it is an error too, as in zarr-python, unless the environment says otherwise:
// TEGULA_HTTP_FORBIDDEN=missing. Then the metadata must still be readable each time, for all is forbidden when a
// signature has run out. Only whether there is a zarr.json at all is taken from a 403: without one there is .zattrs.
//
// Parts of shards are asked for by range requests. Each answer says which state of the file it is of; another state
// than before means that the file was changed while it was read.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <unordered_map>

#include "tegula/net/address.h"
#include "tegula/net/connections.h"
#include "tegula/zarr/byte_store.h"

namespace tegula::zarr {

struct WebOptions {
  bool forbidden_is_missing = false;
};
/// As TEGULA_HTTP_FORBIDDEN says. kInvalid if it is set to anything but "missing".
Result<WebOptions> WebOptionsFromEnvironment();

/// Immutable and thread-safe. Reads end on a stop request with kCancelled.
class WebStore final : public ByteStore {
 public:
  /// What one ForEach has in work at most, if that is more than one item.
  static constexpr std::int64_t kBytesAtOnce = 64 << 20;

  WebStore(net::FolderAddress address, std::shared_ptr<net::Connections> connections, std::stop_token stop,
           const WebOptions& options)
      : address_(std::move(address)), connections_(std::move(connections)), stop_(std::move(stop)), options_(options) {}

  /// kIo after the last attempt; kUnsupported and others as net::Downloader has them.
  Result<std::optional<std::string>> Get(std::string_view key, std::int64_t limit_bytes) const override;
  Result<bool> GetRange(std::string_view key, std::int64_t offset, std::span<std::byte> out) const override;
  std::string Name(std::string_view key) const override { return address_.Shown(key); }
  Status ForEach(std::int64_t items, std::int64_t item_bytes,
                 FunctionRef<Status(std::int64_t item)> body) const override;

  /// Of content, ETag and Last-Modified of each file of metadata; empty if none was there.
  std::string State() const override;

 private:
  Result<net::Fetched> Fetch(std::string_view key, std::int64_t limit_bytes) const;
  Result<net::Fetched> FetchRange(std::string_view key, net::ByteRange range) const;
  Result<bool> IsThere(std::string_view key, int status) const;
  Status Check(std::string_view key, const std::string& state) const;

  const net::FolderAddress address_;
  const std::shared_ptr<net::Connections> connections_;
  const std::stop_token stop_;
  const WebOptions options_;
  mutable std::atomic<bool> counts_from_end_{true};  // the server takes ranges that do
  mutable std::mutex mutex_;
  mutable std::map<std::string, std::string, std::less<>> metadata_;       // state of each file that was read
  mutable std::unordered_map<std::string, std::size_t> states_of_shards_;  // hashed
};

}  // namespace tegula::zarr
