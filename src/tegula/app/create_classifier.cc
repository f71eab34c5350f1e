#include "tegula/app/create_classifier.h"

#include <fmt/format.h>

#include "tegula/app/given_input.h"
#include "tegula/app/model_source.h"
#include "tegula/app/request_words.h"
#include "tegula/app/select.h"
#include "tegula/core/platform.h"
#include "tegula/core/shell_word.h"
#include "tegula/core/text.h"
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

Result<Classifier> MakeClassifier(ClassifierRequest request, const ClassifierFolder& folder,
                                  engines::Registry& registry, const RunContext& context) {
  TEGULA_TRY(folder.CheckFree(request.name, request.overwrite));
  if (request.predict.outputs.size() > 1)
    return InvalidError("a classifier has one output; name one with --outputs and make a classifier of each");
  request.predict.classes.overlapping = request.output_type == kMulticlass;
  TEGULA_ASSIGN_OR_RETURN(Classifier classifier,
                          CreateClassifier(std::move(request.predict), request.output_type, registry, context));
  classifier.name = request.name;
  // What is kept can be read again.
  if (const auto read = ClassifierFromJson(ToJson(classifier)); !read.ok()) return InvalidError(ToString(read.error()));
  TEGULA_TRY(folder.Save(classifier, request.overwrite));
  return classifier;
}

// Only what is not the default of the command.
std::string CommandOf(const ClassifierRequest& request) {
  const PredictRequest& predict = request.predict;
  const image::BindingRequest& binding = predict.binding;
  std::string command =
      fmt::format("tegula classifier create {} --model {}", ShellWord(request.name), ShellWord(predict.model.string()));
  const auto add = [&](std::string_view option, const std::string& value) {
    if (!value.empty()) command += fmt::format(" {} {}", option, ShellWord(value));
  };
  const auto add_number = [&](std::string_view option, const auto& value) {
    if (value) command += fmt::format(" {} {}", option, *value);
  };
  if (!predict.outputs.empty()) add("--outputs", predict.outputs.front());
  add("--channels", Join(binding.channels, ","));
  if (binding.stains) add("--stains", binding.stains->ToText());
  add("--z", TextOf(binding.z)), add("--t", TextOf(binding.t));
  if (binding.z_projection) add("--z-projection", std::string(image::ProjectionName(*binding.z_projection)));
  add_number("--level", binding.level), add_number("--pixel-size", binding.pixel_size_um);
  add_number("--downsample", binding.downsample);
  add("--tile", SizesText(predict.tiling.tile)), add("--context", SizesText(predict.tiling.context));
  add("--stride", SizesText(predict.tiling.stride));
  if (const std::string border = BorderOf(predict); border != "auto") add("--border", border);
  if (predict.statistics_from != "image") add("--statistics-from", predict.statistics_from);
  add("--classes", predict.classes.names);
  if (request.output_type != kDefaultOutputType) add("--output", request.output_type);
  add_number("--threshold", predict.classes.threshold);
  const EngineRequest &engine = predict.engine, usual = {};
  if (engine.engine != usual.engine) add("--engine", engine.engine);
  if (engine.weights) add("--weight-format", std::string(spec::WeightsFormatName(*engine.weights)));
  if (engine.device != usual.device) add("--device", engine.device);
  for (const PrecisionWord& row : kPrecisionWords)
    if (row.IsOf(engine) && !row.IsOf(usual)) add("--precision", std::string(row.word));
  if (engine.threads != AvailableCores()) command += fmt::format(" --engine-threads {}", engine.threads);
  if (request.overwrite) command += " --overwrite";
  return command;
}

Status MoveModel(Classifier& classifier, const Path& model, const RunContext& context) {
  TEGULA_ASSIGN_OR_RETURN(const spec::Package package, OpenModel(model, {}, context));
  TEGULA_TRY(CheckPackage(TitleOf(classifier), classifier.network, package));
  classifier.model = KeptName(model).string();
  return Ok();
}

}  // namespace tegula::app
