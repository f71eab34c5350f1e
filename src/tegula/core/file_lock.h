// core/file_lock.h — one process at a time: advisory locks that the system gives back when a process ends, however it
// ends.
#pragma once

#include <optional>
#include <stop_token>
#include <utility>

#include "tegula/core/files.h"
#include "tegula/core/status.h"

namespace tegula {

/// Holds a lock on a file, which is made if it is not there and stays. Other holders of the same process count like
/// those of other processes. Movable; one thread at a time.
class FileLock {
 public:
  enum class Kind { kShared, kExclusive };
  /// The lock, or nothing if another holder is in the way. kUnsupported where the file system has no locks, kIo with
  /// the system's reason.
  static Result<std::optional<FileLock>> Try(const Path& path, Kind kind);
  /// Waits until it is free. kCancelled on a stop request, which is noticed within a fraction of a second.
  static Result<FileLock> Wait(const Path& path, Kind kind, const std::stop_token& stop);

  FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileLock& operator=(FileLock&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~FileLock();

 private:
  friend class TemporaryLock;
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  Result<bool> IsOf(const Path& path) const;
  int descriptor_ = -1;
};

/// An exclusive lock whose file goes when the lock is given back; a process that is killed leaves it, and that hinders
/// nobody. Movable; one thread at a time.
class TemporaryLock {
 public:
  /// As FileLock::Try.
  static Result<std::optional<TemporaryLock>> Try(const Path& path);
  TemporaryLock(TemporaryLock&& other) noexcept = default;
  TemporaryLock& operator=(TemporaryLock&&) = delete;
  ~TemporaryLock();

 private:
  TemporaryLock(FileLock lock, Path path) : lock_(std::move(lock)), path_(std::move(path)) {}
  FileLock lock_;
  Path path_;
};

}  // namespace tegula
