// app/create_classifier.h — a classifier from what was decided about a model: proven here, with everything frozen that
// decides its answers.
#pragma once

#include <string>

#include "tegula/app/classifier_folder.h"
#include "tegula/core/run_context.h"
#include "tegula/engines/registry.h"

namespace tegula::app {

/// What a classifier is asked for.
struct ClassifierRequest {
  std::string name;
  bool overwrite = false;  ///< the one of this name, if there is one
  PredictRequest predict;  ///< model, an output, binding, windows, statistics, engine and classes
  std::string output_type = kDefaultOutputType;
};

/// Makes it and keeps it in the folder, as `tegula classifier create` does. Errors of ClassifierFolder::CheckFree
/// before anything is done, and of CreateClassifier; kInvalid for several outputs and for
/// numbers that cannot be.
Result<Classifier> MakeClassifier(ClassifierRequest request, const ClassifierFolder& folder,
                                  engines::Registry& registry, const RunContext& context);

/// The command line that does the same on this machine.
std::string CommandOf(const ClassifierRequest& request);

/// Opens the request's model, takes the network that reproduces its test outputs, and keeps model, binding, windows,
/// engine and classes (the request's) of its only output, or the first. A model is kept by its name or, if it is on the
/// disk, by its absolute path. Images and the output folder of the request do not matter. Errors of OpenModel,
/// SelectNetwork and ClassifierOf; kNotFound for a class's channel that the output does not have.
Result<Classifier> CreateClassifier(PredictRequest request, const std::string& output_type, engines::Registry& registry,
                                    const RunContext& context);

/// Where the same model is on this machine, kept as CreateClassifier keeps it. kInvalid with what differs if it is
/// another; errors of OpenModel.
Status MoveModel(Classifier& classifier, const Path& model, const RunContext& context);

}  // namespace tegula::app
