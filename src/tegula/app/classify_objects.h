// app/classify_objects.h — existing objects get the class that a prediction has where they are.
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

struct ClassifyRequest {
  std::vector<Path> predictions;  ///< as OpenStoredPrediction takes them
  std::string output;             ///< id of the model's output; empty: the first
  /// That made the predictions, or would have: it says output and classes in the place of `output` and `classes`.
  std::optional<Classifier> classifier;
  Path objects;  ///< GeoJSON; for several predictions a folder that holds one for each, see AnnotationsFor
  ClassRequest classes;
  bool by_majority = false;  ///< the class with most pixels within the outline; otherwise that under the centroid
  Path out;                  ///< the GeoJSON file to write; for several predictions a folder for them
  bool overwrite = false;
};

struct ClassifiedObjects {
  std::string image;
  Path geojson;
  std::int64_t objects = 0;
  std::vector<std::pair<std::string, std::int64_t>> of_class;
  std::int64_t without_class = 0;  ///< no class there: they lose theirs
  std::int64_t untouched = 0;      ///< outside the image, or without a place: they keep theirs
  std::string error = {};          ///< why there are none
};

/// For each prediction writes its objects again with other classes; everything else of them stays. Of a cell its
/// nucleus decides. By majority, equally frequent classes are decided by the channels' order, and measurements "NAME
/// fraction" are added. Classes that are ignored elsewhere count here like others. Of several predictions the failure
/// of one does not stop the others; the call fails if there is only one, or if it was cancelled. kInvalid where classes
/// may overlap, where the classifier would not have made the prediction, or if what is to be written is there and
/// `overwrite` is false; errors of both files. Memory: a few thousand objects and their text at a time.
Result<std::vector<ClassifiedObjects>> ClassifyObjects(const ClassifyRequest& request, const RunContext& context);

}  // namespace tegula::app
