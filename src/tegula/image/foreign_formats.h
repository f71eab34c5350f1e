// image/foreign_formats.h — inside the module: formats that are not read here, known by their first bytes (and, where
// these do not suffice, by the suffix too), each with what a user can do about it. A file that is refused should say
// what it is and which command makes an image of it that is read.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tegula/core/status.h"
#include "tegula/image/open.h"

namespace tegula::image {

/// Bytes that stand at an offset; empty: any.
struct Magic {
  std::size_t offset = 0;
  std::string_view bytes = {};
};

/// One row: a file is of this format if everything that the row states holds.
struct ForeignFormat {
  std::string_view name;           ///< "a Zeiss CZI image"
  std::string_view suffixes = {};  ///< ".oib .oif": the name ends with one of them; empty: any name
  Magic first = {};
  Magic second = {};
  bool (*also)(const ProbeInput& input) = nullptr;
  /// What to do. {in} stands for the file as a shell takes it, {ome}, {tif} and {bare} for the same name with .ome.tif,
  /// .tif or nothing instead of its suffix.
  std::string_view advice = {};
};

/// In the order they are asked: specific before general.
std::span<const ForeignFormat> ForeignFormats();

/// The first row that holds, or null.
const ForeignFormat* FindForeign(const ProbeInput& input);

/// kUnsupported: "a.czi is a Zeiss CZI image, which is not read here; convert ...". `reason`: why the reader that does
/// know the format cannot open this file.
Error ForeignError(const ForeignFormat& format, const std::string& name, std::string_view reason = {});

/// kUnsupported: what the folder seems to be (OME-Zarr, N5, a model package) and what to do.
Error FolderError(const std::string& name);

/// kUnsupported: the first bytes.
Error UnknownError(const ProbeInput& input);

}  // namespace tegula::image
