// app/measured_areas.h — annotations measured on a plane of classes, wherever its pixels come from: a stored
// prediction, or one that is made for it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tegula/app/class_reading.h"
#include "tegula/app/counted_objects.h"
#include "tegula/core/files.h"
#include "tegula/core/run_context.h"
#include "tegula/objects/annotations/annotation.h"
#include "tegula/pipeline/class_areas.h"

namespace tegula::app {

/// What was measured of one annotation.
struct MeasuredAnnotation {
  std::string name, class_name, id;
  std::vector<std::pair<std::string, double>> measurements;
};

struct MeasuredImage {
  std::string image;
  Path geojson;  ///< the annotations again, with their measurements; empty without annotations
  std::vector<MeasuredAnnotation> annotations;
  std::string error = {};  ///< why there are none
};

/// What is measured, and how it is told.
struct MeasuredPlane {
  pipeline::PlacedPlane plane;
  ClassReading reading;
  std::string name;       ///< what the names of measurements begin with
  double pixel_area = 1;  ///< in µm² if that is known, else in pixels of the slide
  bool knows_um = false;
};

/// Takes an annotation's text again, with its measurements.
using FeatureSink = FunctionRef<Status(std::string_view feature)>;

/// Measures each annotation that has a surface, also those within others, in their order, as MeasureAnnotations says;
/// `write` is then given all of them. kInvalid if none has a surface; errors of CountClasses and `write`.
Result<std::vector<MeasuredAnnotation>> MeasureAreas(const RunContext& context, const MeasuredPlane& plane,
                                                     const std::vector<objects::Annotation>& annotations,
                                                     const std::optional<CountedObjects>& objects, FeatureSink write);
/// The whole plane as one annotation.
Result<MeasuredAnnotation> MeasureWhole(const RunContext& context, const MeasuredPlane& plane,
                                        const std::optional<CountedObjects>& objects);

/// The table of all of them as CSV, with a column for each name of a measurement.
std::string MeasurementTable(std::span<const MeasuredImage> images);

}  // namespace tegula::app
