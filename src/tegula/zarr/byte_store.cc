#include "tegula/zarr/byte_store.h"

#include <fmt/format.h>

#include <algorithm>

#include "tegula/core/folders.h"
#include "tegula/core/system_error.h"

namespace tegula::zarr {
namespace {

class FolderStore final : public ByteStore {
 public:
  FolderStore(Path name, Path canonical) : name_(std::move(name)), canonical_(std::move(canonical)) {}

  Result<std::optional<std::string>> Get(std::string_view key, std::int64_t limit_bytes) const override {
    TEGULA_ASSIGN_OR_RETURN(const std::optional<Path> path, Find(key));
    if (!path) return std::optional<std::string>();
    TEGULA_ASSIGN_OR_RETURN(std::string bytes, ReadFile(*path, limit_bytes));
    return std::optional(std::move(bytes));
  }

  Result<bool> GetRange(std::string_view key, std::int64_t offset, std::span<std::byte> out) const override {
    TEGULA_ASSIGN_OR_RETURN(const std::optional<Path> path, Find(key));
    if (!path) return false;
    TEGULA_ASSIGN_OR_RETURN(const RandomAccessFile file, RandomAccessFile::Open(*path));
    const std::int64_t begin = offset < 0 ? file.size() + offset : offset;
    const auto size = static_cast<std::int64_t>(out.size());
    if (begin < 0 || begin > file.size() || size > file.size() - begin)
      return CorruptError(fmt::format("{} has {} bytes, fewer than its index needs", path->string(), file.size()));
    TEGULA_TRY(file.Read(begin, out));
    return true;
  }

  std::string Name(std::string_view key) const override { return (name_ / key).string(); }

 private:
  // The file of a key; nothing if it is not there.
  Result<std::optional<Path>> Find(std::string_view key) const {
    if (!IsKey(key)) return CorruptError(fmt::format("'{}' is no path inside {}", key, name_.string()));
    const Path path = canonical_ / key;
    std::error_code failed;
    const Path real = std::filesystem::canonical(path, failed);
    if (failed == std::errc::no_such_file_or_directory || failed == std::errc::not_a_directory)
      return std::optional<Path>();
    if (failed) return SystemError("read", Name(key), failed);
    if (real != path &&
        std::mismatch(canonical_.begin(), canonical_.end(), real.begin(), real.end()).first != canonical_.end())
      return CorruptError(fmt::format("{} is a link that leads out of {}; copy what it points to to its place",
                                      Name(key), name_.string()));
    // What cannot be looked at is not missing: a missing chunk is the fill value.
    TEGULA_ASSIGN_OR_RETURN(const std::filesystem::file_type type, TypeOf(real));
    return type == std::filesystem::file_type::regular ? std::optional(real) : std::nullopt;
  }

  Path name_, canonical_;
};

bool IsName(std::string_view name) noexcept {
  return !name.empty() && name != "." && name != ".." &&
         std::ranges::none_of(name, [](unsigned char c) { return c < 0x20 || c == 0x7F || c == '\\' || c == ':'; });
}

}  // namespace

bool IsKey(std::string_view key) noexcept {
  for (;;) {
    const std::size_t slash = key.find('/');
    if (!IsName(key.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    key.remove_prefix(slash + 1);
  }
}

Status ByteStore::ForEach(std::int64_t items, std::int64_t, FunctionRef<Status(std::int64_t)> body) const {
  for (std::int64_t item = 0; item < items; ++item) TEGULA_TRY(body(item));
  return Ok();
}

Result<std::unique_ptr<ByteStore>> OpenFolder(const Path& folder) {
  std::error_code failed;
  Path canonical = std::filesystem::canonical(folder, failed);
  if (failed) return SystemError("open", folder, failed);
  return std::unique_ptr<ByteStore>(new FolderStore(folder, std::move(canonical)));
}

}  // namespace tegula::zarr
