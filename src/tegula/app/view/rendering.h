// app/view/rendering.h — an image as a viewer shows it: a pyramid of small pictures in screen colours.
//
// The pyramid is that of Deep Zoom: level N is the whole image, each level below has half its pixels along an edge
// (rounded up), level 0 is one pixel; each is cut into tiles of 256. Pixels of coarser levels are means of areas, as
// image/resample.h makes them. What is shown is for eyes: measurements are taken of pixels, never of this.
#pragma once

#include <cstdint>
#include <vector>

#include "tegula/image/pixel_grid.h"
#include "tegula/image/source.h"

namespace tegula::app {

inline constexpr std::int64_t kShownTile = 256;

/// How one channel is shown: its values from `low` to `high` become black to its colour.
struct ChannelLook {
  std::int64_t channel = 0;
  image::Rgb colour;
  double low = 0, high = 255;
};

struct Look {
  std::vector<ChannelLook> channels;  ///< added to each other; empty: an RGB image of 8 bits as it is
  std::int64_t z = 0, t = 0;
};

/// Levels of the pyramid of an image of this size, at least one.
int ShownLevels(std::int64_t height, std::int64_t width);
/// An edge of a level, in pixels, of one of `size` at the last of `levels`.
std::int64_t ShownSize(std::int64_t size, int levels, int level);
/// The pixels of a level, made of the best level of the image. `level` is one of them.
image::PixelGrid ShownGrid(const image::ImageInfo& info, int level);
/// The part of a level that a tile covers. kNotFound for a tile that is not there.
Result<Box> ShownBox(std::int64_t height, std::int64_t width, int level, std::int64_t tile_y, std::int64_t tile_x);

/// kInvalid for a plane that the image does not have.
Status CheckPlane(const image::ImageInfo& info, std::int64_t z, std::int64_t t);
/// kInvalid for channels or planes that the image does not have, and for a look without channels of an image that is
/// not RGB of 8 bits.
Status CheckLook(const image::ImageInfo& info, const Look& look);
/// One tile, uint8 as (y, x, RGB). Errors of CheckLook, ShownBox and reading. Threads: safe.
Result<Tensor> RenderTile(const image::Source& source, const Look& look, int level, std::int64_t tile_y,
                          std::int64_t tile_x);

}  // namespace tegula::app
