// `tegula measure` and `tegula classify`: what a stored prediction says about shapes of a GeoJSON file.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "tegula/app/classify_objects.h"
#include "tegula/app/exit_code.h"
#include "tegula/app/measure_annotations.h"
#include "tegula/cli/commands.h"

namespace tegula::cli {
namespace {

using Json = nlohmann::ordered_json;

// How classes are read off a prediction.
struct ClassWords {
  app::ClassRequest request;
  double threshold = 0;

  void AddTo(CLI::App& command) {
    command.add_option("--classes", request.names,
                       "what the channels mean, by name or index: 0=Background*,1=Nucleus; names that end in * are "
                       "ignored, equal names are one class");
    command.add_option("--threshold", threshold,
                       "a pixel has the class of every channel that is at least this; default: 0.5 for one channel, "
                       "the largest channel for several");
    command.add_flag("--overlapping", request.overlapping,
                     "each of several channels for itself, at least 0.5 or the threshold");
  }
  app::ClassRequest Request(const CLI::App& command) const {
    app::ClassRequest asked = request;
    if (command.count("--threshold") > 0) asked.threshold = threshold;
    return asked;
  }
};

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

}  // namespace

void AddMeasure(CLI::App& app, Run& run) {
  CLI::App* command =
      app.add_subcommand("measure", "areas, shares and counts of classes within annotations of predicted images");
  struct Words {
    std::vector<std::string> predictions;
    std::string annotations, objects, out;
    ClassWords classes;
    app::MeasureRequest request;
    bool json = false;
  };
  const auto words = std::make_shared<Words>();
  command->add_option("PREDICTION", words->predictions, "folders that `tegula predict` has written")->required();
  command->add_option("--annotations", words->annotations,
                      "GeoJSON as QuPath exports it; for several predictions a folder with FOLDER.geojson for each; "
                      "default: the whole image");
  command->add_option("--objects", words->objects,
                      "GeoJSON of objects to count; default: those that `predict --objects` has made, if any");
  words->classes.AddTo(*command);
  command->add_option("--name", words->request.name,
                      "what the names of measurements begin with; default: the model's name");
  command->add_option("--outputs", words->request.output, "which output of the model; default: its first");
  command->add_option("-o,--output", words->out, "folder for measurements.csv and the annotations with measurements")
      ->required();
  command->add_flag("--overwrite", words->request.overwrite, "replace what is there");
  command->add_flag("--json", words->json, "for programs");
  command->footer(
      "example:\n  tegula measure out/ --annotations tumour.geojson --classes \"0=Background*,1=Nucleus\" -o areas/");
  command->callback([&run, words, command]() {
    run = [words, command](const Session& session) -> Result<int> {
      app::MeasureRequest request = words->request;
      request.predictions.assign(words->predictions.begin(), words->predictions.end());
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
    std::string prediction, objects, by = "centroid", out;
    ClassWords classes;
    app::ClassifyRequest request;
    bool json = false;
  };
  const auto words = std::make_shared<Words>();
  command->add_option("PREDICTION", words->prediction, "a folder that `tegula predict` has written")->required();
  command->add_option("--objects", words->objects, "GeoJSON of detections, cells or annotations")->required();
  command
      ->add_option("--by", words->by,
                   "centroid: the class of the pixel under the centroid (of a cell's nucleus), as QuPath; majority: "
                   "the class with most pixels within the outline")
      ->check(CLI::IsMember({"centroid", "majority"}))
      ->capture_default_str();
  words->classes.AddTo(*command);
  command->add_option("--outputs", words->request.output, "which output of the model; default: its first");
  command->add_option("-o,--output", words->out, "the GeoJSON file to write")->required();
  command->add_flag("--overwrite", words->request.overwrite, "replace what is there");
  command->add_flag("--json", words->json, "for programs");
  command->footer("example:\n  tegula classify out/ --objects cells.geojson --by majority -o classified.geojson");
  command->callback([&run, words, command]() {
    run = [words, command](const Session& session) -> Result<int> {
      app::ClassifyRequest request = words->request;
      request.prediction = words->prediction, request.objects = words->objects, request.out = words->out;
      request.classes = words->classes.Request(*command);
      request.by_majority = words->by == "majority";
      TEGULA_ASSIGN_OR_RETURN(const app::ClassifiedObjects found, app::ClassifyObjects(request, session.context));
      if (words->json) {
        Json classes = Json::object();
        for (const auto& [name, count] : found.of_class) classes[name] = count;
        Print(Json{{"objects", found.objects},
                   {"classes", std::move(classes)},
                   {"without_class", found.without_class},
                   {"untouched", found.untouched},
                   {"geojson", words->out}}
                  .dump(2) +
              "\n");
        return app::kExitOk;
      }
      std::vector<std::vector<std::string>> rows = {{"class", "objects"}};
      for (const auto& [name, count] : found.of_class) rows.push_back({name, std::to_string(count)});
      if (found.without_class > 0) rows.push_back({"no class there", std::to_string(found.without_class)});
      if (found.untouched > 0) rows.push_back({"outside the image, as they were", std::to_string(found.untouched)});
      Print(Table(rows) + "written: " + words->out + "\n");
      return app::kExitOk;
    };
  });
}

}  // namespace tegula::cli
