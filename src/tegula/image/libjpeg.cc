#include "tegula/image/libjpeg.h"

#include <fmt/format.h>
#include <jerror.h>

namespace tegula::image {
namespace {

constexpr int kMaxScans = 500;  // of a progressive picture; programs write about 10
constexpr std::int64_t kBlockBytes = DCTSIZE2 * sizeof(JCOEF);

JpegDecoding& Of(j_common_ptr jpeg) { return *static_cast<JpegDecoding*>(jpeg->client_data); }

Code CodeOf(int message) {
  switch (message) {
    case JERR_OUT_OF_MEMORY: return Code::kExhausted;
    case JERR_ARITH_NOTIMPL:
    case JERR_BAD_PRECISION:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_IMAGE_TOO_BIG:
    case JERR_SOF_UNSUPPORTED: return Code::kUnsupported;
    default: return Code::kCorrupt;
  }
}

[[noreturn]] void OnError(j_common_ptr jpeg) {
  JpegDecoding& decoding = Of(jpeg);
  decoding.code = CodeOf(jpeg->err->msg_code);
  jpeg->err->format_message(jpeg, decoding.message);
  std::longjmp(decoding.failed, 1);
}

// Level -1 is a warning, others are traces.
void OnMessage(j_common_ptr jpeg, int level) {
  if (level < 0 && jpeg->err->msg_code != JWRN_JFIF_MAJOR) OnError(jpeg);
}

void Nothing(j_common_ptr) {}

// Called before each row of a scan is taken in, if the picture has several.
void OnProgress(j_common_ptr common) {
  JpegDecoding& decoding = Of(common);
  const jpeg_decompress_struct& jpeg = decoding.jpeg;
  if (jpeg.input_scan_number > kMaxScans) FailJpeg(decoding, "it has more scans than any program writes");
  for (int i = 0; i < jpeg.comps_in_scan; ++i)
    if (jpeg.progressive_mode == FALSE || jpeg.Ss == 0)
      decoding.has_data[jpeg.cur_comp_info[i]->component_index] = true;
}

}  // namespace

void BeginJpeg(JpegDecoding& decoding) {
  decoding.jpeg.err = jpeg_std_error(&decoding.errors);
  decoding.errors.error_exit = &OnError;
  decoding.errors.emit_message = &OnMessage;
  decoding.errors.output_message = &Nothing;
  decoding.jpeg.client_data = &decoding;
  jpeg_create_decompress(&decoding.jpeg);  // keeps err and client_data
  decoding.progress.progress_monitor = &OnProgress;
  decoding.jpeg.progress = &decoding.progress;
}

void StartJpeg(JpegDecoding& decoding) {
  jpeg_decompress_struct& jpeg = decoding.jpeg;
  jpeg_start_decompress(&jpeg);
  if (jpeg_has_multiple_scans(&jpeg) == FALSE) return;
  for (int i = 0; i < jpeg.num_components; ++i)
    if (!decoding.has_data[i]) FailJpeg(decoding, "a colour component has no data");
}

void FailJpeg(JpegDecoding& decoding, const char* message) {
  std::snprintf(decoding.message, sizeof decoding.message, "%s", message);
  std::longjmp(decoding.failed, 1);
}

Error JpegFailure(const JpegDecoding& decoding, const char* advice) {
  if (decoding.code == Code::kUnsupported) return UnsupportedError(fmt::format("{}; {}", decoding.message, advice));
  return {decoding.code, fmt::format("libjpeg: {}", decoding.message), {}};
}

Status CheckJpegHeader(jpeg_decompress_struct& jpeg, std::int64_t bytes, const Limits& limits) {
  std::int64_t blocks = 0;  // at most those of 65500^2 pixels of 3 components
  for (int i = 0; i < jpeg.num_components; ++i)
    blocks += static_cast<std::int64_t>(jpeg.comp_info[i].width_in_blocks) * jpeg.comp_info[i].height_in_blocks;
  // Every block has at least one Huffman code, and that at least one bit.
  if (jpeg.arith_code == FALSE && blocks / 8 > bytes)
    return CorruptError(fmt::format("{} bytes are too few for the {} x {} pixels that the header announces", bytes,
                                    jpeg.image_height, jpeg.image_width));
  // Of several scans libjpeg keeps all coefficients.
  if (jpeg_has_multiple_scans(&jpeg) != FALSE && blocks > limits.tensor_bytes / kBlockBytes)
    return ExhaustedError(
        fmt::format("a progressive JPEG of {} x {} pixels needs more memory than allowed; save it as TIFF",
                    jpeg.image_height, jpeg.image_width));
  return Ok();
}

}  // namespace tegula::image
