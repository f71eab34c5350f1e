// app/stored_objects.h — objects of predictions that earlier runs have left: as `predict` makes them, with other
// thresholds, without predicting again.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tegula/app/classifier.h"
#include "tegula/app/object_request.h"
#include "tegula/core/files.h"
#include "tegula/core/run_context.h"
#include "tegula/outputs/run_record.h"

namespace tegula::app {

struct StoredObjectsRequest {
  std::vector<Path> predictions;  ///< as OpenStoredPrediction takes them
  std::string output;             ///< id of the model's output; empty: the first
  /// That made the predictions, or would have: it says output, classes and thresholds in the place of those here.
  std::optional<Classifier> classifier;
  ClassRequest classes;  ///< names and colours alone: what makes objects is said in `objects`
  ObjectRequest objects;
  std::string image;    ///< what intensities are measured on; empty: the file that the run's record names
  bool qupath = false;  ///< leave a folder with the objects for QuPath as well
  Path out;             ///< folder; with several predictions one folder for each below it
  bool overwrite = false;
};

/// What was made of one prediction.
struct StoredObjects {
  std::string image, prediction;
  Path folder;
  std::vector<outputs::ObjectsRecord> classes = {};
  bool knows_um = false;
  std::vector<std::string> notes = {};  ///< sentences without a full stop
  std::string error = {};               ///< why there are none
};

/// Objects, their ids and their numbers are those that `predict` makes with the same options, bit for bit. Files appear
/// when all of an image's are complete, and summary.csv in `out` with a row per image and class when all images are
/// done. Of several predictions the failure of one does not stop the others; the call fails if there is only one, or if
/// it was cancelled. kInvalid if files are there and `overwrite` is false, or for `image` with several predictions;
/// kUnsupported for predictions of several planes, and of a region in types that have no NaN.
Result<std::vector<StoredObjects>> ObjectsOfPredictions(const StoredObjectsRequest& request, const RunContext& context);

}  // namespace tegula::app
