// app/classify_objects.h — existing objects get the class that a prediction has where they are.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tegula/app/class_reading.h"
#include "tegula/core/files.h"
#include "tegula/core/run_context.h"

namespace tegula::app {

struct ClassifyRequest {
  Path prediction;     ///< as OpenStoredPrediction takes it
  std::string output;  ///< id of the model's output; empty: the first
  Path objects;        ///< GeoJSON
  ClassRequest classes;
  bool by_majority = false;  ///< the class with most pixels within the outline; otherwise that under the centroid
  Path out;                  ///< the GeoJSON file to write
  bool overwrite = false;
};

struct ClassifiedObjects {
  std::int64_t objects = 0;
  std::vector<std::pair<std::string, std::int64_t>> of_class;
  std::int64_t without_class = 0;  ///< no class there: they lose theirs
  std::int64_t untouched = 0;      ///< outside the image, or without a place: they keep theirs
};

/// Writes the objects again with other classes; everything else of them stays. Of a cell its nucleus decides. By
/// majority, equally frequent classes are decided by the channels' order, and measurements "NAME fraction" are added.
/// Classes that are ignored elsewhere count here like others. kInvalid where classes may overlap, or if `out` is there
/// and `overwrite` is false; errors of both files; kCancelled. Memory: a few thousand objects and their text at a time.
Result<ClassifiedObjects> ClassifyObjects(const ClassifyRequest& request, const RunContext& context);

}  // namespace tegula::app
