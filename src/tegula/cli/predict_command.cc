#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "tegula/app/predict.h"
#include "tegula/cli/commands.h"
#include "tegula/cli/convert_words.h"
#include "tegula/cli/engine_words.h"
#include "tegula/cli/format_words.h"
#include "tegula/cli/image_words.h"
#include "tegula/cli/object_words.h"
#include "tegula/cli/tile_words.h"
#include "tegula/cli/value_words.h"
#include "tegula/cli/zoo_words.h"
#include "tegula/core/files.h"
#include "tegula/core/text.h"

namespace tegula::cli {
namespace {

struct Words {
  std::string model;
  std::vector<std::string> images;
  std::string list;
  std::vector<std::string> inputs;
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

// "mask=FILE.tif,channels=0,level=1" or "threshold=0.5".
Result<app::InputRequest> ParseInput(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    return InvalidError(
        fmt::format("--input {} does not say which input is meant: write NAME=IMAGE or NAME=NUMBER", text));
  app::InputRequest input;
  input.id = text.substr(0, equals);
  std::vector<std::string> parts;
  for (std::string& part : Names(text.substr(equals + 1))) parts.push_back(std::move(part));
  // Channels are separated by commas as well, so what has no key belongs to what stands before it.
  std::string key = "value";
  for (const std::string& part : parts) {
    const std::size_t at = part.find('=');
    const std::string found = at == std::string::npos ? "" : part.substr(0, at);
    const bool is_key =
        found == "channels" || found == "level" || found == "pixel-size" || found == "z" || found == "t";
    if (is_key) key = found;
    const std::string value = is_key ? part.substr(at + 1) : part;
    if (key == "value") {
      input.value += (input.value.empty() ? "" : ",") + value;
    } else if (key == "channels") {
      input.binding.channels.push_back(value);
    } else if (key == "z" || key == "t") {
      TEGULA_ASSIGN_OR_RETURN((key == "z" ? input.binding.z : input.binding.t), image::PlaneRange::Parse(value));
    } else if (const std::optional<double> number = ParseDouble(value); number && key == "pixel-size") {
      input.binding.pixel_size_um = *number;
    } else if (const std::optional<std::int64_t> level = ParseInt(value); level && key == "level") {
      input.binding.level = static_cast<int>(std::clamp<std::int64_t>(*level, -1, 1 << 20));
    } else {
      return InvalidError(fmt::format("{}={} in --input {} is no number", key, value, text));
    }
  }
  return input;
}

// One image a line; lines that are empty or begin with # say nothing.
Result<std::vector<std::string>> ReadList(const std::string& file) {
  constexpr std::int64_t kLargest = 64 << 20;
  TEGULA_ASSIGN_OR_RETURN(const std::string text, ReadFile(file, kLargest));
  std::vector<std::string> images;
  for (const std::string& line : Split(text, '\n'))
    if (const std::string_view name = Trim(line); !name.empty() && name.front() != '#') images.emplace_back(name);
  if (images.empty()) return InvalidError(fmt::format("{} names no image; write one a line", file));
  return images;
}

Result<app::PredictRequest> RequestFrom(const Words& words, const CLI::App& command, const Session& session) {
  app::PredictRequest request = words.request;
  request.model = words.model;
  request.images = words.images;
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
  for (const std::string& input : words.inputs) {
    TEGULA_ASSIGN_OR_RETURN(app::InputRequest parsed, ParseInput(input));
    request.inputs.push_back(std::move(parsed));
  }
  if (!words.list.empty()) {
    TEGULA_ASSIGN_OR_RETURN(std::vector<std::string> listed, ReadList(words.list));
    request.images.insert(request.images.end(), listed.begin(), listed.end());
  }
  if (!words.verify.empty()) {
    TEGULA_ASSIGN_OR_RETURN(request.verify, app::VerifyRequest::Parse(words.verify));
  }
  TEGULA_ASSIGN_OR_RETURN(request.engine, words.engine.Request(session));
  request.command_line = session.command_line;
  if (words.convert) {
    ConvertWords convert;
    convert.trusts_code = words.trusts_code;
    request.convert = convert.Request(session);
    request.convert->model = request.model;
  }
  return request;
}

bool HasPassed(const app::ImagePrediction& prediction) {
  return std::all_of(prediction.verification.begin(), prediction.verification.end(), [](auto& r) { return r.passed; });
}

std::string VerdictText(const app::ImagePrediction& prediction) {
  std::string text;
  for (const outputs::VerificationRecord& r : prediction.verification)
    text +=
        fmt::format("  verification{} {}\n", prediction.verification.size() > 1 ? " of " + r.output : "", r.verdict);
  return text;
}

std::string ToText(const std::vector<app::ImagePrediction>& predictions) {
  if (predictions.size() == 1) {
    const app::ImagePrediction& p = predictions.front();
    return (p.was_done ? fmt::format("{}: done before\n", p.image)
                       : fmt::format("{}: {:.1f} megapixels in {}{}\n", p.image, p.megapixels, HumanSeconds(p.seconds),
                                     p.objects > 0 ? fmt::format(", {} objects", p.objects) : "")) +
           VerdictText(p) + fmt::format("  report: {}\n", p.report);
  }
  std::vector<std::vector<std::string>> rows = {
      {"image", "result", "megapixels", "time", "objects", "report or reason"}};
  for (const app::ImagePrediction& p : predictions) {
    const std::string how = p.was_done ? "done before" : "done";
    const std::string verdict = p.verification.empty() ? "" : HasPassed(p) ? ", verified" : ", depends on its tiles";
    rows.push_back({p.image, p.error.empty() ? how + verdict : "failed",
                    p.error.empty() && !p.was_done ? fmt::format("{:.1f}", p.megapixels) : "",
                    p.error.empty() ? HumanSeconds(p.seconds) : "", p.objects > 0 ? fmt::format("{}", p.objects) : "",
                    p.error.empty() ? p.report : p.error});
  }
  return Table(rows);
}

nlohmann::ordered_json ToJson(const std::vector<app::ImagePrediction>& predictions) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const app::ImagePrediction& p : predictions) {
    nlohmann::ordered_json verification = nlohmann::ordered_json::array();
    for (const outputs::VerificationRecord& r : p.verification)
      verification.push_back(nlohmann::ordered_json::parse(outputs::ToJson(r)));
    rows.push_back({{"image", p.image},
                    {"folder", p.folder.string()},
                    {"report", p.report},
                    {"objects", p.objects},
                    {"seconds", p.seconds},
                    {"megapixels", p.megapixels},
                    {"was_done", p.was_done},
                    {"verification", std::move(verification)},
                    {"error", p.error}});
  }
  return rows;
}

}  // namespace

