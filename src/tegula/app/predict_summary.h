// app/predict_summary.h — what a call has made of all its images, as one table.
#pragma once

#include <vector>

#include "tegula/app/predict.h"

namespace tegula::app {

inline constexpr const char* kSummaryFile = "summary.csv";

/// A row per image, whether it was predicted or not: Image, Folder, Result, Reason, Megapixels, Seconds, Objects, and
/// of each class of objects "Num CLASS" and "CLASS area µm^2" (or px^2). Errors of CsvFile.
Status WriteSummary(const std::vector<ImagePrediction>& rows, const Path& file);

}  // namespace tegula::app
