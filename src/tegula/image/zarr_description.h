// image/zarr_description.h — inside the module: what the metadata of an OME-Zarr say, in this module's words.
#pragma once

#include <vector>

#include "tegula/core/limits.h"
#include "tegula/image/source.h"
#include "tegula/zarr/array.h"
#include "tegula/zarr/multiscale.h"

namespace tegula::image {

/// Where t, c, z, y and x stand among the arrays' axes; -1: there is none.
struct AxisPlaces {
  int t = -1, c = -1, z = -1, y = -1, x = -1;
};

/// The levels that are used are info.levels; the arrays borrow the store.
struct ZarrDescription {
  AxisPlaces axes;
  std::vector<zarr::Array> levels;
  ImageInfo info;
};

/// Reads the metadata of the levels that `image` names, several at once if the store does. Errors of Array::Open;
/// kCorrupt for levels that contradict each other or their scales; kExhausted for too many channels.
Result<ZarrDescription> DescribeZarr(const zarr::ByteStore& store, const zarr::ImageMetadata& image,
                                     const Limits& limits);

}  // namespace tegula::image
