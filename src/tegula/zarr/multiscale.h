// zarr/multiscale.h — what OME-NGFF says of an image: its axes, its levels, where their pixels lie, its channels.
//
// https://ngff.openmicroscopy.org/0.4/ in the .zattrs of Zarr 2, .../0.5/ in the zarr.json of Zarr 3. An image below
// `labels` is an image like any other. A group that holds images (a plate, the labels, what bioformats2raw writes) is
// refused with the names of these.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/limits.h"
#include "tegula/core/status.h"
#include "tegula/zarr/byte_store.h"

namespace tegula::zarr {

struct ImageAxis {
  char name = 'y';   ///< t, c, z, y or x
  std::string unit;  ///< "micrometer"; empty: not stated
};

/// One entry per axis: position = scale * pixel + translation, in the axis' unit.
struct ImageLevel {
  std::string path;  ///< a key (IsKey)
  std::vector<double> scale;
  std::vector<double> translation;
};

struct ImageChannel {
  std::string name;    ///< empty: not stated
  std::string colour;  ///< "FF0000"; anything or nothing if the file says so
};

/// Complete and checked: 2 to 5 different axes with y and x among them, at least one level, scales above 0.
struct ImageMetadata {
  std::string version;  ///< "0.4", "0.5"
  int zarr_format = 3;
  std::vector<ImageAxis> axes;  ///< in the arrays' order
  std::vector<ImageLevel> levels;
  std::vector<ImageChannel> channels;  ///< of `omero`; may be empty

  /// Where an axis stands; -1 if there is none of this name.
  int AxisOf(char name) const noexcept;
};

/// `text`: the .zattrs (Zarr 2) or the zarr.json (Zarr 3) of a group. `where`: its name, for the advice in messages.
/// kUnsupported for another version of OME-NGFF or a group that is no image, kCorrupt, kExhausted. Of several
/// multiscales the first is the image, as OME-NGFF says.
Result<ImageMetadata> ParseImageV2(std::string_view text, const std::string& where);
Result<ImageMetadata> ParseImageV3(std::string_view text, const std::string& where);

/// The image that the store is. kUnsupported if it is none; errors of the store.
Result<ImageMetadata> ReadImageMetadata(const ByteStore& store, const std::string& where, const Limits& limits);

}  // namespace tegula::zarr
