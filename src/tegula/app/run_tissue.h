// app/run_tissue.h — the tissue of an image as areas in a GeoJSON file, to be looked at, corrected and given back.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tegula/core/files.h"
#include "tegula/core/run_context.h"
#include "tegula/image/binding.h"
#include "tegula/image/source.h"
#include "tegula/objects/annotations/point.h"
#include "tegula/outputs/run_record.h"

namespace tegula::app {

struct FoundTissue {
  std::vector<objects::PointPolygon> areas;  ///< in pixels of level 0, as they stand in the file
  outputs::TissueRecord record;
};

/// Finds tissue (image/tissue.h) on the plane in the middle of those that `planes` asks for, leaves out what is smaller
/// than 0.01 mm² or a thousandth of the image, fills holes that small, and writes `file`: QuPath's annotations of class
/// Tissue. The areas are read from it again, so that it says exactly what they are. kInvalid, with what to do, if there
/// is none, and for what FindTissue refuses; errors of source and file. `name` of the image decides the objects' ids.
Result<FoundTissue> FindTissueAreas(const RunContext& context, const image::Source& source,
                                    const image::BindingRequest& planes, const std::optional<double>& threshold,
                                    const std::string& name, const Path& file);

}  // namespace tegula::app
