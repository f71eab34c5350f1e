#include "tegula/core/file_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "tegula/core/platform.h"

namespace tegula {

Result<std::optional<FileLock>> FileLock::Try(const Path& path, Kind kind) {
  const auto failed = [&](int number) {
    return IoError(fmt::format("cannot lock {}: {}", path.string(), std::system_category().message(number)));
  };
  FileLock lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (lock.descriptor_ < 0) return failed(errno);
  const int how = (kind == Kind::kShared ? LOCK_SH : LOCK_EX) | LOCK_NB;
  while (::flock(lock.descriptor_, how) != 0) {
    if (errno == EINTR) continue;
    if (errno == EWOULDBLOCK) return std::optional<FileLock>();
    return failed(errno);
  }
  return std::optional<FileLock>(std::move(lock));
}

Result<FileLock> FileLock::Wait(const Path& path, Kind kind, const std::stop_token& stop) {
  constexpr double kPollSeconds = 0.05;
  for (;;) {
    TEGULA_ASSIGN_OR_RETURN(std::optional<FileLock> lock, Try(path, kind));
    if (lock) return std::move(*lock);
    if (!WaitFor(kPollSeconds, stop)) return CancelledError();
  }
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace tegula
