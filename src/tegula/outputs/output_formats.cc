#include "tegula/outputs/output_formats.h"

#include <fmt/format.h>

#include <algorithm>

#include "tegula/outputs/ome_tiff.h"

namespace tegula::outputs {
namespace {

Status AnyStore(const StoreOptions&) { return Ok(); }

Status OmeTiffOf(const RunContext& context, const ChunkStore& store, const Path& path, const std::string& creator) {
  return WriteOmeTiff(context, store, path, {.creator = creator});
}

constexpr OutputFormat kFormats[] = {
    {"ome-zarr", ".ome.zarr", "OME-Zarr 0.5: a folder of compressed chunks with a pyramid", &AnyStore, nullptr},
    {"ome-tiff", ".ome.tif", "OME-TIFF: one tiled file with a pyramid, for QuPath and Fiji; no 64-bit integers",
     &CheckOmeTiff, &OmeTiffOf},
};

}  // namespace

std::span<const OutputFormat> OutputFormats() { return kFormats; }

Result<std::vector<const OutputFormat*>> FindOutputFormats(const std::vector<std::string>& names) {
  for (const std::string& name : names)
    if (std::ranges::find(kFormats, name, &OutputFormat::name) == std::end(kFormats)) {
      std::vector<std::string_view> known;
      for (const OutputFormat& format : kFormats) known.push_back(format.name);
      return InvalidError(fmt::format("there is no output format '{}'; there are {}", name, fmt::join(known, ", ")));
    }
  std::vector<const OutputFormat*> found;
  for (const OutputFormat& format : kFormats)
    if (names.empty() ? found.empty() : std::ranges::find(names, format.name) != names.end()) found.push_back(&format);
  return found;
}

}  // namespace tegula::outputs
