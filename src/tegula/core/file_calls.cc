#include "tegula/core/file_calls.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>

#include "tegula/core/folders.h"
#include "tegula/core/system_error.h"

namespace tegula {

Status WriteAt(int descriptor, std::int64_t offset, std::string_view bytes, const Path& path) {
  while (!bytes.empty()) {
    const ssize_t written = Uninterrupted([&] { return ::pwrite(descriptor, bytes.data(), bytes.size(), offset); });
    if (written < 0) return SystemError("write", path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
    offset += written;
  }
  return Ok();
}

Status Synchronise(int descriptor, const Path& path) {
  if (Uninterrupted([&] { return ::fsync(descriptor); }) == 0) return Ok();
  if (errno == EINVAL || errno == ENOTSUP) return Ok();  // some file systems know no such thing
  return SystemError("write", path, errno);
}

Status Close(int descriptor, const Path& path) {
  if (::close(descriptor) != 0 && errno != EINTR) return SystemError("write", path, errno);
  return Ok();
}

Path TemporaryName(const Path& folder, const Path& path) {
  static std::atomic<std::uint64_t> counter{0};
  return folder / fmt::format(".{}.{}.{}{}", path.filename().string(), ::getpid(), counter++, kTemporarySuffix);
}

}  // namespace tegula
