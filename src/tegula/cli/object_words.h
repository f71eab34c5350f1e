// cli/object_words.h — the words by which commands are told which objects to make and what to measure of them.
#pragma once

#include <string>
#include <vector>

#include "tegula/app/object_request.h"

namespace CLI {
class App;
}

namespace tegula::cli {

struct ObjectWords {
  std::string objects, threshold, smooth, split, split_depth, fill_holes, min_area, radius, percentiles, simplify;
  std::string files = "geojson";
  std::string overlaps = "keep", border = "keep";
  std::vector<std::string> measure;
  int connectivity = 4;
  std::string object_type = "detection", cell_expansion;

  /// Declares --objects and everything else about objects, which write here.
  void AddTo(CLI::App& command);
  /// What was said of them. kInvalid.
  Result<app::ObjectRequest> Request(const CLI::App& command) const;
};

/// The table of measurements.
std::string MeasurementsText();

}  // namespace tegula::cli
