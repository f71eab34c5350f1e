#include "tegula/core/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "tegula/core/file_calls.h"
#include "tegula/core/platform.h"
#include "tegula/core/system_error.h"

namespace tegula {

Result<std::optional<FileLock>> FileLock::Try(const Path& path, Kind kind) {
  FileLock lock(Uninterrupted([&] { return ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666); }));
  if (lock.descriptor_ < 0) return SystemError("lock", path, errno);
  const int how = (kind == Kind::kShared ? LOCK_SH : LOCK_EX) | LOCK_NB;
  if (Uninterrupted([&] { return ::flock(lock.descriptor_, how); }) == 0)
    return std::optional<FileLock>(std::move(lock));
  if (errno == EWOULDBLOCK) return std::optional<FileLock>();
  Error error = SystemError("lock", path, errno);
  if (errno == ENOSYS || errno == EOPNOTSUPP || errno == ENOLCK) error.code = Code::kUnsupported;
  return error;
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

// Whether the file that is locked still stands under this name.
Result<bool> FileLock::IsOf(const Path& path) const {
  struct stat locked {
  }, named{};
  if (::fstat(descriptor_, &locked) != 0) return SystemError("lock", path, errno);
  if (::stat(path.c_str(), &named) == 0) return locked.st_dev == named.st_dev && locked.st_ino == named.st_ino;
  if (errno == ENOENT) return false;
  return SystemError("lock", path, errno);
}

Result<std::optional<TemporaryLock>> TemporaryLock::Try(const Path& path) {
  for (;;) {
    TEGULA_ASSIGN_OR_RETURN(std::optional<FileLock> lock, FileLock::Try(path, FileLock::Kind::kExclusive));
    if (!lock) return std::optional<TemporaryLock>();
    // Who had it may have removed its file after this one opened it; then another may hold a new file of this name.
    TEGULA_ASSIGN_OR_RETURN(const bool is_of_path, lock->IsOf(path));
    if (is_of_path) return std::optional<TemporaryLock>(TemporaryLock(std::move(*lock), path));
  }
}

TemporaryLock::~TemporaryLock() {
  if (lock_.descriptor_ >= 0) ::unlink(path_.c_str());
}

}  // namespace tegula