void AddPredict(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand("predict", "apply a model to images of any size");
  const auto words = std::make_shared<Words>();
  app::PredictRequest& request = words->request;
  command->add_option("MODEL", words->model, "folder, yaml file, zip, or id of the collection")->required();
  command->add_option("IMAGE", words->images, "one or more images");
  command->add_option("--list", words->list, "a file that names further images, one a line")->check(CLI::ExistingFile);
  command
      ->add_option(
          "--input", words->inputs,
          "for models with several inputs: NAME=IMAGE[,channels=...][,level=...][,z=...][,t=...] or NAME=NUMBER; "
          "what is named by its place is for the first input that is not named")
      ->allow_extra_args(false);
  command->add_option("--outputs", words->outputs, "make only these outputs of the model, separated by commas");
  command->add_option("-o,--output", words->output, "folder for the results")->required();
  command->add_flag("--overwrite", request.overwrite,
                    "replace results that are there; those that are not made again are removed");
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
  command->callback([&run, words, command]() {
    run = [words, command](const Session& session) -> Result<int> {
      const std::unique_ptr<Executor> own = words->workers > 0 ? NewThreadExecutor(words->workers) : nullptr;
      const RunContext& given = session.context;
      const RunContext context{own ? *own : given.executor, given.progress, given.stop, given.limits, given.offline};
      TEGULA_ASSIGN_OR_RETURN(const app::PredictRequest wanted, RequestFrom(*words, *command, session));
      TEGULA_ASSIGN_OR_RETURN(const std::vector<app::ImagePrediction> predictions,
                              app::Predict(wanted, session.registry, context));
      Print(words->json ? ToJson(predictions).dump(2) + "\n" : ToText(predictions));
      const bool all_done =
          std::all_of(predictions.begin(), predictions.end(), [](auto& p) { return p.error.empty() && HasPassed(p); });
      return all_done ? 0 : 1;
    };
  });
}

}  // namespace tegula::cli
