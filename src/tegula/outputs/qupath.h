// outputs/qupath.h — a folder that a QuPath user opens objects from: the objects, their classes, and a script that
// brings both into the image that is open.
//
// The GeoJSON can be dragged onto an image as well; the script also adds the classes to the project's list, refuses an
// image of another size, and run again replaces what it imported before. For QuPath 0.6 and later.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tegula/core/files.h"
#include "tegula/core/status.h"
#include "tegula/outputs/geojson.h"

namespace tegula::outputs {

struct QuPathExport {
  std::string image;                   ///< as a person knows it
  std::int64_t height = 0, width = 0;  ///< of it, at full resolution
  std::vector<GeoJsonClass> classes = {};
};

/// QuPath's list of classes, as it stands in PROJECT/classifiers/classes.json: colours are packed, signed ARGB.
std::string QuPathClasses(std::span<const GeoJsonClass> classes);

/// The Groovy script; it looks for the two other files where it lies itself.
std::string QuPathScript(const QuPathExport& objects);

/// Makes `folder` with a copy of the GeoJSON file `objects`, classes.json and import_objects.groovy. kIo, kExhausted.
Status WriteQuPathFolder(const Path& objects, const QuPathExport& description, const Path& folder);

}  // namespace tegula::outputs
