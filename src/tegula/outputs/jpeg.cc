#include "tegula/outputs/jpeg.h"

#include <fmt/format.h>

#include <csetjmp>
#include <cstdio>
#include <cstdlib>
// After cstdio, which it needs:
#include <jpeglib.h>

#include "tegula/tensor/kernels.h"

namespace tegula::outputs {
namespace {

// Everything that libjpeg may leave with a longjmp. Plain values; what owns something lives in the caller.
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

void OnMessage(j_common_ptr, int) {}

bool Write(Writing& writing, const unsigned char* pixels, std::int64_t height, std::int64_t width,
           std::int64_t channels, int quality, JpegForm form) {
  jpeg_compress_struct& jpeg = writing.jpeg;
  jpeg.err = jpeg_std_error(&writing.errors);
  writing.errors.error_exit = &OnError;
  writing.errors.emit_message = &OnMessage;
  jpeg.client_data = &writing;
  if (setjmp(writing.failed) != 0) return false;
  jpeg_create_compress(&jpeg);
  jpeg_mem_dest(&jpeg, &writing.bytes, &writing.size);
  jpeg.image_width = static_cast<JDIMENSION>(width);
  jpeg.image_height = static_cast<JDIMENSION>(height);
  jpeg.input_components = static_cast<int>(channels);
  jpeg.in_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, quality, TRUE);
  if (form == JpegForm::kTiffTile)
    jpeg.write_JFIF_header = jpeg.write_Adobe_marker = FALSE;
  else
    for (int i = 0; i < jpeg.num_components; ++i) jpeg.comp_info[i].h_samp_factor = jpeg.comp_info[i].v_samp_factor = 1;
  jpeg_start_compress(&jpeg, TRUE);
  while (jpeg.next_scanline < jpeg.image_height) {
    auto* row = const_cast<JSAMPLE*>(pixels + static_cast<std::int64_t>(jpeg.next_scanline) * width * channels);
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  return true;
}

}  // namespace

Result<std::string> EncodeJpeg(const ConstView& pixels_yxc, int quality, JpegForm form) {
  const Shape& shape = pixels_yxc.shape();
  const std::int64_t channels = shape.rank() == 3 ? shape[2] : 1;
  const bool has_form = (shape.rank() == 2 || shape.rank() == 3) && (channels == 1 || channels == 3);
  if (!has_form || pixels_yxc.elements() == 0 || pixels_yxc.dtype() != DType::kU8)
    return InvalidError(fmt::format("a {} array of {} is no picture that JPEG can hold", DTypeName(pixels_yxc.dtype()),
                                    ToString(shape)));
  if (shape[0] > JPEG_MAX_DIMENSION || shape[1] > JPEG_MAX_DIMENSION)
    return ExhaustedError(fmt::format("a picture of {} pixels is too large for JPEG; at most {} along an edge",
                                      ToString(shape), JPEG_MAX_DIMENSION));
  Tensor packed;
  const std::byte* pixels = pixels_yxc.data();
  if (!pixels_yxc.is_contiguous()) {
    TEGULA_ASSIGN_OR_RETURN(packed, Tensor::Allocate(DType::kU8, shape));
    ConvertCopy(pixels_yxc, packed.view());
    pixels = packed.view().data();
  }
  Writing writing;
  const bool done =
      Write(writing, reinterpret_cast<const unsigned char*>(pixels), shape[0], shape[1], channels, quality, form);
  jpeg_destroy_compress(&writing.jpeg);
  std::string file;
  if (done) file.assign(reinterpret_cast<const char*>(writing.bytes), writing.size);
  std::free(writing.bytes);
  if (!done) return InternalError(fmt::format("libjpeg: {}", writing.message));
  return file;
}

}  // namespace tegula::outputs
