// image/open.h — from a name to a source: the table of formats and how one is chosen.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tegula/core/files.h"
#include "tegula/core/limits.h"
#include "tegula/image/source.h"

namespace tegula::image {

/// What a probe may look at: the name and the file's first bytes (up to 4 KiB, read once for all probes).
struct ProbeInput {
  std::string name;
  std::span<const std::byte> head;
};

/// One reader.
struct Format {
  std::string_view name;         ///< "tiff"
  std::string_view description;  ///< "TIFF, OME-TIFF, BigTIFF: tiles or strips, 8 to 32 bits"
  /// Ok if this reader is the right one, else one clause that says why not ("it does not begin like a TIFF").
  Status (*probe)(const ProbeInput& input);
  Result<std::unique_ptr<Source>> (*open)(const std::string& name, const Limits& limits);
  /// Ok if the reader can work here, else the reason (a library that is missing).
  Status (*available)();
  /// Which library does the work here and what that means ("OpenSlide 4.0.1"); empty if there is nothing to tell.
  std::string (*detail)();
};

/// In the order they are asked: specific before general.
std::span<const Format> Formats();

/// Opens an image by file name, or `synthetic:...` (synthetic.h). kNotFound; kUnsupported with every
/// reader's reason; kCorrupt; kExhausted (a header that announces more than the limits).
Result<std::unique_ptr<Source>> Open(const std::string& name, const Limits& limits = {});

}  // namespace tegula::image
