// `tegula objects`: objects of stored predictions.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "tegula/app/exit_code.h"
#include "tegula/app/stored_objects.h"
#include "tegula/cli/class_words.h"
#include "tegula/cli/classifier_words.h"
#include "tegula/cli/commands.h"
#include "tegula/cli/object_words.h"
#include "tegula/cli/prediction_words.h"
#include "tegula/cli/run_commands.h"

namespace tegula::cli {
namespace {

using Json = nlohmann::ordered_json;

Json ToJson(const std::vector<app::StoredObjects>& images) {
  Json rows = Json::array();
  for (const app::StoredObjects& image : images) {
    Json classes = Json::array();
    for (const outputs::ObjectsRecord& of_class : image.classes)
      classes.push_back({{"class", of_class.class_name},
                         {"objects", of_class.count},
                         {"area_px", of_class.area_px},
                         {"area_um2", image.knows_um ? Json(of_class.area_um2) : Json(nullptr)}});
    rows.push_back({{"image", image.image},
                    {"prediction", image.prediction},
                    {"folder", image.folder.string()},
                    {"classes", std::move(classes)},
                    {"notes", image.notes},
                    {"error", image.error}});
  }
  return rows;
}

std::string ToText(const std::vector<app::StoredObjects>& images) {
  std::vector<std::vector<std::string>> rows = {{"prediction", "class", "objects", "area"}};
  std::string notes;
  for (const app::StoredObjects& image : images) {
    if (!image.error.empty()) rows.push_back({image.prediction, "failed", "", image.error});
    for (const outputs::ObjectsRecord& of_class : image.classes)
      rows.push_back({image.prediction, of_class.class_name, fmt::format("{}", of_class.count),
                      image.knows_um ? fmt::format("{:.6g} µm²", of_class.area_um2)
                                     : fmt::format("{:.6g} px²", of_class.area_px)});
    for (const std::string& note : image.notes)
      notes += images.size() == 1 ? fmt::format("{}.\n", note) : fmt::format("{}: {}.\n", image.prediction, note);
  }
  return Table(rows) + notes;
}

struct Words {
  PredictionWords predictions;
  ClassifierWords classifier;
  ClassWords classes;
  std::string out;
  ObjectWords objects;
  app::StoredObjectsRequest request;
  bool json = false;
};

Result<app::StoredObjectsRequest> RequestFrom(const Words& words, const CLI::App& command) {
  app::StoredObjectsRequest request = words.request;
  TEGULA_ASSIGN_OR_RETURN(request.predictions, words.predictions.All());
  TEGULA_ASSIGN_OR_RETURN(request.classifier, words.classifier.Load(command));
  request.classes = words.classes.request;
  request.out = words.out;
  TEGULA_ASSIGN_OR_RETURN(request.objects, words.objects.Request(command));
  return request;
}

// Declares the command, whose words go where the answer points.
std::shared_ptr<Words> Declare(CLI::App* command) {
  const auto words = std::make_shared<Words>();
  words->objects.objects = "all";
  words->predictions.AddTo(*command);
  command
      ->add_option("-o,--output", words->out,
                   "folder for the objects and summary.csv; a folder in it for each of several")
      ->required();
  command->add_option("--outputs", words->request.output, "which output of the model; default: its first");
  command->add_option("--image", words->request.image,
                      "the image, if intensities are measured and it is no longer where it was predicted");
  command->add_flag("--overwrite", words->request.overwrite, "replace what is there");
  command->add_flag("--json", words->json, "for programs");
  words->classifier.AddTo(*command);
  words->classes.AddNamesTo(*command);
  words->objects.AddTo(*command);
  command
      ->add_flag("--qupath", words->request.qupath,
                 "leave a folder qupath/ with the objects, their classes and a script that imports both into QuPath")
      ->group("objects");
  command->footer(
      "example:\n  tegula objects out/ --threshold 0.6 --split distance --min-area 20um2 --measure shape -o nuclei/");
  return words;
}

}  // namespace

Result<app::StoredObjectsRequest> ObjectsRequestOf(const std::vector<std::string>& arguments) {
  CLI::App command;
  const std::shared_ptr<Words> words = Declare(&command);
  TEGULA_TRY(ReadArguments(command, arguments));
  return RequestFrom(*words, command);
}

void AddObjects(CLI::App& app, Run& run) {
  CLI::App* command =
      app.add_subcommand("objects", "outlines, measurements and numbers of objects of predicted images");
  const std::shared_ptr<Words> words = Declare(command);
  command->callback([&run, words, command]() {
    run = [words, command](const Session& session) -> Result<int> {
      TEGULA_ASSIGN_OR_RETURN(const app::StoredObjectsRequest request, RequestFrom(*words, *command));
      TEGULA_ASSIGN_OR_RETURN(const std::vector<app::StoredObjects> images,
                              app::ObjectsOfPredictions(request, session.context));
      Print(words->json ? ToJson(images).dump(2) + "\n" : ToText(images));
      const bool all_done = std::all_of(images.begin(), images.end(), [](auto& i) { return i.error.empty(); });
      return all_done ? app::kExitOk : 1;
    };
  });
}

}  // namespace tegula::cli
