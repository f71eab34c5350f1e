// cli/prediction_text.h — what `predict` says when it is done.
#pragma once

#include <string>
#include <vector>

#include "tegula/app/predict.h"

namespace tegula::cli {

/// Sentences about a single image, a table of several.
std::string PredictionsText(const std::vector<app::ImagePrediction>& predictions);
/// A list with an object per image.
std::string PredictionsJson(const std::vector<app::ImagePrediction>& predictions);
/// Whether every image was predicted, and none depends on its tiles.
bool AllDone(const std::vector<app::ImagePrediction>& predictions);

}  // namespace tegula::cli
