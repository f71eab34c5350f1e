// app/measure_annotations.h — how much of each class, and how many objects, lie within annotations: what QuPath's pixel
// classifier measures, of a stored prediction.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tegula/app/class_reading.h"
#include "tegula/app/classifier.h"
#include "tegula/app/measured_areas.h"
#include "tegula/core/files.h"
#include "tegula/core/run_context.h"

namespace tegula::app {

struct AnnotationRequest {
  std::vector<Path> predictions;  ///< as OpenStoredPrediction takes them
  std::string output;             ///< id of the model's output; empty: the first
  /// That made the predictions, or would have: it says output and classes in the place of `output` and `classes`.
  std::optional<Classifier> classifier;
  /// A GeoJSON file, or for several predictions a folder that holds one for each, named like its image; empty: the
  /// whole image is one annotation.
  Path annotations;
  Path objects;  ///< a GeoJSON file of objects to count; empty: the run's own, if it has made any
  ClassRequest classes;
  std::string name;  ///< what the names of measurements begin with; empty: the classifier's name, or the model's
  Path out;          ///< folder for measurements.csv and the annotations with what was measured
  bool overwrite = false;
};

/// Measurements are called as QuPath calls them, after `name` and ": ": "Nucleus %" (of all pixels that have a class
/// that is not ignored; where classes overlap or pixels have none, of all pixels), "Nucleus area µm^2" (or px^2), "Area
/// µm^2" (of the annotation's pixels inside the image), and with objects "Num Detections", "Num Nucleus", "Num Nucleus
/// per mm^2", and "Positive %" where classes are called Positive and Negative. Objects count where their centroid lies,
/// cells where their nucleus is. A pixel lies in an annotation if its centre does. Annotations without a surface are
/// left out of the table and stay as they are. Of several images the failure of one does not stop the others; the call
/// fails if there is only one, or if it was cancelled. A prediction that the classifier would not have made is such a
/// failure. Writes `out`: kInvalid if its files are there and `overwrite` is
/// false. Memory: the annotations, and 24 bytes per object.
Result<std::vector<MeasuredImage>> MeasureAnnotations(const AnnotationRequest& request, const RunContext& context);

/// The same of one prediction and of annotations that are in memory, which `write` is given again; no file is written,
/// and what `request` says of files is not looked at, but for `objects`. Without annotations: the whole image.
struct MeasuredPrediction {
  MeasuredImage image;
  ClassReading reading;
};
Result<MeasuredPrediction> MeasurePrediction(const AnnotationRequest& request, const Path& prediction,
                                             const std::optional<std::vector<objects::Annotation>>& annotations,
                                             FeatureSink write, const RunContext& context);

}  // namespace tegula::app
