#include "tegula/image/openslide_library.h"

#include <fmt/format.h>

#include <vector>

#include "tegula/core/text.h"

namespace tegula::image {
namespace {

constexpr const char* kLibrary = "libopenslide.so.1";
constexpr const char* kOlderLibrary = "libopenslide.so.0";
constexpr std::int64_t kVersionWithAllFormats = 4;

// As an address: g++ 12 takes a Result of a function for a shadowed declaration.
template <class F>
Status Find(const SharedLibrary& library, const char* name, F*& function) {
  TEGULA_ASSIGN_OR_RETURN(void* const address, library.Function<void>(name));
  function = reinterpret_cast<F*>(address);
  return Ok();
}

Result<OpenSlideLibrary> LoadOne(const Path& path) {
  TEGULA_ASSIGN_OR_RETURN(const SharedLibrary library, SharedLibrary::Load(path));
  OpenSlideLibrary api;
  TEGULA_TRY(Find(library, "openslide_detect_vendor", api.detect_vendor));
  TEGULA_TRY(Find(library, "openslide_open", api.open));
  TEGULA_TRY(Find(library, "openslide_close", api.close));
  TEGULA_TRY(Find(library, "openslide_get_error", api.get_error));
  TEGULA_TRY(Find(library, "openslide_get_level_count", api.get_level_count));
  TEGULA_TRY(Find(library, "openslide_get_level_dimensions", api.get_level_dimensions));
  TEGULA_TRY(Find(library, "openslide_get_level_downsample", api.get_level_downsample));
  TEGULA_TRY(Find(library, "openslide_get_property_value", api.get_property_value));
  TEGULA_TRY(Find(library, "openslide_read_region", api.read_region));
  const char* (*get_version)() = nullptr;
  TEGULA_TRY(Find(library, "openslide_get_version", get_version));
  api.version = get_version();
  return api;
}

std::vector<Path> Candidates() {
  std::vector<Path> paths;
  if (const Result<Path> program = ExecutablePath(); program.ok()) {
    const Path folder = program->parent_path();
    for (const char* place : {".", "../lib/tegula", "../.deps/engines/openslide_bin"}) {
      std::error_code ignored;
      const Path path = folder / place / kLibrary;
      if (std::filesystem::exists(path, ignored)) paths.push_back(path);
    }
  }
  paths.emplace_back(Path(TEGULA_OPENSLIDE_FOLDER) / kLibrary);
  paths.emplace_back(kLibrary);
  paths.emplace_back(kOlderLibrary);
  return paths;
}

}  // namespace

std::string OpenSlideLibrary::Description() const {
  const std::optional<std::int64_t> major = ParseInt(Split(version, '.').front());
  if (major && *major >= kVersionWithAllFormats) return "OpenSlide " + version;
  return fmt::format("OpenSlide {}, which does not read DICOM and Zeiss slides; version 4 of PyPI's openslide-bin does",
                     version);
}

Result<OpenSlideLibrary> OpenSlideLibrary::Load(std::span<const Path> candidates) {
  std::string reasons;
  for (const Path& path : candidates) {
    Result<OpenSlideLibrary> loaded = LoadOne(path);
    if (loaded.ok()) return loaded;
    reasons += (reasons.empty() ? "" : "; ") + loaded.error().what;
  }
  return UnsupportedError(
      fmt::format("OpenSlide is not installed; `tools/setup` or Debian's libopenslide0 provide it ({})", reasons));
}

const Result<OpenSlideLibrary>& OpenSlideLibrary::Get() {
  static const Result<OpenSlideLibrary> library = Load(Candidates());
  return library;
}

}  // namespace tegula::image
