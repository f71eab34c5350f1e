// outputs/ome_zarr_metadata.h — inside the module: what OME-NGFF says of an image, from store options to JSON and back.
// Where it stands differs between the generations of Zarr, which is zarr_layout.h's business.
#pragma once

#include <span>
#include <string_view>

#include "tegula/core/status.h"
#include "tegula/outputs/store_options.h"
#include "tegula/zarr/json.h"

namespace tegula::outputs {

/// The members `multiscales`, `omero` and `image-label` of an image of this version of OME-NGFF.
zarr::Json OmeJson(const StoreOptions& options, std::string_view version);
/// `scale_factor` and `add_offset`, as NetCDF's conventions (CF) call them; empty if numbers are values.
zarr::Json ScaleJson(const StoreOptions& options);

/// Everything of the options but sizes, chunks, element type and coding. kCorrupt, or kUnsupported with the field that
/// Tegula writes otherwise.
Status ParseOme(const zarr::Json& ome, StoreOptions& options);
/// Whether axes and levels are those that complete options are written with.
Status CheckOme(const zarr::Json& ome, const StoreOptions& options);

/// kUnsupported: "its 'codecs' is not what Tegula writes".
Error Differs(std::string_view field);
/// Whether `actual` says for every field of `expected` the same.
Status CheckSame(const zarr::Json& actual, const zarr::Json& expected, std::span<const char* const> fields);

}  // namespace tegula::outputs
