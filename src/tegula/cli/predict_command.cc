#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "tegula/app/predict.h"
#include "tegula/cli/commands.h"
#include "tegula/cli/engine_words.h"
#include "tegula/cli/image_words.h"
#include "tegula/core/text.h"

namespace tegula::cli {
namespace {

struct Words {
  std::string model;
  std::vector<std::string> images;
  std::string output;
  std::vector<std::string> formats;
  std::string border = "auto";
  std::string objects;
  ImageWords image;
  EngineWords engine;
  std::int64_t tile = 0;
  std::int64_t context = -1;
  double threshold = 0;
  int workers = 0;
  bool json = false;
  app::PredictRequest request;
};

Result<app::PredictRequest> RequestFrom(const Words& words, const CLI::App& command, const Session& session) {
  app::PredictRequest request = words.request;
  request.model = words.model;
  request.images = words.images;
  request.output = words.output;
  request.binding = words.image.Binding(command);
  for (const std::string& list : words.formats)
    for (std::string& name : Names(list)) request.formats.push_back(std::move(name));
  request.objects.classes = Names(words.objects);
  request.border_as_reference = words.border == "auto";
  request.tiling.border = words.border == "network" ? tiling::Border::kNetwork : tiling::Border::kPad;
  if (command.count("--tile") > 0) request.tiling.tile = words.tile;
  if (command.count("--context") > 0) request.tiling.context = words.context;
  if (command.count("--threshold") > 0) request.objects.threshold = words.threshold;
  TEGULA_ASSIGN_OR_RETURN(request.engine, words.engine.Request(session));
  request.command_line = session.command_line;
  return request;
}

std::string ToText(const std::vector<app::ImagePrediction>& predictions) {
  std::string text;
  for (const app::ImagePrediction& p : predictions)
    text += fmt::format("{}: {:.1f} megapixels in {}{}\n  report: {}\n", p.image, p.megapixels, HumanSeconds(p.seconds),
                        p.objects > 0 ? fmt::format(", {} objects", p.objects) : "", p.report);
  return text;
}

nlohmann::ordered_json ToJson(const std::vector<app::ImagePrediction>& predictions) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const app::ImagePrediction& p : predictions)
    rows.push_back({{"image", p.image},
                    {"folder", p.folder.string()},
                    {"report", p.report},
                    {"objects", p.objects},
                    {"seconds", p.seconds},
                    {"megapixels", p.megapixels}});
  return rows;
}

}  // namespace

void AddPredict(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand("predict", "apply a model to images of any size");
  const auto words = std::make_shared<Words>();
  app::PredictRequest& request = words->request;
  command->add_option("MODEL", words->model, "folder, yaml file, zip, or id of the collection")->required();
  command->add_option("IMAGE", words->images, "one or more images")->required();
  command->add_option("-o,--output", words->output, "folder for the results")->required();
  command->add_flag("--overwrite", request.overwrite,
                    "replace results that are there; those that are not made again are removed");
  command
      ->add_option("--format", words->formats,
                   "of the prediction: ome-zarr (the default), ome-tiff, or both separated by a comma; see `tegula "
                   "formats`. It is made as OME-Zarr first, so for a while there must be space for both")
      ->allow_extra_args(false);
  words->image.AddTo(*command);
  command
      ->add_option("--tile", words->tile, "edge of the window the network sees, in pixels; default: chosen for speed")
      ->check(CLI::PositiveNumber);
  command
      ->add_option("--context", words->context,
                   "pixels around each tile that the network sees; at least the declared halo, which is the default")
      ->check(CLI::NonNegativeNumber);
  command
      ->add_option("--border", words->border,
                   "pad: extend the image by the halo, as bioimageio predict; network: the network meets the edge, as "
                   "bioimageio test; auto: pad, but network for descriptions of format 0.4, as bioimageio.core")
      ->check(CLI::IsMember({"auto", "pad", "network"}))
      ->capture_default_str();
  words->engine.AddTo(*command);
  command
      ->add_option("--statistics-from", request.statistics_from,
                   "whose mean, deviation and percentiles normalise the input: image; padded (the image with its halo, "
                   "as bioimageio.core 0.11 takes them); roi=X,Y,WIDTH,HEIGHT (in pixels of the full resolution); the "
                   "areas of a .geojson file; or a file that --save-statistics or `bioimageio predict --stats` wrote. "
                   "What a model wants of its whole dataset is taken of all images of the call together")
      ->capture_default_str();
  command->add_flag("--save-statistics", request.save_statistics, "leave them in statistics.json");
  command->add_option(
      "--objects", words->objects,
      "make objects of these output channels, by name or index, separated by commas; all: every channel");
  command->add_option(
      "--threshold", words->threshold,
      "objects are where the channel is at least this; default: 0.5 for one channel, the largest channel for several");
  command
      ->add_option("--min-area", request.objects.min_area_um2,
                   "leave out smaller objects; µm², or pixels where the pixel size is unknown")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--object-type", request.objects.object_type, "what QuPath makes of them")
      ->check(CLI::IsMember({"detection", "annotation"}))
      ->capture_default_str();
  command->add_option("--workers", words->workers, "tiles in work at once; default: threads + 2")
      ->check(CLI::Range(1, 256));
  command->add_flag("--json", words->json, "for programs");
  command->footer("example:\n  tegula predict models/he-nuclei.zip slide.svs -o out/ --objects nucleus");
  command->callback([&run, words, command]() {
    run = [words, command](const Session& session) -> Result<int> {
      const std::unique_ptr<Executor> own = words->workers > 0 ? NewThreadExecutor(words->workers) : nullptr;
      const RunContext& given = session.context;
      const RunContext context{own ? *own : given.executor, given.progress, given.stop, given.limits, given.offline};
      TEGULA_ASSIGN_OR_RETURN(const app::PredictRequest wanted, RequestFrom(*words, *command, session));
      TEGULA_ASSIGN_OR_RETURN(const std::vector<app::ImagePrediction> predictions,
                              app::Predict(wanted, session.registry, context));
      Print(words->json ? ToJson(predictions).dump(2) + "\n" : ToText(predictions));
      return 0;
    };
  });
}

}  // namespace tegula::cli
