#include "tegula/core/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "tegula/core/file_calls.h"
#include "tegula/core/system_error.h"

namespace tegula {
namespace {

struct Descriptor {
  int number = -1;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }
  void Add(const void* data, std::size_t size) { EVP_DigestUpdate(context_.get(), data, size); }
  std::string Hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    EVP_DigestFinal_ex(context_.get(), digest.data(), &size);
    std::string hex;
    for (unsigned i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
    return hex;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

}  // namespace

Result<std::string> ReadFile(const Path& path, std::int64_t limit_bytes) {
  TEGULA_ASSIGN_OR_RETURN(const RandomAccessFile file, RandomAccessFile::Open(path));
  if (file.size() > limit_bytes)
    return ExhaustedError(
        fmt::format("{} has {} bytes, more than the limit of {}", path.string(), file.size(), limit_bytes));
  std::string content(static_cast<std::size_t>(file.size()), '\0');
  TEGULA_TRY(file.Read(0, std::as_writable_bytes(std::span(content))));
  return content;
}

Status WriteFileWhole(const Path& path, std::string_view content) {
  TEGULA_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  TEGULA_TRY(file.Write(content));
  return file.Commit();
}

Result<std::string> Sha256OfFile(const Path& path) {
  TEGULA_ASSIGN_OR_RETURN(const RandomAccessFile file, RandomAccessFile::Open(path));
  Sha256 sum;
  std::vector<std::byte> buffer(1 << 20);
  for (std::int64_t at = 0; at < file.size();) {
    const auto piece =
        std::span(buffer).first(static_cast<std::size_t>(std::min<std::int64_t>(file.size() - at, 1 << 20)));
    TEGULA_TRY(file.Read(at, piece));
    sum.Add(piece.data(), piece.size());
    at += static_cast<std::int64_t>(piece.size());
  }
  return sum.Hex();
}

std::string Sha256OfBytes(std::string_view bytes) {
  Sha256 sum;
  sum.Add(bytes.data(), bytes.size());
  return sum.Hex();
}

Result<RandomAccessFile> RandomAccessFile::Open(const Path& path) {
  Descriptor descriptor{Uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); })};
  if (descriptor.number < 0) return SystemError("open", path, errno);
  struct stat info {};
  if (::fstat(descriptor.number, &info) != 0) return SystemError("open", path, errno);
  if (!S_ISREG(info.st_mode)) return InvalidError(path.string() + " is not a file");
  return RandomAccessFile(std::exchange(descriptor.number, -1), info.st_size, path);
}

RandomAccessFile::RandomAccessFile(RandomAccessFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), size_(other.size_), path_(std::move(other.path_)) {}

RandomAccessFile& RandomAccessFile::operator=(RandomAccessFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(size_, other.size_);
  std::swap(path_, other.path_);
  return *this;
}

RandomAccessFile::~RandomAccessFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Status RandomAccessFile::Read(std::int64_t offset, std::span<std::byte> out) const {
  while (!out.empty()) {
    const ssize_t read = Uninterrupted([&] { return ::pread(descriptor_, out.data(), out.size(), offset); });
    if (read < 0) return SystemError("read", path_, errno);
    if (read == 0)
      return CorruptError(fmt::format("{} ends at byte {}, before the data it announces", path_.string(), offset));
    out = out.subspan(static_cast<std::size_t>(read));
    offset += read;
  }
  return Ok();
}

Result<AtomicFile> AtomicFile::Create(const Path& path) {
  Path temporary = TemporaryName(path.parent_path(), path);
  const int descriptor =
      Uninterrupted([&] { return ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666); });
  if (descriptor < 0) return SystemError("create", path, errno);
  return AtomicFile(descriptor, path, std::move(temporary));
}

AtomicFile::AtomicFile(int descriptor, Path path, Path temporary)
    : descriptor_(descriptor), path_(std::move(path)), temporary_(std::move(temporary)) {}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      size_(other.size_),
      path_(std::move(other.path_)),
      temporary_(std::move(other.temporary_)),
      buffer_(std::move(other.buffer_)) {}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(temporary_.c_str());
}

Status AtomicFile::Append(std::string_view bytes) {
  TEGULA_TRY(WriteAt(descriptor_, size_, bytes, path_));
  size_ += static_cast<std::int64_t>(bytes.size());
  return Ok();
}

Status AtomicFile::Flush() {
  TEGULA_TRY(Append(buffer_));
  buffer_.clear();
  return Ok();
}

Status AtomicFile::Write(std::string_view bytes) {
  constexpr std::size_t kBufferBytes = 1 << 18;
  if (buffer_.size() + bytes.size() > kBufferBytes) TEGULA_TRY(Flush());
  if (bytes.size() > kBufferBytes) return Append(bytes);
  buffer_ += bytes;
  return Ok();
}

Status AtomicFile::Overwrite(std::int64_t offset, std::string_view bytes) {
  TEGULA_TRY(Flush());
  return WriteAt(descriptor_, offset, bytes, path_);
}

Status AtomicFile::Commit() {
  TEGULA_TRY(Flush());
  TEGULA_TRY(Synchronise(descriptor_, path_));
  Status closed = Close(std::exchange(descriptor_, -1), path_);
  if (closed.ok() && ::rename(temporary_.c_str(), path_.c_str()) != 0) closed = SystemError("write", path_, errno);
  if (!closed.ok()) ::unlink(temporary_.c_str());
  return closed;
}

Result<TemporaryFolder> TemporaryFolder::Create(std::string_view prefix) {
  std::error_code failed;
  const Path parent = std::filesystem::temp_directory_path(failed);
  if (failed) return IoError("there is no temporary folder: " + failed.message());
  return CreateIn(parent, prefix);
}

Result<TemporaryFolder> TemporaryFolder::CreateIn(const Path& parent, std::string_view prefix) {
  std::string pattern = (parent / fmt::format("{}.XXXXXX", prefix)).string();
  if (::mkdtemp(pattern.data()) == nullptr) return SystemError("create a folder in", parent, errno);
  return TemporaryFolder(Path(pattern));
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

// Not create_directories of the standard library, which takes a parent that it cannot look at for one that is missing.
Status MakeFolders(const Path& path) {
  if (path.empty()) return Ok();
  int number = ::mkdir(path.c_str(), 0777) == 0 ? 0 : errno;
  if (number == ENOENT && path.parent_path() != path) {
    TEGULA_TRY(MakeFolders(path.parent_path()));
    number = ::mkdir(path.c_str(), 0777) == 0 ? 0 : errno;
  }
  // Its parent is there by now, so that nothing is missing but the right to make folders of this kind of file system.
  if (number == ENOENT) number = EPERM;
  std::error_code failed;
  const bool is_there = number == EEXIST && std::filesystem::is_directory(path, failed);
  if (number != 0 && !is_there) return SystemError("create the folder", path, failed ? failed.value() : number);
  return Ok();
}

}  // namespace tegula
