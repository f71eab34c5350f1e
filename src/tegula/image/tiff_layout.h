// image/tiff_layout.h — inside the module: which page of a TIFF holds which plane of the image.
//
// A TIFF is a list of pages. What they mean follows from the first of these that applies:
//   1. OME-XML in the first page: its DimensionOrder and TiffData; levels are SubIFDs. Of several images the first one.
//   2. ImageJ's description: channels, slices, frames, in this order; a single page may hold the channels as samples.
//   3. Otherwise pages of equal size and type are a z stack, as ImageJ and tifffile take them, and smaller pages that
//   are marked
//      as reduced versions, or SubIFDs, are the levels of the page before.
// Anything else (planes in other files, pages of differing sizes without a mark) is refused: taking the first page
// would leave out data without a word.
#pragma once

#include <cstdint>
#include <vector>

#include "tegula/image/source.h"
#include "tegula/image/tiff_file.h"

namespace tegula::image {

/// Where one channel of one plane of one level lies.
struct PlaneRef {
  std::int32_t page = -1;  ///< index into TiffLayout::pages
  std::int32_t sample = 0;
  friend constexpr bool operator==(PlaneRef, PlaneRef) = default;
};

struct TiffLayout {
  ImageInfo info;
  std::vector<TiffPage> pages;
  std::vector<PlaneRef> planes;  ///< by level, t, z, channel: the last runs fastest

  PlaneRef At(int level, std::int64_t t, std::int64_t z, std::int64_t c) const noexcept {
    const auto channels = static_cast<std::int64_t>(info.channels.size());
    return planes[static_cast<std::size_t>(((level * info.size_t + t) * info.size_z + z) * channels + c)];
  }
};

/// Reads the structure of the file. kCorrupt where it contradicts itself, kUnsupported as said above.
Result<TiffLayout> ReadTiffLayout(const TiffFile& file, const Limits& limits);

}  // namespace tegula::image
