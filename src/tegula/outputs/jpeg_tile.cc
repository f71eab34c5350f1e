#include "tegula/outputs/jpeg_tile.h"

#include <csetjmp>
#include <cstdio>
#include <cstdlib>
// After cstdio, which it needs:
#include <jpeglib.h>

namespace tegula::outputs {
namespace {

// Everything that libjpeg may leave with a longjmp: plain values, whose owner lives in the caller.
struct Writing {
  jpeg_compress_struct jpeg = {};
  jpeg_error_mgr errors = {};
  std::jmp_buf failed = {};
  char message[JMSG_LENGTH_MAX] = {};
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
};

[[noreturn]] void OnError(j_common_ptr jpeg) {
  Writing& writing = *static_cast<Writing*>(jpeg->client_data);
  jpeg->err->format_message(jpeg, writing.message);
  std::longjmp(writing.failed, 1);
}

void Nothing(j_common_ptr) {}

bool Encode(Writing& writing, const unsigned char* pixels, std::int64_t height, std::int64_t width, int quality) {
  jpeg_compress_struct& jpeg = writing.jpeg;
  jpeg.err = jpeg_std_error(&writing.errors);
  writing.errors.error_exit = &OnError;
  writing.errors.output_message = &Nothing;
  jpeg.client_data = &writing;
  if (setjmp(writing.failed) != 0) return false;
  jpeg_create_compress(&jpeg);
  jpeg_mem_dest(&jpeg, &writing.bytes, &writing.size);
  jpeg.image_width = static_cast<JDIMENSION>(width);
  jpeg.image_height = static_cast<JDIMENSION>(height);
  jpeg.input_components = 3;
  jpeg.in_color_space = JCS_RGB;
  jpeg_set_defaults(&jpeg);  // YCbCr with 2 x 2 subsampling
  jpeg_set_quality(&jpeg, quality, TRUE);
  jpeg.write_JFIF_header = FALSE;
  jpeg.write_Adobe_marker = FALSE;
  jpeg_start_compress(&jpeg, TRUE);
  while (jpeg.next_scanline < jpeg.image_height) {
    JSAMPROW row = const_cast<JSAMPROW>(pixels + static_cast<std::int64_t>(jpeg.next_scanline) * width * 3);
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  return true;
}

}  // namespace

Result<std::string> EncodeJpegTile(const ConstView& tile_yxc, int quality) {
  TEGULA_ASSERT(tile_yxc.is_contiguous() && tile_yxc.dtype() == DType::kU8 && tile_yxc.shape().rank() == 3);
  Writing writing;
  const bool done = Encode(writing, reinterpret_cast<const unsigned char*>(tile_yxc.data()), tile_yxc.shape()[0],
                           tile_yxc.shape()[1], quality);
  std::string bytes;
  if (done) bytes.assign(reinterpret_cast<const char*>(writing.bytes), writing.size);
  jpeg_destroy_compress(&writing.jpeg);
  std::free(writing.bytes);
  if (!done) return InternalError(std::string("libjpeg could not compress a tile: ") + writing.message);
  return bytes;
}

}  // namespace tegula::outputs
