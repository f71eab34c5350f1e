#include "tegula/app/create_classifier.h"

#include "tegula/app/model_source.h"
#include "tegula/app/select.h"
#include "tegula/pipeline/layout.h"
#include "tegula/pipeline/prediction.h"

namespace tegula::app {

Result<Classifier> CreateClassifier(PredictRequest request, const ClassRequest& classes, engines::Registry& registry,
                                    const RunContext& context) {
  TEGULA_ASSIGN_OR_RETURN(const spec::Package package, OpenModel(request.model, request.engine.cache, context));
  const spec::ModelDescription& model = package.description();
  TEGULA_ASSIGN_OR_RETURN(const std::vector<std::size_t> outputs, pipeline::FindOutputs(model, request.outputs));
  TEGULA_TRY(pipeline::CheckApplicable(model, outputs).Context(request.model.string()));
  const spec::TensorDescription& output = model.outputs[outputs.front()];
  TEGULA_ASSIGN_OR_RETURN(const pipeline::TensorLayout layout, pipeline::TensorLayout::Of(output));
  std::vector<outputs::StoreChannel> channels;
  for (const std::string& name : pipeline::ChannelNamesOf(output, layout.channels()))
    channels.push_back({name, outputs::PaletteColour(static_cast<std::int64_t>(channels.size()))});
  TEGULA_ASSIGN_OR_RETURN(const ClassReading reading, ReadClassesOf(channels, classes));
  TEGULA_ASSIGN_OR_RETURN(const ProvenNetwork proven, SelectNetwork(package, request.engine, registry, context));
  if (classes.threshold) request.objects.thresholds = {{"", *classes.threshold}};
  std::error_code error;
  if (std::filesystem::exists(request.model, error)) request.model = std::filesystem::canonical(request.model, error);
  return ClassifierOf(request, proven, package.description_sha256(), output.id, reading);
}

}  // namespace tegula::app
