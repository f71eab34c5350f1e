// outputs/zarr_metadata.h — the zarr.json files of a store: options to text and back.
//
// What is read must say exactly what would be written for the same options; so a store is either understood completely
// or refused with the field that differs. Members that say nothing about the pixels (attributes of others) are ignored.
#pragma once

#include <string>
#include <string_view>

#include "tegula/core/limits.h"
#include "tegula/core/status.h"
#include "tegula/outputs/zarr_store.h"

namespace tegula::outputs {

/// Completes `options.levels` if it is 0 and checks everything. kInvalid or kExhausted.
Status CompleteOptions(StoreOptions& options, const Limits& limits);

/// The shape of a level of complete options.
Shape ShapeOfLevel(const StoreOptions& options, int level) noexcept;

/// The text of the image's own zarr.json, and of that of one level.
std::string GroupMetadata(const StoreOptions& options);
std::string ArrayMetadata(const StoreOptions& options, int level);

/// The options that the metadata of the image and of its level 0 state; complete and checked. kCorrupt if a text is not
/// JSON or contradicts itself, kUnsupported with the field that Tegula writes otherwise, kExhausted above the limits.
Result<StoreOptions> ParseMetadata(std::string_view group, std::string_view level0, const Limits& limits);
/// Whether the metadata of a level is what `options` ask for; errors as above.
Status CheckArrayMetadata(std::string_view text, const StoreOptions& options, int level);

}  // namespace tegula::outputs
