// app/summary.h — what a call has made of all its images, as one table.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tegula/core/files.h"
#include "tegula/outputs/run_record.h"

namespace tegula::app {

inline constexpr const char* kSummaryFile = "summary.csv";

struct SummarizedImage {
  std::string image;
  std::string folder;  ///< of what was made of it; empty if that failed
  std::string result;  ///< "done", "done before" or "failed"
  std::string reason = {};
  std::optional<double> megapixels = {};
  std::optional<double> seconds = {};
  std::vector<outputs::ObjectsRecord> classes = {};  ///< of its objects, if they were asked for
  bool knows_um = false;                             ///< the pixel size
};

/// A row per image, whether it failed or not: Image, Folder, Result, Reason, Megapixels, Seconds, Objects, and of each
/// class of objects "Num CLASS" and "CLASS area µm^2" (or px^2). Replaces what is there. Errors of CsvFile.
Status WriteSummary(const std::vector<SummarizedImage>& images, const Path& file);

}  // namespace tegula::app
