// outputs/zarr_layout.h — inside the module: what a store is on disk in each generation of Zarr: files of metadata,
// names of chunks.
//
// What is read must say exactly what would be written for the same options; so a store is either understood completely
// or refused with the field that differs. Members that say nothing about the pixels (attributes of others) are ignored.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/limits.h"
#include "tegula/core/status.h"
#include "tegula/outputs/store_options.h"
#include "tegula/zarr/json.h"

namespace tegula::outputs {

struct MetadataFile {
  std::string name, text;
};

/// One generation. https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html and .../v3/core/.
struct ZarrLayout {
  ZarrFormat format;
  const char* group_file;  ///< says that there is an image: written last
  const char* array_file;
  std::string_view chunk_folder;  ///< between the array and the numbers of a chunk
  /// The files of the image's own folder, `group_file` last, and of that of a level.
  std::vector<MetadataFile> (*group)(const StoreOptions& options);
  std::vector<MetadataFile> (*array)(const StoreOptions& options, int level);
  /// The options that `group_file` and level 0's `array_file` state; complete and checked. kCorrupt if a text is not
  /// JSON or contradicts itself, kUnsupported with the field that Tegula writes otherwise, kExhausted above the limits.
  Result<StoreOptions> (*parse)(std::string_view group, std::string_view level0, const Limits& limits);
  /// Whether a level's `array_file` is what `options` ask for; errors as above.
  Status (*check_array)(std::string_view text, const StoreOptions& options, int level);
};

const ZarrLayout& LayoutOf(ZarrFormat format) noexcept;

/// The newest first.
std::vector<const ZarrLayout*> ZarrLayouts();

/// Nested deeper than anything that is written here is refused, because comparing values recurses.
Result<zarr::Json> ParseMetadataText(std::string_view text);
/// Text of others may not be UTF-8; what is not becomes the replacement character.
std::string MetadataText(const zarr::Json& json);
/// The fill value as JSON has it, and back.
zarr::Json FillJson(const StoreOptions& options);
Result<double> ParseFill(const zarr::Json& json);
/// Sizes and chunks, from lists of one number per axis.
Status ParseSizes(const zarr::Json& shape, const zarr::Json& chunk, StoreOptions& options);
/// Completes what was parsed; a contradiction is kCorrupt here.
Status CompleteParsed(StoreOptions& options, const Limits& limits);

}  // namespace tegula::outputs
