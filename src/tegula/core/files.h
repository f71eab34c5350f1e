// core/files.h — the file system as Tegula needs it: whole small files, reads at a position, files that appear under
// their final name only when they are complete, and checksums. core/folders.h says what a crash leaves of them.
//
// Calls that a signal interrupts are made again, and reads and writes that do a part go on (core/file_calls.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/status.h"

namespace tegula {

using Path = std::filesystem::path;

/// The whole file. kNotFound, kIo, or kExhausted if it is larger than `limit_bytes`.
Result<std::string> ReadFile(const Path& path, std::int64_t limit_bytes);

/// Writes `content` to a temporary name beside `path`, waits for the disk and renames it, so that `path` never holds a
/// part. Thread-safe for different paths. Errors as AtomicFile.
Status WriteFileWhole(const Path& path, std::string_view content);

/// Lower-case hex sha256 of a file's content or of bytes. kNotFound or kIo.
Result<std::string> Sha256OfFile(const Path& path);
std::string Sha256OfBytes(std::string_view bytes);

/// A file opened for reads at positions. Immutable and thread-safe.
class RandomAccessFile {
 public:
  static Result<RandomAccessFile> Open(const Path& path);
  RandomAccessFile(RandomAccessFile&& other) noexcept;
  RandomAccessFile& operator=(RandomAccessFile&& other) noexcept;
  ~RandomAccessFile();

  std::int64_t size() const noexcept { return size_; }
  /// Fills `out` from `offset`; kCorrupt if the file ends before.
  Status Read(std::int64_t offset, std::span<std::byte> out) const;

 private:
  RandomAccessFile(int descriptor, std::int64_t size, Path path)
      : descriptor_(descriptor), size_(size), path_(std::move(path)) {}
  int descriptor_ = -1;
  std::int64_t size_ = 0;
  Path path_;
};

/// A file that is written piece by piece under a temporary name beside `path` and appears as `path` only
/// on Commit, when the disk has it. Destroyed without Commit it leaves nothing. kNotFound without a folder to stand in,
/// kExhausted on a full disk, kIo. One thread at a time.
class AtomicFile {
 public:
  static Result<AtomicFile> Create(const Path& path);
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();

  /// Buffered.
  Status Write(std::string_view bytes);
  /// Replaces bytes that were written: a header that says where something lies that came later.
  Status Overwrite(std::int64_t offset, std::string_view bytes);
  Status Commit();

 private:
  AtomicFile(int descriptor, Path path, Path temporary);
  Status Append(std::string_view bytes);
  Status Flush();
  int descriptor_ = -1;
  std::int64_t size_ = 0;  // without what is buffered
  Path path_;
  Path temporary_;
  std::string buffer_;
};

/// A folder of its own, under the system's temporary folder unless said otherwise; removed with all it holds when
/// destroyed.
class TemporaryFolder {
 public:
  static Result<TemporaryFolder> Create(std::string_view prefix);
  /// In another folder: what is made in it can be renamed to its place.
  static Result<TemporaryFolder> CreateIn(const Path& parent, std::string_view prefix = "new");
  TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryFolder& operator=(TemporaryFolder&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
  }
  ~TemporaryFolder();
  const Path& path() const noexcept { return path_; }

 private:
  explicit TemporaryFolder(Path path) : path_(std::move(path)) {}
  Path path_;
};

/// Makes the folder and its parents; ok if it is there. kIo or kExhausted with the system's reason.
Status MakeFolders(const Path& path);

}  // namespace tegula
