// JPEG by libjpeg: baseline and progressive, grey or colour (YCbCr comes as RGB).
//
// Pixels come in the order of the file. An Exif orientation is a hint for viewers and is not applied: Pillow, imageio,
// scikit-image and Fiji do not apply it either, and results must lie on the pixels that they show. A JFIF density or an
// Exif resolution is that of paper or screen, so there is no pixel size.
//
// libjpeg goes on with grey where data are damaged or missing and only warns. Here a warning about data is an error.
#include <fmt/format.h>

#include <algorithm>
#include <csetjmp>
#include <cstdio>
// After cstdio, which they need:
#include <jerror.h>
#include <jpeglib.h>

#include "tegula/image/formats.h"
#include "tegula/image/picture_source.h"

namespace tegula::image {
namespace {

constexpr int kMaxScans = 500;  // of a progressive picture; programs write about 10
constexpr std::int64_t kBlockBytes = DCTSIZE2 * sizeof(JCOEF);
constexpr const char* kAdvice = "save the picture as grey or RGB of 8 bits, or as TIFF or PNG";

// Everything that libjpeg may leave with a longjmp. Plain values; what owns something lives in the caller.
struct Reading {
  jpeg_decompress_struct jpeg = {};
  jpeg_error_mgr errors = {};
  jpeg_source_mgr source = {};
  jpeg_progress_mgr progress = {};
  std::jmp_buf failed = {};
  const RandomAccessFile* file = nullptr;
  Status* read = nullptr;  // how the last read went
  std::int64_t position = 0;
  Code code = Code::kCorrupt;
  bool has_data[MAX_COMPONENTS] = {};
  char message[JMSG_LENGTH_MAX] = {};
  JOCTET buffer[1 << 16] = {};
};

Reading& Of(j_common_ptr jpeg) { return *static_cast<Reading*>(jpeg->client_data); }

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
  Reading& reading = Of(jpeg);
  reading.code = CodeOf(jpeg->err->msg_code);
  jpeg->err->format_message(jpeg, reading.message);
  std::longjmp(reading.failed, 1);
}

[[noreturn]] void Fail(Reading& reading, const char* message) {
  std::snprintf(reading.message, sizeof reading.message, "%s", message);
  std::longjmp(reading.failed, 1);
}

// Level -1 is a warning, others are traces.
void OnMessage(j_common_ptr jpeg, int level) {
  if (level < 0 && jpeg->err->msg_code != JWRN_JFIF_MAJOR) OnError(jpeg);
}

void Nothing(j_common_ptr) {}
void NothingOf(j_decompress_ptr) {}

boolean OnFill(j_decompress_ptr jpeg) {
  Reading& reading = *static_cast<Reading*>(jpeg->client_data);
  const std::int64_t size =
      std::min(reading.file->size() - reading.position, static_cast<std::int64_t>(sizeof reading.buffer));
  if (size <= 0) Fail(reading, "the file ends too early");
  *reading.read = reading.file->Read(reading.position,
                                     {reinterpret_cast<std::byte*>(reading.buffer), static_cast<std::size_t>(size)});
  if (!reading.read->ok()) Fail(reading, "the file cannot be read");
  reading.position += size;
  reading.source.next_input_byte = reading.buffer;
  reading.source.bytes_in_buffer = static_cast<std::size_t>(size);
  return TRUE;
}

void OnSkip(j_decompress_ptr jpeg, long count) {
  Reading& reading = *static_cast<Reading*>(jpeg->client_data);
  if (count <= 0) return;
  const auto wanted = static_cast<std::size_t>(count);
  const std::size_t there = std::min(wanted, reading.source.bytes_in_buffer);
  reading.source.next_input_byte += there;
  reading.source.bytes_in_buffer -= there;
  reading.position += static_cast<std::int64_t>(wanted - there);  // beyond the end: the next OnFill says so
}

// Called before each row of a scan is taken in, if the picture has several.
void OnProgress(j_common_ptr common) {
  Reading& reading = Of(common);
  const jpeg_decompress_struct& jpeg = reading.jpeg;
  if (jpeg.input_scan_number > kMaxScans) Fail(reading, "it has more scans than any program writes");
  for (int i = 0; i < jpeg.comps_in_scan; ++i)
    if (jpeg.progressive_mode == FALSE || jpeg.Ss == 0) reading.has_data[jpeg.cur_comp_info[i]->component_index] = true;
}

bool ReadHeader(Reading& reading) {
  reading.jpeg.err = jpeg_std_error(&reading.errors);
  reading.errors.error_exit = &OnError;
  reading.errors.emit_message = &OnMessage;
  reading.errors.output_message = &Nothing;
  reading.jpeg.client_data = &reading;
  if (setjmp(reading.failed) != 0) return false;
  jpeg_create_decompress(&reading.jpeg);  // keeps err and client_data
  reading.source.init_source = &NothingOf;
  reading.source.fill_input_buffer = &OnFill;
  reading.source.skip_input_data = &OnSkip;
  reading.source.resync_to_restart = &jpeg_resync_to_restart;
  reading.source.term_source = &NothingOf;
  reading.jpeg.src = &reading.source;
  reading.progress.progress_monitor = &OnProgress;
  reading.jpeg.progress = &reading.progress;
  jpeg_read_header(&reading.jpeg, TRUE);
  return true;
}

bool ReadPixels(Reading& reading, JSAMPROW pixels, std::size_t row_samples) {
  if (setjmp(reading.failed) != 0) return false;
  jpeg_decompress_struct& jpeg = reading.jpeg;
  jpeg_start_decompress(&jpeg);
  if (jpeg_has_multiple_scans(&jpeg) != FALSE)
    for (int i = 0; i < jpeg.num_components; ++i)
      if (!reading.has_data[i]) Fail(reading, "a colour component has no data");
  while (jpeg.output_scanline < jpeg.output_height) {
    JSAMPROW row = pixels + jpeg.output_scanline * row_samples;
    jpeg_read_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_decompress(&jpeg);  // reads to the end of the picture, so that a cut one is noticed
  return true;
}

Error Failure(const Reading& reading) {
  if (!reading.read->ok()) return reading.read->error();
  if (reading.code == Code::kUnsupported) return UnsupportedError(fmt::format("{}; {}", reading.message, kAdvice));
  return {reading.code, fmt::format("libjpeg: {}", reading.message), {}};
}

// Grey or RGB, or why not.
Status ChooseColours(jpeg_decompress_struct& jpeg) {
  if (jpeg.data_precision != 8)
    return UnsupportedError(fmt::format("{} bits per sample; {}", jpeg.data_precision, kAdvice));
  switch (jpeg.jpeg_color_space) {
    case JCS_GRAYSCALE: jpeg.out_color_space = JCS_GRAYSCALE; return Ok();
    case JCS_RGB:
    case JCS_YCbCr: jpeg.out_color_space = JCS_RGB; return Ok();
    case JCS_CMYK:
    case JCS_YCCK: return UnsupportedError(fmt::format("the colours are those of ink (CMYK); {}", kAdvice));
    default:
      return UnsupportedError(fmt::format("{} colour components of unknown meaning; {}", jpeg.num_components, kAdvice));
  }
}

Status CheckBlocks(jpeg_decompress_struct& jpeg, std::int64_t file_bytes, const Limits& limits) {
  std::int64_t blocks = 0;  // at most those of 65500^2 pixels of 3 components
  for (int i = 0; i < jpeg.num_components; ++i)
    blocks += static_cast<std::int64_t>(jpeg.comp_info[i].width_in_blocks) * jpeg.comp_info[i].height_in_blocks;
  // Every block has at least one Huffman code, and that at least one bit.
  if (jpeg.arith_code == FALSE && blocks / 8 > file_bytes)
    return CorruptError(fmt::format("{} bytes are too few for the {} x {} pixels that the header announces", file_bytes,
                                    jpeg.image_height, jpeg.image_width));
  // Of several scans libjpeg keeps all coefficients.
  if (jpeg_has_multiple_scans(&jpeg) != FALSE && blocks > limits.tensor_bytes / kBlockBytes)
    return ExhaustedError(
        fmt::format("a progressive JPEG of {} x {} pixels needs more memory than allowed; save it as TIFF",
                    jpeg.image_height, jpeg.image_width));
  return Ok();
}

Result<Tensor> Decode(const std::string& name, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(const RandomAccessFile file, RandomAccessFile::Open(name));
  const auto destroy = [](Reading* r) {
    jpeg_destroy_decompress(&r->jpeg);
    delete r;
  };
  const std::unique_ptr<Reading, decltype(destroy)> reading(new Reading, destroy);
  Status read = Ok();
  reading->file = &file;
  reading->read = &read;
  if (!ReadHeader(*reading)) return Failure(*reading);
  jpeg_decompress_struct& jpeg = reading->jpeg;
  TEGULA_TRY(ChooseColours(jpeg));
  const std::int64_t height = jpeg.image_height, width = jpeg.image_width,
                     channels = jpeg.out_color_space == JCS_RGB ? 3 : 1;
  TEGULA_TRY(CheckPictureSize(height, width, channels, limits));
  TEGULA_TRY(CheckBlocks(jpeg, file.size(), limits));
  TEGULA_ASSIGN_OR_RETURN(Tensor pixels, Tensor::Allocate(DType::kU8, {height, width, channels}, limits));
  if (!ReadPixels(*reading, pixels.values<JSAMPLE>().data(), static_cast<std::size_t>(width * channels)))
    return Failure(*reading);
  return pixels;
}

Result<std::unique_ptr<Source>> OpenPicture(const std::string& name, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(Tensor pixels, Decode(name, limits));
  return NewPictureSource(std::move(pixels), "jpeg");
}

}  // namespace

bool ProbeJpeg(const ProbeInput& input) { return input.text().starts_with("\xFF\xD8\xFF"); }

Result<std::unique_ptr<Source>> OpenJpeg(const std::string& name, const Limits& limits) {
  return OpenPicture(name, limits).Context(name);
}

}  // namespace tegula::image
