// app/object_request.h — what can be asked about objects, by `predict` and by `objects` alike.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tegula/app/quantity.h"
#include "tegula/objects/measure/measurements.h"

namespace tegula::app {

/// What is measured of each object.
struct MeasureRequest {
  bool shape = false, intensity = false, neighbours = false;
  std::vector<double> percentiles = {5, 95};  ///< of intensities, beside the median
  std::optional<Quantity> neighbour_radius;   ///< else 50 µm, or 100 pixels where the pixel size is unknown

  /// "basic", "shape", "intensity", "neighbours", "all", of several the union. kInvalid for another word.
  Status Add(const std::string& group);
};

/// Which objects to make of a map, and how they are measured.
struct ObjectRequest {
  std::vector<std::string> classes;  ///< names or 0-based indices of the map's channels; empty: no objects
  std::optional<double> threshold;   ///< not given: 0.5 for one channel, the largest channel wins for several
  Quantity min_area;                 ///< smaller objects are left out
  MeasureRequest measure;
  std::string object_type = "detection";  ///< QuPath's: detection, annotation, cell
};

/// Everything of the request that decides the objects and their measurements, as a line of text.
std::string ToText(const ObjectRequest& request);

/// The options for a map in this frame. kInvalid for a length in µm where the pixel size is unknown.
Result<objects::MeasureOptions> MeasureOptionsOf(const MeasureRequest& request, const objects::MapFrame& frame);

}  // namespace tegula::app
