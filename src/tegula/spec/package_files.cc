#include "tegula/spec/package_files.h"

#include <fmt/format.h>
#include <zip.h>

#include <algorithm>
#include <map>
#include <optional>

#include "tegula/core/folders.h"
#include "tegula/core/system_error.h"

namespace tegula::spec {
namespace {

// Files are read where they lie.
class FolderFiles final : public PackageFiles {
 public:
  explicit FolderFiles(Path folder) : folder_(std::move(folder)) {}
  Result<std::vector<std::string>> Names() override {
    std::vector<std::string> names;
    std::error_code failed, ignored;
    for (std::filesystem::directory_iterator entry(folder_, failed), end; !failed && entry != end;
         entry.increment(failed))
      if (entry->is_regular_file(ignored)) names.push_back(entry->path().filename().string());
    if (failed) return SystemError("list", folder_, failed);
    return names;
  }
  Result<std::vector<std::string>> Below(const std::string& folder) override {
    std::vector<std::string> names;
    std::error_code failed, ignored;
    const Path top = folder.empty() ? folder_ : folder_ / folder;
    if (!std::filesystem::is_directory(top, ignored)) return names;
    for (std::filesystem::recursive_directory_iterator entry(top, failed), end; !failed && entry != end;
         entry.increment(failed))
      if (entry->is_regular_file(ignored)) names.push_back(entry->path().lexically_relative(folder_).generic_string());
    if (failed) return SystemError("list", top, failed);
    std::sort(names.begin(), names.end());
    return names;
  }
  Result<Path> OnDisk(const std::string& name, std::int64_t) override {
    std::error_code failed;
    const Path root = std::filesystem::canonical(folder_, failed);
    const Path real = failed ? Path() : std::filesystem::weakly_canonical(folder_ / name, failed);
    if (failed) return SystemError("follow the path", folder_ / name, failed);
    if (ConfinedName(real.lexically_relative(root).string()).ok()) return folder_ / name;
    return InvalidError(fmt::format("the file '{}' is a link that leads out of the package", name));
  }

 private:
  Path folder_;
};

// Weights hardly shrink, and tensors of zeros are small: files that shrink more than this many times may unpack to so
// much in all.
constexpr std::int64_t kMostSwelling = 100, kMostSwollenBytes = 128 << 20;

// Files are unpacked one by one when they are asked for.
class ZipFiles final : public PackageFiles {
 public:
  static Result<std::unique_ptr<PackageFiles>> Open(const Path& path, const Limits& limits,
                                                    bool (*is_root)(const std::vector<std::string>&)) {
    TEGULA_ASSIGN_OR_RETURN(const std::filesystem::file_type type, TypeOf(path));
    if (type != std::filesystem::file_type::regular)
      return InvalidError(fmt::format("{} is neither a file nor a folder", path.string()));
    int code = 0;
    zip_t* const archive = zip_open(path.c_str(), ZIP_RDONLY, &code);
    if (archive == nullptr) {
      zip_error_t error;
      zip_error_init_with_code(&error, code);
      const std::string reason = zip_error_strerror(&error);
      zip_error_fini(&error);
      return CorruptError(
          fmt::format("{} is neither a yaml file nor a zip that can be read: {}", path.string(), reason));
    }
    auto files = std::make_unique<ZipFiles>(archive, path);
    const zip_int64_t count = zip_get_num_entries(archive, 0);
    if (count > limits.archive_entries)
      return ExhaustedError(
          fmt::format("{} holds {} files, more than the limit of {}", path.string(), count, limits.archive_entries));
    files->FindRoot(count, is_root);
    TEGULA_ASSIGN_OR_RETURN(files->unpacked_, TemporaryFolder::Create("tegula-package"));
    return std::unique_ptr<PackageFiles>(std::move(files));
  }

  ZipFiles(zip_t* archive, Path path) : archive_(archive, &zip_discard), path_(std::move(path)) {}

  Result<std::vector<std::string>> Names() override { return names_; }

