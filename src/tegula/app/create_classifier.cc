#include "tegula/app/create_classifier.h"

#include "tegula/app/model_source.h"
#include "tegula/app/select.h"
#include "tegula/pipeline/prediction.h"

namespace tegula::app {

namespace {

// A name, or a path that is the same from everywhere.
Path KeptName(const Path& model) {
  std::error_code error;
  const bool is_on_disk = std::filesystem::exists(model, error);
  return is_on_disk ? std::filesystem::canonical(model, error) : model;
}

}  // namespace

Result<Classifier> CreateClassifier(PredictRequest request, const std::string& output_type, engines::Registry& registry,
                                    const RunContext& context) {
  TEGULA_ASSIGN_OR_RETURN(const spec::Package package, OpenModel(request.model, request.engine.cache, context));
  const spec::ModelDescription& model = package.description();
  TEGULA_ASSIGN_OR_RETURN(const std::vector<std::size_t> outputs, pipeline::FindOutputs(model, request.outputs));
  TEGULA_TRY(pipeline::CheckApplicable(model, outputs).Context(request.model.string()));
  const spec::TensorDescription& output = model.outputs[outputs.front()];
  TEGULA_ASSIGN_OR_RETURN(const ClassReading reading, ReadClassesOf(output, request.classes));
  TEGULA_ASSIGN_OR_RETURN(const ProvenNetwork proven, SelectNetwork(package, request.engine, registry, context));
  request.model = KeptName(request.model);
  return ClassifierOf(request, proven, package, output.id, output_type, reading);
}

Status MoveModel(Classifier& classifier, const Path& model, const RunContext& context) {
  TEGULA_ASSIGN_OR_RETURN(const spec::Package package, OpenModel(model, {}, context));
  TEGULA_TRY(CheckPackage(TitleOf(classifier), classifier.network, package));
  classifier.model = KeptName(model).string();
  return Ok();
}

}  // namespace tegula::app
