// image/testing/slide_writer.h — TIFFs with JPEG blocks as scanners and converters write them: pyramids of tiles, and
// strips for the pictures beside them. Written by libtiff.
#pragma once

#include <gtest/gtest.h>
#include <tiffio.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "tegula/core/files.h"

namespace tegula::image::testing {

/// One page as it is to be written.
struct SlidePage {
  std::int64_t height = 300;
  std::int64_t width = 200;
  std::int64_t tile = 64;  ///< edge; 0: strips of 16 rows
  bool ycbcr = false;      ///< else RGB that JPEG did not transform, as Aperio writes it
  int subsampling = 2;     ///< of the colours along both axes, in YCbCr
  int quality = 80;
  bool reduced = false;
  std::string description = {};
  std::string software = {};
  std::vector<std::uint32_t> missing = {};   ///< numbers of the tiles that are not written
  const std::uint8_t* pixels_yxc = nullptr;  ///< null: SlidePixel
};

/// A smooth pattern with noise, different for every page.
inline std::uint8_t SlidePixel(std::size_t page, std::int64_t y, std::int64_t x, std::int64_t c) {
  const auto noise =
      static_cast<std::int64_t>((static_cast<std::uint64_t>(y * 7919 + x * 104729 + c * 31) * 2654435761U) >> 7);
  return static_cast<std::uint8_t>(40 + (y / 3 + 2 * x + 60 * c + 25 * static_cast<std::int64_t>(page)) % 160 +
                                   noise % 24);
}

inline void SetSlideTags(TIFF* tiff, const SlidePage& page) {
  TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, static_cast<std::uint32_t>(page.height));
  TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, static_cast<std::uint32_t>(page.width));
  TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 3);
  TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 8);
  TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
  TIFFSetField(tiff, TIFFTAG_COMPRESSION, COMPRESSION_JPEG);
  TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, page.ycbcr ? PHOTOMETRIC_YCBCR : PHOTOMETRIC_RGB);
  if (page.ycbcr) {
    TIFFSetField(tiff, TIFFTAG_YCBCRSUBSAMPLING, page.subsampling, page.subsampling);
    TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
  }
  TIFFSetField(tiff, TIFFTAG_JPEGQUALITY, page.quality);
  if (page.reduced) TIFFSetField(tiff, TIFFTAG_SUBFILETYPE, FILETYPE_REDUCEDIMAGE);
  if (!page.description.empty()) TIFFSetField(tiff, TIFFTAG_IMAGEDESCRIPTION, page.description.c_str());
  if (!page.software.empty()) TIFFSetField(tiff, TIFFTAG_SOFTWARE, page.software.c_str());
  if (page.tile > 0) {
    TIFFSetField(tiff, TIFFTAG_TILELENGTH, static_cast<std::uint32_t>(page.tile));
    TIFFSetField(tiff, TIFFTAG_TILEWIDTH, static_cast<std::uint32_t>(page.tile));
  } else {
    TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, 16);
  }
}

inline void WriteSlidePage(TIFF* tiff, const SlidePage& page, std::size_t number) {
  SetSlideTags(tiff, page);
  const std::int64_t bh = page.tile > 0 ? page.tile : 16, bw = page.tile > 0 ? page.tile : page.width;
  std::vector<std::uint8_t> block(static_cast<std::size_t>(bh * bw * 3));
  std::uint32_t index = 0;
  for (std::int64_t y0 = 0; y0 < page.height; y0 += bh) {
    for (std::int64_t x0 = 0; x0 < page.width; x0 += bw, ++index) {
      if (std::find(page.missing.begin(), page.missing.end(), index) != page.missing.end()) continue;
      const std::int64_t rows = page.tile > 0 ? bh : std::min(bh, page.height - y0);
      for (std::int64_t y = 0; y < rows; ++y)
        for (std::int64_t x = 0; x < bw; ++x)
          for (std::int64_t c = 0; c < 3; ++c) {
            // Beyond the edge the last pixel goes on, as encoders have it.
            const std::int64_t iy = std::min(y0 + y, page.height - 1), ix = std::min(x0 + x, page.width - 1);
            block[static_cast<std::size_t>((y * bw + x) * 3 + c)] =
                page.pixels_yxc != nullptr ? page.pixels_yxc[(iy * page.width + ix) * 3 + c]
                                           : SlidePixel(number, iy, ix, c);
          }
      const auto size = static_cast<tmsize_t>(rows * bw * 3);
      ASSERT_EQ(page.tile > 0 ? TIFFWriteEncodedTile(tiff, index, block.data(), size)
                              : TIFFWriteEncodedStrip(tiff, index, block.data(), size),
                size);
    }
  }
  ASSERT_EQ(TIFFWriteDirectory(tiff), 1);
}

/// `mode` as TIFFOpen's.
inline void WriteSlide(const Path& path, const std::vector<SlidePage>& pages, const char* mode = "w") {
  TIFF* const tiff = TIFFOpen(path.c_str(), mode);
  ASSERT_NE(tiff, nullptr);
  for (std::size_t i = 0; i < pages.size(); ++i) WriteSlidePage(tiff, pages[i], i);
  TIFFClose(tiff);
}

}  // namespace tegula::image::testing
