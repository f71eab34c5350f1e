// app/view/classifier_choices.h — what may be chosen of a model's outputs for a classifier.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tegula/app/class_reading.h"
#include "tegula/spec/model_description.h"

namespace tegula::app {

/// An output, what its channels are called until somebody says otherwise, and what it may mean.
struct ClassifierChoice {
  std::string output;
  std::vector<ClassReading::Class> classes;
  std::vector<std::string_view> types;  ///< names of OutputTypes
  std::string reason;                   ///< why there can be no classifier of it; then nothing else is there
};

/// One per output, in their order.
std::vector<ClassifierChoice> ClassifierChoicesOf(const spec::ModelDescription& model);

}  // namespace tegula::app
