// image/pixel_grid.h — an image on a pixel grid: a level as it is, or the best level resampled.
#pragma once

#include <cstdint>
#include <optional>

#include "tegula/core/status.h"
#include "tegula/image/resample.h"
#include "tegula/image/source.h"

namespace tegula::image {

/// Pixels of level 0 per pixel.
struct Downsample {
  double y = 1;
  double x = 1;
};

struct PixelGrid {
  int level = 0;  ///< that is read
  bool resampled = false;
  AxisGrid y, x;  ///< from the level's pixels to those of the grid
  Downsample downsample;

  static PixelGrid OfLevel(const ImageInfo& info, std::size_t level);
  /// Resampled from the coarsest level that is nowhere coarser than asked; from level 0 if all are. kUnsupported if
  /// that would have more pixels along an axis than Limits allows.
  static Result<PixelGrid> WithDownsample(const ImageInfo& info, const Downsample& downsample);
  /// The whole image so that its longer edge has at most `max_edge` pixels (never enlarged), as means of areas of the
  /// coarsest level that is large enough.
  static PixelGrid WithEdge(const ImageInfo& info, std::int64_t max_edge);

  std::int64_t height() const noexcept { return y.out_size; }
  std::int64_t width() const noexcept { return x.out_size; }

  /// One plane on this grid: `request` says which, and which channels; its level and box are this grid's business,
  /// and its overlap counts pixels of the grid.
  Status Read(const Source& source, ReadRequest request, const Box& box, const View& out_cyx) const;
};

}  // namespace tegula::image
