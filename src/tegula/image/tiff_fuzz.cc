// Any bytes as a TIFF and as a slide of Aperio: opened with small limits, and each level read from its corner.

#include <algorithm>
#include <cstdint>
#include <fstream>

#include "tegula/core/files.h"
#include "tegula/image/aperio_layout.h"
#include "tegula/image/tiff_source.h"

namespace {

using namespace tegula::image;  // lint-allow: a program of one page

constexpr tegula::Limits kLimits{.tensor_bytes = 1 << 26, .axis_size = 1 << 14, .channels = 16};
constexpr std::int64_t kEdge = 256, kCacheBytes = 1 << 24;

void ReadCorners(const std::string& name,
                 tegula::Result<TiffLayout> (*layout_of)(const TiffFile&, const tegula::Limits&)) {
  tegula::Result<TiffFile> file = TiffFile::Open(name);
  if (!file.ok()) return;
  tegula::Result<TiffLayout> layout = layout_of(*file, kLimits);
  if (!layout.ok()) return;
  const auto source = NewTiffSource(name, std::move(*file), std::move(*layout), kCacheBytes);
  const ImageInfo& info = source->info();
  for (std::size_t i = 0; i < info.levels.size(); ++i) {
    const Level& level = info.levels[i];
    const tegula::Box box{{0, std::min(level.height, kEdge)}, {0, std::min(level.width, kEdge)}};
    auto pixels = tegula::Tensor::Allocate(
        info.dtype, {static_cast<std::int64_t>(info.channels.size()), box.height(), box.width()});
    if (pixels.ok()) (void)source->Read({.level = static_cast<int>(i), .box = box}, pixels->view()).ok();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const tegula::TemporaryFolder folder = tegula::TemporaryFolder::Create("tegula-fuzz").value();
  const std::string file = (folder.path() / "a.tif").string();
  std::ofstream(file, std::ios::binary)  // lint-allow: nothing has to reach the disk
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  ReadCorners(file, &ReadTiffLayout);
  ReadCorners(file, &ReadAperioLayout);
  return 0;
}
