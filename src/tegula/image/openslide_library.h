// image/openslide_library.h — inside the module: OpenSlide's C functions, found at run time.
//
// The library is not linked: a program without it starts and reads everything but slides. The 4.x library of the PyPI
// wheel is preferred; Debian 12 has 3.4.1, which reads fewer formats. The declarations are those of openslide.h
// (LGPL 2.1), whose interface has not changed since 3.4.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "tegula/core/platform.h"
#include "tegula/core/status.h"

struct _openslide;  // the library's own name

namespace tegula::image {

/// OpenSlide's functions. They may be called from any thread, reads of one slide also at the same time. Immutable.
struct OpenSlideLibrary {
  using Slide = ::_openslide;
  const char* (*detect_vendor)(const char* filename) = nullptr;
  Slide* (*open)(const char* filename) = nullptr;
  void (*close)(Slide*) = nullptr;
  const char* (*get_error)(Slide*) = nullptr;
  std::int32_t (*get_level_count)(Slide*) = nullptr;
  void (*get_level_dimensions)(Slide*, std::int32_t level, std::int64_t* width, std::int64_t* height) = nullptr;
  double (*get_level_downsample)(Slide*, std::int32_t level) = nullptr;
  const char* (*get_property_value)(Slide*, const char* name) = nullptr;
  /// ARGB, premultiplied, native byte order; x and y are those of level 0.
  void (*read_region)(Slide*, std::uint32_t* out, std::int64_t x, std::int64_t y, std::int32_t level,
                      std::int64_t width, std::int64_t height) = nullptr;
  std::string version;

  /// "OpenSlide 4.0.1", or with the formats that an older version does not read.
  std::string Description() const;

  /// The first of `candidates` that loads and is complete. kUnsupported with every reason.
  static Result<OpenSlideLibrary> Load(std::span<const Path> candidates);
  /// Looked for once: beside the program, where tools/setup put it, then in the system.
  static const Result<OpenSlideLibrary>& Get();
};

}  // namespace tegula::image
