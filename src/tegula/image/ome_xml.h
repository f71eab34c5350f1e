// image/ome_xml.h — inside the module: what an OME-TIFF says about itself
// (https://docs.openmicroscopy.org/ome-model/latest/ome-tiff/specification.html).
//
// The elements that decide how planes lie in files and what a pixel is are read; the rest of the model is not looked
// at. Versions of the schema from 2008 on differ in namespaces, not in these elements.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/status.h"
#include "tegula/image/source.h"

namespace tegula::image {

struct OmeChannel {
  std::string name;  ///< empty: not named
  std::optional<Rgb> colour;
  std::optional<std::int64_t> samples;  ///< SamplesPerPixel
};

/// TiffData: planes from `first_*` on lie in pages from `page` on. What is not stated is nothing.
struct OmeTiffData {
  std::optional<std::int64_t> page;  ///< IFD
  std::int64_t first_c = 0, first_z = 0, first_t = 0;
  std::optional<std::int64_t> planes;  ///< PlaneCount
  std::string uuid;                    ///< of the file that holds them; empty: this one
  std::string file_name;
};

struct OmeImage {
  std::string name;
  std::string dimension_order;  ///< "XYZCT" and its like: fastest first
  std::int64_t size_x = 0, size_y = 0, size_z = 0, size_c = 0, size_t = 0;
  std::optional<double> pixel_x_um, pixel_y_um;
  std::vector<OmeChannel> channels;
  std::vector<OmeTiffData> tiff_data;
};

struct OmeDocument {
  std::string uuid;
  std::vector<OmeImage> images;
};

/// Whether an ImageDescription is OME-XML at all.
bool LooksLikeOmeXml(std::string_view text);

/// kCorrupt names the element or attribute that is missing or no number.
Result<OmeDocument> ParseOmeXml(std::string_view xml);

/// A length in µm; nothing for units that are none (pixel, reference frame) or unknown. Also knows ImageJ's spellings.
std::optional<double> Micrometres(double value, std::string_view unit);

}  // namespace tegula::image
