#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "tegula/app/predict.h"
#include "tegula/cli/class_words.h"
#include "tegula/cli/classifier_words.h"
#include "tegula/cli/commands.h"
#include "tegula/cli/convert_words.h"
#include "tegula/cli/engine_words.h"
#include "tegula/cli/format_words.h"
#include "tegula/cli/image_words.h"
#include "tegula/cli/object_words.h"
#include "tegula/cli/prediction_text.h"
#include "tegula/cli/run_commands.h"
#include "tegula/cli/source_words.h"
#include "tegula/cli/tile_words.h"
#include "tegula/cli/value_words.h"
#include "tegula/cli/zoo_words.h"
#include "tegula/core/files.h"
#include "tegula/core/text.h"

namespace tegula::cli {
namespace {

struct Words {
  std::string model;
  ClassifierWords classifier;
  ClassWords classes;
  SourceWords sources;
  std::string outputs;
  std::string output;
  ImageWords image;
  FormatWords format;
  ValueWords values;
  ObjectWords objects;
  EngineWords engine;
  TileWords tiles;
  std::string memory;
  std::string verify;
  int workers = 0;
  bool json = false, convert = false, trusts_code = false;
  app::PredictRequest request;
};

Result<app::PredictRequest> RequestFrom(const Words& words, const CLI::App& command, const Session& session) {
  app::PredictRequest request = words.request;
  request.model = words.model;
  request.output = words.output;
  TEGULA_ASSIGN_OR_RETURN(request.binding, words.image.Binding(command));
  TEGULA_ASSIGN_OR_RETURN(request.format, words.format.Request());
  TEGULA_ASSIGN_OR_RETURN(request.values, words.values.Requests());
  TEGULA_ASSIGN_OR_RETURN(request.objects, words.objects.Request(command));
  TEGULA_TRY(words.tiles.Apply(request));
  if (!words.memory.empty()) {
    TEGULA_ASSIGN_OR_RETURN(request.memory_bytes, BytesFromWords(words.memory));
  }
  request.outputs = Names(words.outputs);
  TEGULA_TRY(words.sources.Apply(request));
  if (!words.verify.empty()) {
    TEGULA_ASSIGN_OR_RETURN(request.verify, app::VerifyRequest::Parse(words.verify));
  }
  TEGULA_ASSIGN_OR_RETURN(request.engine, words.engine.Request(session));
  request.classes = words.classes.request;
  TEGULA_ASSIGN_OR_RETURN(const std::optional<app::Classifier> classifier, words.classifier.Load(command));
  if (classifier) {
    // Then nothing but images is named by its place.
    if (!words.model.empty()) request.images.insert(request.images.begin(), words.model);
    TEGULA_TRY(app::Apply(*classifier, request));
  } else if (words.model.empty()) {
    return InvalidError("no model is named; give one, or a classifier with --classifier");
  }
  request.command_line = session.command_line;
  if (words.convert) {
    ConvertWords convert;
    convert.trusts_code = words.trusts_code;
    request.convert = convert.Request(session);
    request.convert->model = request.model;
  }
  return request;
}

// Declares the command, whose words go where the answer points.
std::shared_ptr<Words> Declare(CLI::App* command) {
  const auto words = std::make_shared<Words>();
  app::PredictRequest& request = words->request;
  command->add_option("MODEL", words->model,
                      "folder, yaml file, zip, or id of the collection; not with --classifier, which names it");
  words->sources.AddTo(*command);
  command->add_option("--outputs", words->outputs, "make only these outputs of the model, separated by commas");
  command->add_option("-o,--output", words->output, "folder for the results")->required();
  command->add_flag("--overwrite", request.overwrite,
                    "replace results that are there; those that are not made again are removed");
  words->classifier.AddTo(*command);
  words->classes.AddNamesTo(*command);
  words->format.AddTo(*command);
  words->values.AddTo(*command);
  words->image.AddTo(*command);
  words->tiles.AddTo(*command);
  command->add_option("--memory", words->memory,
                      "what the run may take in all, such as 4GB or 800MB; default: a quarter of the machine's");
  command->add_flag(
      fmt::format("--verify{{{}}}", app::VerifyRequest{}.ToText()), words->verify,
      "predict the image again as a whole where the memory allows it, else some windows with twice the context, and "
      "compare: --verify, --verify=N windows, --verify=all. The report shows numbers and pictures; the exit code is 1 "
      "if "
      "the result depends on its tiles. With the command of a complete run it verifies what is there");
  words->engine.AddTo(*command);
  CLI::Option* const convert = command->add_flag(
      "--convert", words->convert, "if none of the model's weights runs, first do what `tegula convert MODEL` does");
  command->add_flag("--trust-code", words->trusts_code, "with --convert: run code that comes with the model")
      ->needs(convert);
  command
      ->add_option("--statistics-from", request.statistics_from,
                   "whose mean, deviation and percentiles normalise the input: image; padded (the image with its halo, "
                   "as bioimageio.core 0.11 takes them); roi=X,Y,WIDTH,HEIGHT (in pixels of the full resolution); the "
                   "areas of a .geojson file; or a file that --save-statistics or `bioimageio predict --stats` wrote. "
                   "What a model wants of its whole dataset is taken of all images of the call together")
      ->capture_default_str();
  command
      ->add_option(
          "--region", request.region,
          "predict only this part: X,Y,WIDTH,HEIGHT (in pixels of the full resolution), the areas of a .geojson "
          "file, or tissue, which is looked for (tissue=T: with this threshold) and left in tissue.geojson to be "
          "corrected; several add up. What is inside is what it is without")
      ->allow_extra_args(false);
  command->add_flag("--save-statistics", request.save_statistics, "leave them in statistics.json");
  words->objects.AddTo(*command);
  command
      ->add_flag("--qupath", request.qupath,
                 "leave a folder qupath/ with the objects, their classes and a script that imports both into QuPath")
      ->group("objects");
  command->add_option("--workers", words->workers, "tiles in work at once; default: threads + 2")
      ->check(CLI::Range(1, 256));
  command->add_flag("--json", words->json, "for programs");
  command->footer("example:\n  tegula predict models/he-nuclei.zip slide.svs -o out/ --objects nucleus");
  return words;
}

}  // namespace

Result<app::PredictRequest> PredictRequestOf(const std::vector<std::string>& arguments, const Session& session) {
  CLI::App command;
  const std::shared_ptr<Words> words = Declare(&command);
  TEGULA_TRY(ReadArguments(command, arguments));
  return RequestFrom(*words, command, session);
}

void AddPredict(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand("predict", "apply a model to images of any size");
  const std::shared_ptr<Words> words = Declare(command);
  command->callback([&run, words, command]() {
    run = [words, command](const Session& session) -> Result<int> {
      const std::unique_ptr<Executor> own = words->workers > 0 ? NewThreadExecutor(words->workers) : nullptr;
      const RunContext& given = session.context;
      const RunContext context{own ? *own : given.executor, given.progress, given.stop, given.limits, given.offline};
      TEGULA_ASSIGN_OR_RETURN(const app::PredictRequest wanted, RequestFrom(*words, *command, session));
      TEGULA_ASSIGN_OR_RETURN(const std::vector<app::ImagePrediction> predictions,
                              app::Predict(wanted, session.registry, context));
      Print(words->json ? PredictionsJson(predictions) : PredictionsText(predictions));
      return AllDone(predictions) ? 0 : 1;
    };
  });
}

}  // namespace tegula::cli
