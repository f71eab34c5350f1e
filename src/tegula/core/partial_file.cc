#include "tegula/core/partial_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace tegula {
namespace {

Error SystemError(std::string_view doing, const Path& path, int number) {
  const Code code = number == ENOSPC || number == EDQUOT ? Code::kExhausted : Code::kIo;
  return {code, fmt::format("cannot {} {}: {}", doing, path.string(), std::system_category().message(number))};
}

}  // namespace

Result<PartialFile> PartialFile::Open(const Path& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
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
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(descriptor_, bytes.data(), bytes.size(), size_);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return SystemError("write", path_, errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
    size_ += written;
  }
  return Ok();
}

Status PartialFile::Clear() {
  if (::ftruncate(descriptor_, 0) != 0) return SystemError("write", path_, errno);
  size_ = 0;
  return Ok();
}

Status PartialFile::MoveTo(const Path& path) {
  if (::fsync(descriptor_) != 0 || ::close(std::exchange(descriptor_, -1)) != 0)
    return SystemError("write", path_, errno);
  std::error_code failed;
  std::filesystem::rename(path_, path, failed);
  if (failed) return SystemError("write", path, failed.value());
  return Ok();
}

}  // namespace tegula
