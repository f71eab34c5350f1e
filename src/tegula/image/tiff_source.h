// image/tiff_source.h — inside the module: the source of every TIFF whose layout is known.
#pragma once

#include <memory>
#include <string>

#include "tegula/image/source.h"
#include "tegula/image/tiff_file.h"
#include "tegula/image/tiff_layout.h"

namespace tegula::image {

/// `name` goes into errors, `cache_bytes` is Access's.
std::unique_ptr<Source> NewTiffSource(std::string name, TiffFile file, TiffLayout layout, std::int64_t cache_bytes);

}  // namespace tegula::image
