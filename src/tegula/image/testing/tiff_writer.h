// image/testing/tiff_writer.h — small TIFFs of every layout, written with libtiff. The pixel at (c, y, x) of plane p is
// known.
#pragma once

#include <gtest/gtest.h>
#include <tiffio.h>

#include <cstring>
#include <string>
#include <vector>

#include "tegula/core/files.h"
#include "tegula/tensor/tensor.h"

namespace tegula::image::testing {

/// One page as it is to be written.
struct PageSpec {
  std::int64_t height = 75;
  std::int64_t width = 53;
  std::int64_t samples = 1;
  DType dtype = DType::kU8;
  std::int64_t tile = 0;  ///< edge; 0: strips of 16 rows
  bool planar = false;
  int compression = COMPRESSION_NONE;
  int photometric = -1;  ///< -1: RGB for three samples, else min-is-black
  std::vector<std::uint16_t> extra_samples = {};
  bool reduced = false;
  int sub_pages = 0;  ///< so many of the next pages become SubIFDs of this one
  double per_centimetre = 0;
  int resolution_unit = RESUNIT_CENTIMETER;
  std::string description = {};
  int plane = 0;  ///< goes into the values
};

template <class T>
T ExpectedValue(int plane, std::int64_t c, std::int64_t y, std::int64_t x) {
  const std::int64_t value = (plane * 31 + c * 57 + y * 7 + x * 3) % 120;
  if constexpr (std::is_floating_point_v<T>)
    return static_cast<T>(value) / T{8} - T{5};
  else if constexpr (std::is_signed_v<T>)
    return static_cast<T>(value - 60);
  else
    return static_cast<T>(sizeof(T) > 1 ? value * 257 : value);
}

/// The pixels as a (channel, y, x) tensor.
inline Tensor ExpectedPixels(const PageSpec& page) {
  Tensor out = Tensor::Allocate(page.dtype, {page.samples, page.height, page.width}).value();
  VisitDType(page.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    std::size_t i = 0;
    for (std::int64_t c = 0; c < page.samples; ++c)
      for (std::int64_t y = 0; y < page.height; ++y)
        for (std::int64_t x = 0; x < page.width; ++x) out.values<T>()[i++] = ExpectedValue<T>(page.plane, c, y, x);
  });
  return out;
}

inline void SetTags(TIFF* tiff, const PageSpec& page) {
  const int photometric = page.photometric >= 0 ? page.photometric
                          : page.samples == 3   ? PHOTOMETRIC_RGB
                                                : PHOTOMETRIC_MINISBLACK;
  TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, static_cast<std::uint32_t>(page.height));
  TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, static_cast<std::uint32_t>(page.width));
  TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, static_cast<int>(page.samples));
  TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, static_cast<int>(DTypeSize(page.dtype) * 8));
  const bool is_signed =
      page.dtype == DType::kI8 || page.dtype == DType::kI16 || page.dtype == DType::kI32 || page.dtype == DType::kI64;
  TIFFSetField(tiff, TIFFTAG_SAMPLEFORMAT,
               IsFloat(page.dtype) ? SAMPLEFORMAT_IEEEFP
               : is_signed         ? SAMPLEFORMAT_INT
                                   : SAMPLEFORMAT_UINT);
  TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, page.planar ? PLANARCONFIG_SEPARATE : PLANARCONFIG_CONTIG);
  TIFFSetField(tiff, TIFFTAG_COMPRESSION, page.compression);
  TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, photometric);
  if (page.compression == COMPRESSION_JPEG && photometric == PHOTOMETRIC_YCBCR) {
    TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
    TIFFSetField(tiff, TIFFTAG_JPEGQUALITY, 95);
  }
  if (!page.extra_samples.empty())
    TIFFSetField(tiff, TIFFTAG_EXTRASAMPLES, static_cast<int>(page.extra_samples.size()), page.extra_samples.data());
  if (page.reduced) TIFFSetField(tiff, TIFFTAG_SUBFILETYPE, FILETYPE_REDUCEDIMAGE);
  if (page.per_centimetre > 0) {
    TIFFSetField(tiff, TIFFTAG_XRESOLUTION, page.per_centimetre);
    TIFFSetField(tiff, TIFFTAG_YRESOLUTION, page.per_centimetre);
    TIFFSetField(tiff, TIFFTAG_RESOLUTIONUNIT, page.resolution_unit);
  }
  if (!page.description.empty()) TIFFSetField(tiff, TIFFTAG_IMAGEDESCRIPTION, page.description.c_str());
  if (page.tile > 0) {
    TIFFSetField(tiff, TIFFTAG_TILELENGTH, static_cast<std::uint32_t>(page.tile));
    TIFFSetField(tiff, TIFFTAG_TILEWIDTH, static_cast<std::uint32_t>(page.tile));
  } else {
    TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, 16);
  }
}

inline void WriteBlocks(TIFF* tiff, const PageSpec& page) {
  const std::int64_t bh = page.tile > 0 ? page.tile : 16, bw = page.tile > 0 ? page.tile : page.width;
  const std::int64_t per_block = page.planar ? 1 : page.samples, bytes = DTypeSize(page.dtype);
  const Tensor pixels = ExpectedPixels(page);
  std::uint32_t index = 0;
  for (std::int64_t s = 0; s < (page.planar ? page.samples : 1); ++s) {
    for (std::int64_t y0 = 0; y0 < page.height; y0 += bh) {
      for (std::int64_t x0 = 0; x0 < page.width; x0 += bw) {
        const std::int64_t rows = page.tile > 0 ? bh : std::min(bh, page.height - y0);
        std::vector<std::byte> block(static_cast<std::size_t>(rows * bw * per_block * bytes));
        for (std::int64_t y = 0; y < rows && y0 + y < page.height; ++y)
          for (std::int64_t x = 0; x < bw && x0 + x < page.width; ++x)
            for (std::int64_t c = 0; c < per_block; ++c) {
              const std::int64_t from = ((s + c) * page.height + y0 + y) * page.width + x0 + x;
              std::memcpy(block.data() + ((y * bw + x) * per_block + c) * bytes, pixels.view().data() + from * bytes,
                          static_cast<std::size_t>(bytes));
            }
        const auto size = static_cast<tmsize_t>(block.size());
        const tmsize_t written = page.tile > 0 ? TIFFWriteEncodedTile(tiff, index, block.data(), size)
                                               : TIFFWriteEncodedStrip(tiff, index, block.data(), size);
        ASSERT_EQ(written, size);
        ++index;
      }
    }
  }
}

/// `mode` as TIFFOpen's: "w" little TIFF, "w8" BigTIFF, with "b" or "l" for the byte order.
inline void WriteTiff(const Path& path, const std::vector<PageSpec>& pages, const char* mode = "w") {
  TIFF* const tiff = TIFFOpen(path.c_str(), mode);
  ASSERT_NE(tiff, nullptr);
  for (const PageSpec& page : pages) {
    SetTags(tiff, page);
    std::vector<toff_t> offsets(static_cast<std::size_t>(page.sub_pages), 0);
    if (!offsets.empty()) TIFFSetField(tiff, TIFFTAG_SUBIFD, page.sub_pages, offsets.data());
    WriteBlocks(tiff, page);
    ASSERT_EQ(TIFFWriteDirectory(tiff), 1);
  }
  TIFFClose(tiff);
}

}  // namespace tegula::image::testing
