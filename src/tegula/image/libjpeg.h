// image/libjpeg.h — inside the module: decoding by libjpeg with errors as values.
//
// libjpeg goes on with grey where data are damaged or missing and only warns. Here a warning about data is an error.
// Its errors are jumps: a function that calls it begins with `if (setjmp(decoding.failed) != 0) return false;`, owns
// nothing, and is followed by JpegFailure.
#pragma once

#include <csetjmp>
#include <cstdio>
// After cstdio, which it needs:
#include <jpeglib.h>

#include "tegula/core/limits.h"
#include "tegula/core/status.h"

namespace tegula::image {

/// Everything that libjpeg may leave with a jump: plain values, and what libjpeg owns. One thread at a time.
struct JpegDecoding {
  JpegDecoding() = default;
  JpegDecoding(const JpegDecoding&) = delete;
  JpegDecoding& operator=(const JpegDecoding&) = delete;
  ~JpegDecoding() { jpeg_destroy_decompress(&jpeg); }

  jpeg_decompress_struct jpeg = {};
  jpeg_error_mgr errors = {};
  jpeg_progress_mgr progress = {};
  std::jmp_buf failed = {};
  Code code = Code::kCorrupt;
  bool has_data[MAX_COMPONENTS] = {};
  char message[JMSG_LENGTH_MAX] = {};
};

/// Makes `decoding.jpeg` ready for a source. May jump.
void BeginJpeg(JpegDecoding& decoding);

/// Starts decompression; a picture of several scans must have data for every component. May jump.
void StartJpeg(JpegDecoding& decoding);

/// Jumps with a message of our own.
[[noreturn]] void FailJpeg(JpegDecoding& decoding, const char* message);

/// Why libjpeg has jumped; `advice` says what to do about a kind of JPEG that it does not read.
Error JpegFailure(const JpegDecoding& decoding, const char* advice);

/// Whether the picture of a header that was read can be in so many bytes (kCorrupt) and may be decoded (kExhausted).
Status CheckJpegHeader(jpeg_decompress_struct& jpeg, std::int64_t bytes, const Limits& limits);

}  // namespace tegula::image
