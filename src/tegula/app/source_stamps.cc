#include "tegula/app/source_stamps.h"

#include <fmt/format.h>

#include "tegula/core/folders.h"
#include "tegula/core/random.h"
#include "tegula/core/system_error.h"
#include "tegula/image/companions.h"
#include "tegula/net/address.h"

namespace tegula::app {
namespace {

namespace fs = std::filesystem;

// What can be seen of files without reading them, in whatever order the system names them.
class Look {
 public:
  Status AddFile(const Path& file, const std::string& name) {
    std::error_code failed;
    const std::uintmax_t bytes = fs::file_size(file, failed);
    const auto changed = failed ? fs::file_time_type() : fs::last_write_time(file, failed);
    if (failed) return SystemError("look at", file, failed);
    bytes_ += bytes;
    ++files_;
    changed_ = changed.time_since_epoch().count();
    fingerprint_ += Fingerprint(fmt::format("{}\n{}\n{}", name, bytes, changed_));
    return Ok();
  }

  Status AddFolder(const Path& folder) {
    std::error_code failed;
    for (fs::recursive_directory_iterator entry(folder, failed), end; !failed && entry != end;
         entry.increment(failed)) {
      TEGULA_ASSIGN_OR_RETURN(const fs::file_type type, TypeOf(entry->path()));
      if (type == fs::file_type::regular)
        TEGULA_TRY(AddFile(entry->path(), entry->path().lexically_relative(folder).string()));
    }
    if (failed) return SystemError("list", folder, failed);
    is_many_ = true;
    return Ok();
  }

  std::string ToText() const {
    return is_many_ || files_ > 1
               ? fmt::format("{} bytes in {} files with the fingerprint {:016x}", bytes_, files_, fingerprint_)
               : fmt::format("{} bytes of {}", bytes_, changed_);
  }

 private:
  static std::uint64_t Fingerprint(std::string_view facts) {
    std::uint64_t hash = 0;
    for (const char c : facts) hash = Mix(hash ^ static_cast<unsigned char>(c));
    return hash;
  }

  std::uintmax_t bytes_ = 0;
  std::int64_t files_ = 0;
  fs::file_time_type::rep changed_ = 0;
  std::uint64_t fingerprint_ = 0;
  bool is_many_ = false;
};

}  // namespace

Result<std::string> StampOf(const std::string& name, const image::Access& access) {
  if (net::IsAddress(name)) {
    TEGULA_ASSIGN_OR_RETURN(const std::unique_ptr<image::Source> source, image::Open(name, access));
    return source->info().state;
  }
  TEGULA_ASSIGN_OR_RETURN(const fs::file_type type, TypeOf(name));
  Look look;
  if (type == fs::file_type::directory) {
    TEGULA_TRY(look.AddFolder(name));
    return look.ToText();
  }
  if (type != fs::file_type::regular) return name;
  TEGULA_TRY(look.AddFile(name, Path(name).filename().string()));
  TEGULA_ASSIGN_OR_RETURN(const std::vector<Path> companions, image::CompanionsOf(name));
  for (const Path& companion : companions) {
    TEGULA_ASSIGN_OR_RETURN(const fs::file_type kind, TypeOf(companion));
    if (kind == fs::file_type::directory) TEGULA_TRY(look.AddFolder(companion));
    if (kind == fs::file_type::regular) TEGULA_TRY(look.AddFile(companion, companion.filename().string()));
  }
  return look.ToText();
}

void SourceStamps::Add(const std::string& name) {
  if (!stamps_.contains(name)) stamps_.emplace(name, StampOf(name, access_));
}

Result<std::string> SourceStamps::Of(const std::string& name) const {
  const auto stamp = stamps_.find(name);
  TEGULA_ASSERT(stamp != stamps_.end());
  return stamp->second;
}

Result<bool> SourceStamps::IsAsItWas(const std::string& name) const {
  TEGULA_ASSIGN_OR_RETURN(const std::string was, Of(name));
  TEGULA_ASSIGN_OR_RETURN(const std::string is, StampOf(name, access_));
  return is == was;
}

}  // namespace tegula::app
