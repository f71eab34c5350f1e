// image/tiff_page.h — inside the module: one page of a TIFF as a plain struct, and whether its pixels can be read.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "tegula/core/limits.h"
#include "tegula/core/status.h"
#include "tegula/tensor/dtype.h"

namespace tegula::image {

/// What the colour numbers of a page mean (the values of the TIFF standard that are told apart here).
enum class Photometric : std::uint16_t {
  kMinIsWhite = 0,
  kMinIsBlack = 1,
  kRgb = 2,
  kPalette = 3,
  kMask = 4,
  kSeparated = 5,
  kYCbCr = 6
};

/// Blocks are decoded whole, so this bounds memory.
inline constexpr std::int64_t kMaxBlockBytes = 1LL << 30;

/// One directory of a TIFF, as it stands in the file: not yet checked whether it can be read as an image.
struct TiffPage {
  std::uint64_t offset = 0;  ///< of the directory in the file: its name
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t block_height = 0;  ///< of a tile, or of a strip over the whole width
  std::int64_t block_width = 0;
  bool tiled = false;
  bool planar = false;     ///< each sample has blocks of its own
  std::int64_t depth = 1;  ///< images that lie in each other's blocks (ImageDepth)
  std::int64_t samples = 1;
  int bits = 1;
  int sample_format = 1;  ///< 1 unsigned, 2 signed, 3 floating point
  int compression = 1;
  Photometric photometric = Photometric::kMinIsBlack;
  std::vector<std::uint16_t> extra_samples;  ///< 0 unspecified, 1 premultiplied alpha, 2 alpha
  bool reduced = false;                      ///< marked as a smaller version of another page
  bool mask = false;                         ///< marked as a transparency mask
  std::vector<std::uint64_t> sub_pages;      ///< offsets of SubIFDs
  double x_resolution = 0;                   ///< pixels per unit; 0: not stated
  double y_resolution = 0;
  int resolution_unit = 2;  ///< 1 none, 2 inch, 3 centimetre
  std::string description;  ///< ImageDescription; ReadPages keeps that of the first page only

  /// kUnsupported, with one sentence, if the page's pixels cannot be read; `palette_is_display`: a palette does not
  /// change what the numbers mean (ImageJ's look-up tables).
  Status CheckReadable(const Limits& limits, bool palette_is_display) const;
  /// The element type; only after CheckReadable.
  DType dtype() const;
  /// Tiles whose streams libjpeg reads by itself (jpeg_block.h): 8 bits, grey or three colours side by side.
  bool has_jpeg_tiles() const noexcept;
  bool is_colour() const noexcept { return photometric == Photometric::kRgb || photometric == Photometric::kYCbCr; }
  /// Samples that are not alpha.
  std::int64_t colour_samples() const noexcept;

  std::int64_t blocks_down() const noexcept { return (height + block_height - 1) / block_height; }
  std::int64_t blocks_across() const noexcept { return (width + block_width - 1) / block_width; }
  std::int64_t samples_per_block() const noexcept { return planar ? 1 : samples; }
  /// Rows that block row `y` holds: the last strip is cut at the image's edge, tiles are whole.
  std::int64_t rows_of(std::int64_t block_y) const noexcept { return tiled ? block_height : rows_inside(block_y); }
  /// Those of them that belong to the image.
  std::int64_t rows_inside(std::int64_t block_y) const noexcept {
    return std::min(block_height, height - block_y * block_height);
  }
};

}  // namespace tegula::image
