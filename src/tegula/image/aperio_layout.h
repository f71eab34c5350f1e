// image/aperio_layout.h — inside the module: the pages of an Aperio slide (.svs), a TIFF.
//
// The rules are OpenSlide's: tiled pages are the levels, in the order of the file; the others are pictures beside the
// slide (thumbnail, label, macro). OpenSlide renders regions, which costs five times what decoding does; so slides that
// need nothing of that are read without it.
#pragma once

#include "tegula/image/tiff_layout.h"

namespace tegula::image {

/// Whether the file says that it is from Aperio; by its first page.
bool IsAperio(const TiffPage& first);

/// Levels, pixel size and downsamples as OpenSlide has them. kUnsupported, with the reason, for what is OpenSlide's:
/// compressions other than JPEG of 8 bits, missing tiles (it fills them from the level before), and what it refuses.
Result<TiffLayout> ReadAperioLayout(const TiffFile& file, const Limits& limits);

}  // namespace tegula::image