  Result<std::vector<std::string>> Below(const std::string& folder) override {
    const std::string prefix = root_ + (folder.empty() ? "" : folder + "/");
    std::vector<std::string> names;
    const zip_int64_t count = zip_get_num_entries(archive_.get(), 0);
    for (zip_int64_t i = 0; i < count; ++i) {
      const char* entry = zip_get_name(archive_.get(), static_cast<zip_uint64_t>(i), 0);
      const std::string_view path = entry == nullptr ? "" : entry;
      if (!path.starts_with(prefix) || path.ends_with('/')) continue;
      TEGULA_ASSIGN_OR_RETURN(std::string name, ConfinedName(std::string(path.substr(root_.size()))));
      names.push_back(std::move(name));
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  Result<Path> OnDisk(const std::string& name, std::int64_t limit_bytes) override {
    const Path target = unpacked_->path() / name;
    std::error_code ignored;
    if (std::filesystem::exists(target, ignored)) return target;
    const std::string entry = root_ + name;
    TEGULA_ASSIGN_OR_RETURN(const std::int64_t size, CheckEntry(entry, limit_bytes));
    TEGULA_TRY(MakeFolders(target.parent_path()));
    TEGULA_TRY(Unpack(entry, size, target));
    return target;
  }

 private:
  void FindRoot(zip_int64_t count, bool (*is_root)(const std::vector<std::string>&)) {
    std::map<std::string, std::vector<std::string>> folders;
    for (zip_int64_t i = 0; i < count; ++i) {
      const char* name = zip_get_name(archive_.get(), static_cast<zip_uint64_t>(i), 0);
      const std::string_view path = name == nullptr ? "" : name;
      const std::size_t slash = path.find('/');
      const std::string_view folder = slash == std::string_view::npos ? "" : path.substr(0, slash + 1);
      const std::string_view file = path.substr(folder.size());
      if (!file.empty() && file.find('/') == std::string_view::npos) folders[std::string(folder)].emplace_back(file);
    }
    names_ = folders[""];
    if (is_root(names_)) return;
    for (auto& [folder, files] : folders) {
      if (folder.empty() || !ConfinedName(folder).ok() || !is_root(files)) continue;
      root_ = folder;
      names_ = std::move(files);
      return;
    }
  }

  // The size of an entry, if it is an ordinary file that may be unpacked.
  Result<std::int64_t> CheckEntry(const std::string& entry, std::int64_t limit_bytes) {
    const zip_int64_t index = zip_name_locate(archive_.get(), entry.c_str(), 0);
    zip_stat_t info;
    zip_stat_init(&info);
    if (index < 0 || zip_stat_index(archive_.get(), static_cast<zip_uint64_t>(index), 0, &info) != 0)
      return NotFoundError(fmt::format("{} does not hold the file {}", path_.string(), entry));
    zip_uint8_t system = 0;
    zip_uint32_t attributes = 0;
    zip_file_get_external_attributes(archive_.get(), static_cast<zip_uint64_t>(index), 0, &system, &attributes);
    constexpr zip_uint32_t kTypeMask = 0170000, kLink = 0120000;  // of st_mode, in the upper half
    if (system == ZIP_OPSYS_UNIX && ((attributes >> 16) & kTypeMask) == kLink)
      return InvalidError(fmt::format("{} in {} is a link, which packages may not hold", entry, path_.string()));
    if ((info.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 && info.encryption_method != ZIP_EM_NONE)
      return UnsupportedError(fmt::format("{} in {} is encrypted; unpack it first", entry, path_.string()));
    if ((info.valid & ZIP_STAT_SIZE) == 0 || info.size > static_cast<zip_uint64_t>(limit_bytes))
      return ExhaustedError(
          fmt::format("{} in {} unpacks to more than the {} bytes allowed", entry, path_.string(), limit_bytes));
    const auto size = static_cast<std::int64_t>(info.size);
    const bool is_swollen =
        (info.valid & ZIP_STAT_COMP_SIZE) != 0 && size / kMostSwelling > static_cast<std::int64_t>(info.comp_size);
    if (is_swollen) swollen_bytes_ += size;
    if (swollen_bytes_ > kMostSwollenBytes)
      return ExhaustedError(fmt::format(
          "{} in {} unpacks to {} times its size, as archives do that are made to fill disks; unpack it "
          "yourself if you trust it",
          entry, path_.string(), size / std::max<std::int64_t>(1, static_cast<std::int64_t>(info.comp_size))));
    return size;
  }

  Status Unpack(const std::string& entry, std::int64_t size, const Path& target) {
    const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> file(zip_fopen(archive_.get(), entry.c_str(), 0),
                                                                 &zip_fclose);
    if (file == nullptr)
      return CorruptError(fmt::format("{} in {}: {}", entry, path_.string(), zip_strerror(archive_.get())));
    TEGULA_ASSIGN_OR_RETURN(AtomicFile out, AtomicFile::Create(target));
    std::string buffer(1 << 20, '\0');
    for (std::int64_t left = size; left > 0;) {
      const zip_int64_t read =
          zip_fread(file.get(), buffer.data(), std::min<zip_uint64_t>(buffer.size(), static_cast<zip_uint64_t>(left)));
      if (read <= 0)
        return CorruptError(
            fmt::format("{} in {} is damaged: {}", entry, path_.string(), zip_file_strerror(file.get())));
      TEGULA_TRY(out.Write(std::string_view(buffer).substr(0, static_cast<std::size_t>(read))));
      left -= read;
    }
    char end = 0;
    if (zip_fread(file.get(), &end, 1) != 0)
      return CorruptError(fmt::format("{} in {} is damaged: {}", entry, path_.string(), zip_file_strerror(file.get())));
    return out.Commit();
  }

  std::unique_ptr<zip_t, void (*)(zip_t*)> archive_;
  Path path_;
  std::string root_;
  std::vector<std::string> names_;
  std::optional<TemporaryFolder> unpacked_;
  std::int64_t swollen_bytes_ = 0;  // unpacked from entries that shrank suspiciously
};

}  // namespace

Result<std::string> ConfinedName(const std::string& source) {
  if (source.find("://") != std::string::npos)
    return UnsupportedError(fmt::format("{} lies on the network; download the package with its files first", source));
  if (source.find('\0') != std::string::npos || source.find('\\') != std::string::npos)
    return InvalidError(fmt::format("the path '{}' holds a character that paths in packages may not have", source));
  const Path path = Path(source).lexically_normal();
  if (path.empty() || path == "." || path.is_absolute() || *path.begin() == "..")
    return InvalidError(fmt::format("the path '{}' leads out of the package", source));
  return path.generic_string();
}

std::unique_ptr<PackageFiles> NewFolderFiles(Path folder) { return std::make_unique<FolderFiles>(std::move(folder)); }

Result<std::unique_ptr<PackageFiles>> OpenZipFiles(const Path& path, const Limits& limits,
                                                   bool (*is_root)(const std::vector<std::string>& names)) {
  return ZipFiles::Open(path, limits, is_root);
}

}  // namespace tegula::spec
