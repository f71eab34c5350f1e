// Slides that are TIFFs with JPEG tiles, each by the rules of its scanner; what these leave to OpenSlide goes there.
#include <fmt/format.h>

#include "tegula/image/aperio_layout.h"
#include "tegula/image/formats.h"
#include "tegula/image/tiff_source.h"

namespace tegula::image {
namespace {

Result<std::unique_ptr<Source>> OpenDirectly(const std::string& name, const Access& access) {
  TEGULA_ASSIGN_OR_RETURN(TiffFile file, TiffFile::Open(name));
  TEGULA_ASSIGN_OR_RETURN(TiffLayout layout, ReadAperioLayout(file, access.limits));
  return NewTiffSource(name, std::move(file), std::move(layout), access.cache_bytes);
}

Result<bool> IsAperioFile(const std::string& name) {
  TEGULA_ASSIGN_OR_RETURN(const TiffFile file, TiffFile::Open(name));
  TEGULA_ASSIGN_OR_RETURN(const TiffPage first, file.ReadFirstPage());
  return IsAperio(first);
}

}  // namespace

bool ProbeAperio(const ProbeInput& input) {
  if (!ProbeTiff(input)) return false;
  const Result<bool> is_aperio = IsAperioFile(input.name);
  // What cannot be looked at now may be one, whose pixel size the general reader does not know: opening it tells.
  return is_aperio.ok() ? *is_aperio : is_aperio.error().code == Code::kIo;
}

Result<std::unique_ptr<Source>> OpenAperio(const std::string& name, const Access& access) {
  TEGULA_ASSIGN_OR_RETURN(const bool is_aperio, IsAperioFile(name).Context(name));
  if (!is_aperio) return OpenTiff(name, access);
  Result<std::unique_ptr<Source>> direct = OpenDirectly(name, access);
  if (direct.ok() || direct.error().code != Code::kUnsupported) return std::move(direct).Context(name);
  if (const Status there = SlidesAvailable(); !there.ok())
    return UnsupportedError(fmt::format("{}: {}, and {}", name, direct.error().what, there.error().what));
  return OpenSlide(name, access);
}

}  // namespace tegula::image
