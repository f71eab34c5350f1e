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

}  // namespace

bool ProbeAperio(const ProbeInput& input) {
  if (!ProbeTiff(input)) return false;
  const Result<TiffFile> file = TiffFile::Open(input.name);
  if (!file.ok()) return false;
  const Result<TiffPage> first = file->ReadFirstPage();
  return first.ok() && IsAperio(*first);
}

Result<std::unique_ptr<Source>> OpenAperio(const std::string& name, const Access& access) {
  Result<std::unique_ptr<Source>> direct = OpenDirectly(name, access);
  if (direct.ok() || direct.error().code != Code::kUnsupported) return std::move(direct).Context(name);
  if (const Status there = SlidesAvailable(); !there.ok())
    return UnsupportedError(fmt::format("{}: {}, and {}", name, direct.error().what, there.error().what));
  return OpenSlide(name, access);
}

}  // namespace tegula::image
