#include "tegula/core/partial_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "tegula/core/file_calls.h"
#include "tegula/core/system_error.h"

namespace tegula {

Result<PartialFile> PartialFile::Open(const Path& path) {
  const int descriptor = Uninterrupted([&] { return ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666); });
  if (descriptor < 0) return SystemError("open", path, errno);
  PartialFile file(descriptor, 0, path);
  file.size_ = ::lseek(descriptor, 0, SEEK_END);
  if (file.size_ < 0) return SystemError("open", path, errno);
  return file;
}

PartialFile::~PartialFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Status PartialFile::Append(std::string_view bytes) {
  // What was written of a piece that failed is not counted, so the next one takes its place.
  TEGULA_TRY(WriteAt(descriptor_, size_, bytes, path_));
  size_ += static_cast<std::int64_t>(bytes.size());
  return Ok();
}

Status PartialFile::Clear() {
  if (Uninterrupted([&] { return ::ftruncate(descriptor_, 0); }) != 0) return SystemError("write", path_, errno);
  size_ = 0;
  return Ok();
}

Status PartialFile::MoveTo(const Path& path) {
  TEGULA_TRY(Synchronise(descriptor_, path_));
  TEGULA_TRY(Close(std::exchange(descriptor_, -1), path_));
  if (::rename(path_.c_str(), path.c_str()) != 0) return SystemError("write", path, errno);
  return Ok();
}

}  // namespace tegula
