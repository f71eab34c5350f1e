// app/measure_annotations.h — how much of each class, and how many objects, lie within annotations: what QuPath's pixel
// classifier measures, of a stored prediction.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tegula/app/class_reading.h"
#include "tegula/app/classifier.h"
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

}  // namespace tegula::app
