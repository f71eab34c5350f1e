// image/testing/jpeg_writer.h — small JPEGs of every kind, written with libjpeg into memory, and libjpeg's own plain
// decoding of them.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>
// After cstdio, which it needs:
#include <jpeglib.h>

namespace tegula::image::testing {

/// A picture as it is to be written. Its pixels are a smooth pattern, the same for every run.
struct JpegSpec {
  int height = 45;
  int width = 31;
  J_COLOR_SPACE pixels = JCS_RGB;  ///< what is handed in: grey, RGB or CMYK
  J_COLOR_SPACE stored = JCS_YCbCr;
  bool progressive = false;
  bool separate = false;  ///< three components in scans of their own
  int quality = 90;
  int restart_rows = 0;
  std::string exif = {};  ///< the content of an APP1 segment
};

inline int Components(J_COLOR_SPACE colours) { return colours == JCS_GRAYSCALE ? 1 : colours == JCS_RGB ? 3 : 4; }

inline std::vector<std::uint8_t> JpegPixels(const JpegSpec& spec) {
  const int channels = Components(spec.pixels);
  std::vector<std::uint8_t> pixels_yxc;
  for (int y = 0; y < spec.height; ++y)
    for (int x = 0; x < spec.width; ++x)
      for (int c = 0; c < channels; ++c)
        pixels_yxc.push_back(static_cast<std::uint8_t>((3 * y + 2 * x + 60 * c) % 256 / 2 + 50));
  return pixels_yxc;
}

inline std::string Jpeg(const JpegSpec& spec) {
  jpeg_compress_struct jpeg = {};
  jpeg_error_mgr errors = {};
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;  // NOLINT(google-runtime-int): libjpeg's type
  jpeg_mem_dest(&jpeg, &bytes, &size);
  jpeg.image_height = static_cast<JDIMENSION>(spec.height);
  jpeg.image_width = static_cast<JDIMENSION>(spec.width);
  jpeg.input_components = Components(spec.pixels);
  jpeg.in_color_space = spec.pixels;
  jpeg_set_defaults(&jpeg);
  jpeg_set_colorspace(&jpeg, spec.stored);
  jpeg_set_quality(&jpeg, spec.quality, TRUE);
  jpeg.restart_in_rows = spec.restart_rows;
  constexpr jpeg_scan_info kSeparate[] = {
      {1, {0, 0, 0, 0}, 0, 63, 0, 0}, {1, {1, 0, 0, 0}, 0, 63, 0, 0}, {1, {2, 0, 0, 0}, 0, 63, 0, 0}};
  if (spec.separate) jpeg.scan_info = kSeparate, jpeg.num_scans = 3;
  if (spec.progressive) jpeg_simple_progression(&jpeg);
  jpeg_start_compress(&jpeg, TRUE);
  if (!spec.exif.empty())
    jpeg_write_marker(&jpeg, JPEG_APP0 + 1, reinterpret_cast<const JOCTET*>(spec.exif.data()),
                      static_cast<unsigned>(spec.exif.size()));
  std::vector<std::uint8_t> pixels = JpegPixels(spec);
  while (jpeg.next_scanline < jpeg.image_height) {
    JSAMPROW row = pixels.data() + jpeg.next_scanline * jpeg.image_width * static_cast<unsigned>(jpeg.input_components);
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  std::string out(reinterpret_cast<const char*>(bytes), size);
  jpeg_destroy_compress(&jpeg);
  std::free(bytes);
  return out;
}

/// Pixels (y, x, channel) as libjpeg gives them when nothing but its defaults is asked for.
inline std::vector<std::uint8_t> DecodedByLibjpeg(const std::string& bytes) {
  jpeg_decompress_struct jpeg = {};
  jpeg_error_mgr errors = {};
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&jpeg);
  jpeg_mem_src(&jpeg, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  jpeg_read_header(&jpeg, TRUE);
  jpeg_start_decompress(&jpeg);
  const std::size_t row_bytes =
      static_cast<std::size_t>(jpeg.output_width) * static_cast<unsigned>(jpeg.output_components);
  std::vector<std::uint8_t> pixels(row_bytes * jpeg.output_height);
  while (jpeg.output_scanline < jpeg.output_height) {
    JSAMPROW row = pixels.data() + row_bytes * jpeg.output_scanline;
    jpeg_read_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_decompress(&jpeg);
  jpeg_destroy_decompress(&jpeg);
  return pixels;
}

}  // namespace tegula::image::testing
