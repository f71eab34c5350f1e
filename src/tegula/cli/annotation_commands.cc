// `tegula measure` and `tegula classify`: what a stored prediction says about shapes of a GeoJSON file.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "tegula/app/classify_objects.h"
#include "tegula/app/exit_code.h"
#include "tegula/app/measure_annotations.h"
#include "tegula/cli/class_words.h"
#include "tegula/cli/classifier_words.h"
#include "tegula/cli/commands.h"
#include "tegula/cli/prediction_words.h"

namespace tegula::cli {
namespace {

using Json = nlohmann::ordered_json;

Json JsonOf(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json ToJson(const std::vector<app::MeasuredImage>& images) {
  Json rows = Json::array();
  for (const app::MeasuredImage& image : images) {
    Json annotations = Json::array();
    for (const app::MeasuredAnnotation& annotation : image.annotations) {
      Json measurements = Json::object();
      for (const auto& [name, value] : annotation.measurements) measurements[name] = JsonOf(value);
      annotations.push_back({{"name", annotation.name},
                             {"class", annotation.class_name},
                             {"id", annotation.id},
                             {"measurements", std::move(measurements)}});
    }
    rows.push_back({{"image", image.image},
                    {"geojson", image.geojson.string()},
                    {"annotations", std::move(annotations)},
                    {"error", image.error}});
  }
  return rows;
}

std::string ToText(const std::vector<app::MeasuredImage>& images) {
  std::vector<std::vector<std::string>> rows = {{"image", "annotation", "class", "measurement", "value"}};
  for (const app::MeasuredImage& image : images) {
    if (!image.error.empty()) rows.push_back({image.image, "failed", "", image.error, ""});
    for (const app::MeasuredAnnotation& annotation : image.annotations)
      for (const auto& [name, value] : annotation.measurements)
        rows.push_back({image.image, annotation.name.empty() ? annotation.id : annotation.name, annotation.class_name,
                        name, fmt::format("{:.6g}", value)});
  }
  return Table(rows);
}

Json ToJson(const std::vector<app::ClassifiedObjects>& images) {
  Json rows = Json::array();
  for (const app::ClassifiedObjects& image : images) {
    Json classes = Json::object();
    for (const auto& [name, count] : image.of_class) classes[name] = count;
    rows.push_back({{"image", image.image},
                    {"objects", image.objects},
                    {"classes", std::move(classes)},
                    {"without_class", image.without_class},
                    {"untouched", image.untouched},
                    {"geojson", image.geojson.string()},
                    {"error", image.error}});
  }
  return rows;
}

std::string ToText(const std::vector<app::ClassifiedObjects>& images) {
  std::vector<std::vector<std::string>> rows = {{"image", "class", "objects"}};
  std::string written;
  for (const app::ClassifiedObjects& image : images) {
    if (!image.error.empty()) {
      rows.push_back({image.image, "failed: " + image.error, ""});
      continue;
    }
    for (const auto& [name, count] : image.of_class) rows.push_back({image.image, name, std::to_string(count)});
    if (image.without_class > 0) rows.push_back({image.image, "no class there", std::to_string(image.without_class)});
    if (image.untouched > 0)
      rows.push_back({image.image, "outside the image, as they were", std::to_string(image.untouched)});
    written += "written: " + image.geojson.string() + "\n";
  }
  return Table(rows) + written;
}

}  // namespace

void AddMeasure(CLI::App& app, Run& run) {
  CLI::App* command =
      app.add_subcommand("measure", "areas, shares and counts of classes within annotations of predicted images");
  struct Words {
    PredictionWords predictions;
    std::string annotations, objects, out;
    ClassWords classes;
    ClassifierWords classifier;
    app::AnnotationRequest request;
    bool json = false;
  };
  const auto words = std::make_shared<Words>();
  words->predictions.AddTo(*command);
  command->add_option("--annotations", words->annotations,
                      "GeoJSON as QuPath exports it; for several predictions a folder with FOLDER.geojson for each; "
                      "default: the whole image");
  command->add_option("--objects", words->objects,
                      "GeoJSON of objects to count; default: those that `predict --objects` has made, if any");
  words->classifier.AddTo(*command);
  words->classes.AddTo(*command);
  command->add_option("--name", words->request.name,
                      "what the names of measurements begin with; default: the classifier's name, or the model's");
  command->add_option("--outputs", words->request.output, "which output of the model; default: its first");
  command->add_option("-o,--output", words->out, "folder for measurements.csv and the annotations with measurements")
      ->required();
  command->add_flag("--overwrite", words->request.overwrite, "replace what is there");
  command->add_flag("--json", words->json, "for programs");
  command->footer(
      "example:\n  tegula measure out/ --annotations tumour.geojson --classes \"0=Background*,1=Nucleus\" -o areas/");
  command->callback([&run, words, command]() {
    run = [words, command](const Session& session) -> Result<int> {
      app::AnnotationRequest request = words->request;
      TEGULA_ASSIGN_OR_RETURN(request.predictions, words->predictions.All());
      TEGULA_ASSIGN_OR_RETURN(request.classifier, words->classifier.Load(*command));
      request.annotations = words->annotations, request.objects = words->objects, request.out = words->out;
      request.classes = words->classes.Request(*command);
      TEGULA_ASSIGN_OR_RETURN(const std::vector<app::MeasuredImage> images,
                              app::MeasureAnnotations(request, session.context));
      Print(words->json ? ToJson(images).dump(2) + "\n" : ToText(images));
      const bool all_done = std::all_of(images.begin(), images.end(), [](auto& i) { return i.error.empty(); });
      return all_done ? app::kExitOk : 1;
    };
  });
}

void AddClassify(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand("classify", "give existing objects the class that a prediction has there");
  struct Words {
    PredictionWords predictions;
    std::string objects, by = "centroid", out;
    ClassWords classes;
    ClassifierWords classifier;
    app::ClassifyRequest request;
    bool json = false;
  };
  const auto words = std::make_shared<Words>();
  words->predictions.AddTo(*command);
  command
      ->add_option("--objects", words->objects,
                   "GeoJSON of detections, cells or annotations; for several predictions a folder with FOLDER.geojson "
                   "for each")
      ->required();
  command
      ->add_option("--by", words->by,
                   "centroid: the class of the pixel under the centroid (of a cell's nucleus), as QuPath; majority: "
                   "the class with most pixels within the outline")
      ->check(CLI::IsMember({"centroid", "majority"}))
      ->capture_default_str();
  words->classifier.AddTo(*command);
  words->classes.AddTo(*command);
  command->add_option("--outputs", words->request.output, "which output of the model; default: its first");
  command->add_option("-o,--output", words->out, "the GeoJSON file to write; for several predictions a folder")
      ->required();
  command->add_flag("--overwrite", words->request.overwrite, "replace what is there");
  command->add_flag("--json", words->json, "for programs");
  command->footer("example:\n  tegula classify out/ --objects cells.geojson --by majority -o classified.geojson");
  command->callback([&run, words, command]() {
    run = [words, command](const Session& session) -> Result<int> {
      app::ClassifyRequest request = words->request;
      TEGULA_ASSIGN_OR_RETURN(request.predictions, words->predictions.All());
      TEGULA_ASSIGN_OR_RETURN(request.classifier, words->classifier.Load(*command));
      request.objects = words->objects, request.out = words->out;
      request.classes = words->classes.Request(*command);
      request.by_majority = words->by == "majority";
      TEGULA_ASSIGN_OR_RETURN(const std::vector<app::ClassifiedObjects> images,
                              app::ClassifyObjects(request, session.context));
      Print(words->json ? ToJson(images).dump(2) + "\n" : ToText(images));
      const bool all_done = std::all_of(images.begin(), images.end(), [](auto& i) { return i.error.empty(); });
      return all_done ? app::kExitOk : 1;
    };
  });
}

}  // namespace tegula::cli
