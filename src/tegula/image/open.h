// image/open.h — from a name to a source: the table of formats and how one is chosen.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/files.h"
#include "tegula/core/limits.h"
#include "tegula/image/source.h"
#include "tegula/net/connections.h"

namespace tegula::image {

/// With what images are opened, beside their names. A value type.
struct Access {
  Limits limits = {};
  bool offline = false;       ///< the network is never touched
  std::stop_token stop = {};  ///< ends requests, also those of later reads, with kCancelled
  /// Over which images on the web are read, by as many requests at once; null: one request at a time.
  std::shared_ptr<net::Connections> connections = nullptr;
  /// What decoded tiles of a wide file may take while neighbouring regions may want them (ImageInfo::held_bytes).
  std::int64_t cache_bytes = 256 << 20;
};

/// What a probe may look at: the name and the file's first bytes (up to 4 KiB, read once for all probes).
struct ProbeInput {
  std::string name;
  std::span<const std::byte> head;

  std::string_view text() const noexcept { return {reinterpret_cast<const char*>(head.data()), head.size()}; }
};

/// One reader.
struct Format {
  std::string_view name;         ///< "tiff"
  std::string_view description;  ///< "TIFF, OME-TIFF, BigTIFF: tiles or strips, 8 to 32 bits"
  /// Whether this reader is the right one.
  bool (*probe)(const ProbeInput& input);
  Result<std::unique_ptr<Source>> (*open)(const std::string& name, const Access& access);
  /// Ok if the reader can work here, else the reason (a library that is missing).
  Status (*available)();
  /// Which library does the work here and what that means ("OpenSlide 4.0.1"); empty if there is nothing to tell.
  std::string (*detail)();
  /// Files of other kinds begin like this one too (a MIRAX index like a JPEG, a VSI like a TIFF): foreign_formats.h is
  /// asked first whether the name says so.
  bool is_general = false;
};

/// In the order they are asked: specific before general.
std::span<const Format> Formats();

/// Whether a folder is to be taken for an image (a Zarr) rather than for a model package.
bool IsImageFolder(const std::string& name);

/// Whether a name is the address of an image on the web: http or https, with a folder whose name ends in .zarr.
bool IsImageAddress(std::string_view name);

/// Opens an image by file name, by the folder of an OME-Zarr image or its address on the web, or `synthetic:...`
/// (synthetic.h). kNotFound; kUnsupported with what the file seems to be and, where there is one, the command that
/// converts it; kCorrupt; kExhausted (a header that announces more than the limits). Of addresses also what
/// zarr::WebStore says.
Result<std::unique_ptr<Source>> Open(const std::string& name, const Access& access = {});

}  // namespace tegula::image
