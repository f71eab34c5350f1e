// image/thumbnail.h — a small picture of a whole image, for reports and lists.
#pragma once

#include <cstdint>
#include <span>

#include "tegula/core/status.h"
#include "tegula/image/source.h"

namespace tegula::image {

struct Thumbnail {
  Tensor pixels_cyx;        ///< element type of the image
  double downsample_y = 1;  ///< pixels of level 0 per pixel
  double downsample_x = 1;
};

/// One plane so that its longer edge has at most `max_edge` pixels (never enlarged), as means of areas of the coarsest
/// level that is large enough. `channels` as in ReadRequest. Memory is bounded; time is that of reading the level once.
Result<Thumbnail> ReadThumbnail(const Source& source, std::int64_t max_edge,
                                std::span<const std::int64_t> channels = {}, std::int64_t z = 0, std::int64_t t = 0);

}  // namespace tegula::image
