#include "tegula/zarr/web_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <functional>

#include "tegula/core/platform.h"

namespace tegula::zarr {
namespace {

constexpr const char* kForbidden = "TEGULA_HTTP_FORBIDDEN";
constexpr std::string_view kGeneration = "zarr.json";  // of Zarr 3; only Zarr 2 has none
constexpr std::string_view kMetadata[] = {kGeneration, ".zattrs", ".zarray", ".zgroup"};
constexpr std::int64_t kLargestProof = 64 << 20;

bool IsMetadata(std::string_view key) {
  const std::string_view name = key.substr(key.rfind('/') + 1);
  return std::find(std::begin(kMetadata), std::end(kMetadata), name) != std::end(kMetadata);
}

}  // namespace

Result<WebOptions> WebOptionsFromEnvironment() {
  const std::string text = EnvironmentVariable(kForbidden);
  if (!text.empty() && text != "missing")
    return InvalidError(
        fmt::format("{} is '{}'; it can be 'missing': then files that a server forbids to read count as not there",
                    kForbidden, text));
  return WebOptions{.forbidden_is_missing = !text.empty()};
}

Result<net::Fetched> WebStore::Fetch(std::string_view key, std::int64_t limit_bytes) const {
  TEGULA_ASSIGN_OR_RETURN(const net::Connections::Lease connection, connections_->Borrow(stop_));
  return connection->Get(address_.UrlOf(key), {.limit = limit_bytes}, stop_);
}

// Servers that do not count from the end send all of a file where that is asked for: once is enough to know.
Result<net::Fetched> WebStore::FetchRange(std::string_view key, net::ByteRange range) const {
  const std::string url = address_.UrlOf(key);
  TEGULA_ASSIGN_OR_RETURN(const net::Connections::Lease connection, connections_->Borrow(stop_));
  if (range.begin < 0 && !counts_from_end_) {
    TEGULA_ASSIGN_OR_RETURN(net::Fetched first, connection->GetRange(url, {0, 1}, stop_));
    if (first.status != 200) return first;
    if (first.size + range.begin < 0)
      return CorruptError(fmt::format("{} has {} bytes, fewer than its index needs", Name(key), first.size));
    range.begin += first.size;
  }
  TEGULA_ASSIGN_OR_RETURN(net::Fetched fetched, connection->GetRange(url, range, stop_));
  if (!fetched.counts_from_end) counts_from_end_ = false;
  return fetched;
}

// What it means for a file that its server answered so.
Result<bool> WebStore::IsThere(std::string_view key, int status) const {
  if (status == 200) return true;
  if (status != 403 || key == kGeneration) return false;
  if (!options_.forbidden_is_missing) {
    Error refusal = net::RefusalOf(address_.UrlOf(key), status);
    if (!IsMetadata(key))
      refusal.what += fmt::format(
          "; if its server answers so for chunks that were never written, set {}=missing to take them for that",
          kForbidden);
    return refusal;
  }
  std::string proof;
  {
    const std::lock_guard lock(mutex_);
    if (!metadata_.empty()) proof = metadata_.begin()->first;
  }
  if (proof.empty()) return false;
  TEGULA_ASSIGN_OR_RETURN(const net::Fetched metadata, Fetch(proof, kLargestProof));
  if (metadata.status != 200) return net::RefusalOf(address_.UrlOf(key), status);
  return false;
}

Result<std::optional<std::string>> WebStore::Get(std::string_view key, std::int64_t limit_bytes) const {
  if (!IsKey(key)) return CorruptError(fmt::format("'{}' is no path inside {}", key, address_.shown()));
  TEGULA_ASSIGN_OR_RETURN(net::Fetched fetched, Fetch(key, limit_bytes));
  TEGULA_ASSIGN_OR_RETURN(const bool is_there, IsThere(key, fetched.status));
  if (!is_there) return std::optional<std::string>();
  if (IsMetadata(key)) {
    const std::lock_guard lock(mutex_);
    metadata_.insert_or_assign(std::string(key), Sha256OfBytes(fetched.bytes) + fetched.state);
  }
  return std::optional(std::move(fetched.bytes));
}

Result<bool> WebStore::GetRange(std::string_view key, std::int64_t offset, std::span<std::byte> out) const {
  if (!IsKey(key)) return CorruptError(fmt::format("'{}' is no path inside {}", key, address_.shown()));
  if (out.empty()) return true;
  TEGULA_ASSIGN_OR_RETURN(const net::Fetched fetched, FetchRange(key, {offset, std::ssize(out)}));
  TEGULA_ASSIGN_OR_RETURN(const bool is_there, IsThere(key, fetched.status));
  if (!is_there) return false;
  TEGULA_TRY(Check(key, fetched.state));
  std::memcpy(out.data(), fetched.bytes.data(), out.size());
  return true;
}

Status WebStore::Check(std::string_view key, const std::string& state) const {
  const std::size_t hash = std::hash<std::string>()(state);
  const std::lock_guard lock(mutex_);
  const auto [known, is_new] = states_of_shards_.try_emplace(std::string(key), hash);
  if (!is_new && known->second != hash) return IoError(Name(key) + " was changed while it was read");
  return Ok();
}

Status WebStore::ForEach(std::int64_t items, std::int64_t item_bytes, FunctionRef<Status(std::int64_t)> body) const {
  return connections_->ForEach(items, std::max<std::int64_t>(1, kBytesAtOnce / std::max<std::int64_t>(1, item_bytes)),
                               stop_, body);
}

std::string WebStore::State() const {
  const std::lock_guard lock(mutex_);
  if (metadata_.empty()) return {};
  std::string text;
  for (const auto& [key, state] : metadata_) text += fmt::format("{}\n{}\n", key, state);
  return fmt::format("{} metadata files with the sum {}", metadata_.size(), Sha256OfBytes(text));
}

}  // namespace tegula::zarr
