// image/tiff_metadata.h — inside the module: what plain and ImageJ TIFFs say about themselves.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tegula/core/status.h"
#include "tegula/image/source.h"
#include "tegula/image/tiff_file.h"

namespace tegula::image {

/// ImageJ's description: lines of key=value (ij.io.FileInfo). Planes lie in the order channel, slice, frame.
struct ImageJDescription {
  std::int64_t images = 1;
  std::optional<std::int64_t> channels, slices, frames;
  std::string unit;
  bool composite = false;  ///< mode=composite: samples are channels and no colour
};

bool LooksLikeImageJ(std::string_view description);
/// kCorrupt for counts that are no counts.
Result<ImageJDescription> ParseImageJ(std::string_view description);

/// ImageJ's pixel size: the resolution tags count pixels per `unit`.
std::optional<PixelSize> ImageJPixelSize(const TiffPage& page, std::string_view unit);

/// The pixel size that the resolution tags of a plain TIFF state. Most programs write the resolution of a printer or a
/// screen there; so only pixels per inch or centimetre count, only from 0.01 to 100 µm, and none of the usual dots per
/// inch.
std::optional<PixelSize> ResolutionPixelSize(const TiffPage& page);

}  // namespace tegula::image
