// app/view/annotations.h — annotations that a viewer holds as text: read, written in the form that Tegula writes, and
// measured as `tegula measure` does.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tegula/app/class_reading.h"
#include "tegula/app/measured_areas.h"
#include "tegula/app/view/live_prediction.h"
#include "tegula/core/files.h"
#include "tegula/core/run_context.h"

namespace tegula::app {

/// What is held, shown and sent; more are a matter of files, which `tegula measure` takes of any size.
inline constexpr std::int64_t kMostAnnotationBytes = 6 << 20;

/// GeoJSON again as Tegula writes it: a FeatureCollection with a feature per line, of which everything stays, but that
/// classes have a name and a colour, as QuPath wants them. Messages call it `name`. Errors of ParseGeoJson, and of
/// sizes.
Result<std::string> AnnotationsText(std::string_view geojson, std::string_view name);
/// The same of a file.
Result<std::string> AnnotationsOfFile(const Path& file);

struct ViewMeasureRequest {
  std::string geojson;   ///< the annotations
  ClassRequest classes;  ///< as `measure` takes them
  Path objects;          ///< a GeoJSON file of objects to count; empty: those of the run
};

struct ViewMeasurement {
  MeasuredImage image;
  std::vector<ClassReading::Class> classes;
  /// The files that `command` leaves, byte by byte: measurements.csv, and annotations.geojson with the measurements.
  std::string csv, geojson;
  /// What makes the same of the annotations, saved as annotations.geojson; a line for each command.
  std::string command;
};

/// Of a run of `predict`. Errors of MeasurePrediction.
Result<ViewMeasurement> MeasureRun(const Path& run, const ViewMeasureRequest& request, const RunContext& context);

/// Pixels of the output around an annotation up to which it is predicted at once.
inline constexpr std::int64_t kMostMeasuredPixels = std::int64_t{4096} * 4096;

/// Of a prediction of which there are no files: the windows in which an annotation has a pixel are predicted. kInvalid
/// if that is a preview, or an annotation is larger than kMostMeasuredPixels; kCancelled if `is_gone` says that nobody
/// waits any more.
Result<ViewMeasurement> MeasureLive(LivePrediction& live, const ViewMeasureRequest& request,
                                    const std::function<bool()>& is_gone, const RunContext& context);

}  // namespace tegula::app
