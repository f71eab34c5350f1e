// core/partial_file.h — a file that comes in pieces, over several runs of the program if need be.
//
// AtomicFile forgets what it has when it is not finished; what comes from far is worth keeping.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "tegula/core/files.h"
#include "tegula/core/status.h"

namespace tegula {

/// A file that is appended to and stays as it is when the object goes. One thread at a time; that no other process
/// writes it is the caller's care.
class PartialFile {
 public:
  /// Opens what is there or makes it. kIo with the system's reason.
  static Result<PartialFile> Open(const Path& path);
  PartialFile(PartialFile&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)), size_(other.size_), path_(std::move(other.path_)) {}
  PartialFile& operator=(PartialFile&&) = delete;
  ~PartialFile();

  std::int64_t size() const noexcept { return size_; }
  const Path& path() const noexcept { return path_; }
  /// kIo or kExhausted (disk full); then size() is what it was.
  Status Append(std::string_view bytes);
  /// Back to nothing.
  Status Clear();
  /// Gives it its final name, replacing what was there; the object is of no further use. What was written has reached
  /// the disk by then.
  Status MoveTo(const Path& path);

 private:
  PartialFile(int descriptor, std::int64_t size, Path path)
      : descriptor_(descriptor), size_(size), path_(std::move(path)) {}
  int descriptor_ = -1;
  std::int64_t size_ = 0;
  Path path_;
};

}  // namespace tegula
