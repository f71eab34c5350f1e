// app/prediction_classes.h — the classes of a stored prediction: as a user says, or a classifier.
#pragma once

#include <optional>

#include "tegula/app/class_reading.h"
#include "tegula/app/classifier.h"
#include "tegula/app/stored_prediction.h"

namespace tegula::app {

/// What `request` says of a prediction's channels, or of the numbers of classes that it holds; with a classifier what
/// that says instead. kInvalid, with what differs, if the classifier would not have made this prediction; errors of
/// ReadClassesOf.
Result<ClassReading> ClassesOfPrediction(const StoredPrediction& prediction, const ClassRequest& request,
                                         const std::optional<Classifier>& classifier);

/// Which output of the model is meant.
inline const std::string& OutputMeant(const std::string& output, const std::optional<Classifier>& classifier) {
  return classifier ? classifier->output : output;
}

}  // namespace tegula::app
