// zarr/byte_store.h — where the bytes of a Zarr hierarchy lie: a folder, or a folder on the web (web_store.h).
//
// Zarr names everything by keys ("0/c/3/1") and needs two things of a store: the value of a key, and a part of it (an
// inner chunk of a shard). Keys come from metadata of others, so no key may lead out of the store.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tegula/core/files.h"
#include "tegula/core/function_ref.h"
#include "tegula/core/status.h"

namespace tegula::zarr {

/// Whether `key` is names joined by single slashes, none of them "." or "..", without backslashes, colons and control
/// characters.
bool IsKey(std::string_view key) noexcept;

/// Immutable and thread-safe.
class ByteStore {
 public:
  virtual ~ByteStore() = default;
  /// The whole value; nothing if there is none under this key. kIo; kCorrupt for a key that is none (IsKey) or leads
  /// out of the store; kExhausted if it has more than `limit_bytes`.
  virtual Result<std::optional<std::string>> Get(std::string_view key, std::int64_t limit_bytes) const = 0;
  /// Fills `out` with the bytes from `offset` on (from the end, if it is negative); false if there is no such key.
  /// Errors as above, and kCorrupt if the value is shorter.
  virtual Result<bool> GetRange(std::string_view key, std::int64_t offset, std::span<std::byte> out) const = 0;
  /// What people know a key by: a file name or an address.
  virtual std::string Name(std::string_view key) const = 0;
  /// By what the metadata that was read so far is recognised; empty where the file system says it better.
  virtual std::string State() const { return {}; }
  /// Calls body(item), which reads, for every item in [0, items): one after the other, or, where reads wait for a
  /// network, several at once on other threads too, in any order. `item_bytes` is what one holds meanwhile; it bounds
  /// how many. The first failure ends it; errors of `body`.
  virtual Status ForEach(std::int64_t items, std::int64_t item_bytes,
                         FunctionRef<Status(std::int64_t item)> body) const;
};

/// A folder; keys are paths of files in it. Symbolic links that lead out of the folder are refused.
Result<std::unique_ptr<ByteStore>> OpenFolder(const Path& folder);

}  // namespace tegula::zarr
