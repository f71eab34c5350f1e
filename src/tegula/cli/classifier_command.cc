// `tegula classifier`: making classifiers, and looking after the folder in which they are kept.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "tegula/app/classifier_folder.h"
#include "tegula/app/create_classifier.h"
#include "tegula/app/exit_code.h"
#include "tegula/app/given_input.h"
#include "tegula/cli/class_words.h"
#include "tegula/cli/commands.h"
#include "tegula/cli/engine_words.h"
#include "tegula/cli/image_words.h"
#include "tegula/cli/tile_words.h"
#include "tegula/core/folders.h"

namespace tegula::cli {
namespace {

using Json = nlohmann::ordered_json;

app::ClassifierFolder UserFolder() { return app::ClassifierFolder(app::ClassifierFolder::OfUser()); }

std::string ResolutionText(const app::Classifier& c) {
  if (c.pixel_size_um > 0) return fmt::format("{:.6g} µm", c.pixel_size_um);
  if (c.downsample > 0) return fmt::format("{:.6g} times larger pixels", c.downsample);
  if (c.level >= 0) return fmt::format("level {}", c.level);
  return "as the model says";
}

std::string ClassesText(const app::Classifier& c) {
  std::vector<std::string> names;
  for (const app::ClassifierClass& each : c.classes) names.push_back(each.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string WindowsText(const app::Classifier& c) {
  std::vector<std::string> along;
  for (const app::ClassifierAxis& axis : c.axes) {
    std::string text = axis.axis;
    if (axis.tile > 0) text += fmt::format(" {}", axis.tile);
    if (axis.context > 0) text += fmt::format(" with context {}", axis.context);
    if (axis.stride > 0) text += fmt::format(" every {}", axis.stride);
    along.push_back(std::move(text));
  }
  return along.empty() ? "chosen where it is applied" : fmt::format("{}", fmt::join(along, ", "));
}

std::string TextOf(const app::Classifier& c) {
  std::vector<std::vector<std::string>> rows = {
      {"classifier", c.name},
      {"made with", fmt::format("Tegula {}", c.tegula_version)},
      {"model", fmt::format("{}{}", c.model_name, c.model_id.empty() ? "" : " (" + c.model_id + ")")},
      {"from", c.model},
      {"description", fmt::format("sha256 {}", c.network.description_sha256)},
      {"weights", fmt::format("{}, sha256 {}", c.network.weights_format, c.network.weights_sha256)},
      {"engine",
       fmt::format("{} {}, {}, {} thread{}, {}", c.network.engine, c.network.engine_version, c.network.precision,
                   c.network.threads, c.network.threads == 1 ? "" : "s", c.network.device)},
      {"channels", c.channels.empty() ? "as they come" : fmt::format("{}", fmt::join(c.channels, ", "))},
      {"pixel size", ResolutionText(c)},
      {"windows", WindowsText(c)},
      {"border", c.border},
      {"statistics", "of the " + std::string(c.statistics_from == "image" ? "image" : "padded image")},
      {"output", fmt::format("{}: {}", c.output, c.output_type)}};
  const auto add = [&](const char* what, const std::string& text) {
    if (!text.empty()) rows.push_back({what, text});
  };
  add("stains", c.stains), add("z", c.z), add("t", c.t), add("z projection", c.z_projection);
  if (c.threshold >= 0) rows.push_back({"threshold", fmt::format("{:.6g}", c.threshold)});
  for (const app::ClassifierClass& each : c.classes)
    rows.push_back({"class", fmt::format("{} (channel {}) #{:02x}{:02x}{:02x}", each.name, each.channel, each.red,
                                         each.green, each.blue)});
  return Table(rows);
}

struct CreateWords {
  std::string name, model, outputs, output_type = "probability", statistics_from = "image";
  ClassWords classes;
  ImageWords image;
  TileWords tiles;
  EngineWords engine;
  bool overwrite = false, json = false;

  void AddTo(CLI::App& command) {
    command.add_option("NAME", name, "what it is called from now on")->required();
    command.add_option("--model", model, "folder, yaml file, zip, or id of the collection")->required();
    classes.AddNamesTo(command);
    std::vector<std::string> types;
    std::string meaning = "what the output means: ";
    for (const app::OutputType& type : app::OutputTypes()) {
      types.emplace_back(type.name);
      meaning += fmt::format("{}{}, {}", types.size() > 1 ? "; " : "", type.name, type.description);
    }
    command.add_option("--output", output_type, meaning)->check(CLI::IsMember(types))->capture_default_str();
    command.add_option("--threshold", classes.threshold,
                       "for one channel, or multiclass: what is at least this has the class; default: 0.5");
    command.add_option("--outputs", outputs, "which output of the model; default: its first");
    image.AddTo(command);
    tiles.AddTo(command);
    command
        .add_option("--statistics-from", statistics_from,
                    "whose mean, deviation and percentiles normalise the input: image, or padded (with its halo)")
        ->capture_default_str();
    engine.AddTo(command);
    command.add_flag("--overwrite", overwrite, "replace the classifier of this name");
    command.add_flag("--json", json, "for programs");
  }

  Result<app::ClassifierRequest> Request(const CLI::App& command, const Session& session) const {
    app::ClassifierRequest asked;
    asked.name = name;
    asked.overwrite = overwrite;
    asked.output_type = output_type;
    app::PredictRequest& request = asked.predict;
    request.model = model;
    request.outputs = Names(outputs);
    TEGULA_ASSIGN_OR_RETURN(request.binding, image.Binding(command));
    TEGULA_TRY(tiles.Apply(request));
    TEGULA_ASSIGN_OR_RETURN(request.engine, engine.Request(session));
    request.statistics_from = statistics_from;
    request.classes = classes.Request(command);
    return asked;
  }
};

Result<int> Shown(const app::Classifier& classifier, bool json) {
  Print(json ? app::ToJson(classifier) : TextOf(classifier));
  return app::kExitOk;
}

Result<int> Create(const CreateWords& words, const CLI::App& command, const Session& session) {
  TEGULA_ASSIGN_OR_RETURN(app::ClassifierRequest request, words.Request(command, session));
  TEGULA_ASSIGN_OR_RETURN(const app::Classifier classifier,
                          app::MakeClassifier(std::move(request), UserFolder(), session.registry, session.context));
  return Shown(classifier, words.json);
}

// Words of the commands that look after the folder.
struct FolderWords {
  std::string name, file, model;
  bool overwrite = false, json = false;
};

// One that cannot be read is in the list with the reason.
Result<int> List(const FolderWords& words, const Session&) {
  TEGULA_ASSIGN_OR_RETURN(const std::vector<app::KeptClassifier> all, UserFolder().All());
  std::vector<std::vector<std::string>> table = {{"NAME", "MODEL", "PIXEL SIZE", "OUTPUT", "CLASSES"}};
  for (const auto& [name, c] : all)
    table.push_back(
        c.ok() ? std::vector<std::string>{name, c->model_name, ResolutionText(*c), c->output_type, ClassesText(*c)}
               : std::vector<std::string>{name, "cannot be read: " + ToString(c.error()), "", "", ""});
  Print(words.json ? app::ToJson(all) : Table(table));
  return app::kExitOk;
}

Result<int> Show(const FolderWords& words, const Session&) {
  TEGULA_ASSIGN_OR_RETURN(const app::Classifier classifier, UserFolder().Load(words.name));
  return Shown(classifier, words.json);
}

Result<int> Written(const std::string& name, const Path& file, bool json) {
  Print(json ? Json{{"name", name}, {"file", file.string()}}.dump(2) + "\n"
             : fmt::format("{}: written to {}\n", name, file.string()));
  return app::kExitOk;
}

Result<int> Export(const FolderWords& words, const Session&) {
  TEGULA_ASSIGN_OR_RETURN(const app::Classifier classifier, UserFolder().Load(words.name));
  const Path file = words.file;
  if (file.extension() != ".json")
    return InvalidError(
        fmt::format("{} does not end in .json, by which --classifier tells files from names", words.file));
  TEGULA_ASSIGN_OR_RETURN(const bool exists, Exists(file));
  if (exists && !words.overwrite)
    return InvalidError(
        fmt::format("{} is there already; choose another name or replace it with --overwrite", words.file));
  TEGULA_TRY(WriteFileWhole(file, app::ToJson(classifier)));
  return Written(classifier.name, file, words.json);
}

Result<int> Import(const FolderWords& words, const Session& session) {
  const app::ClassifierFolder folder = UserFolder();
  if (!words.file.ends_with(".json"))
    return InvalidError(fmt::format("{} does not end in .json, as files of classifiers do", words.file));
  TEGULA_ASSIGN_OR_RETURN(app::Classifier classifier, folder.Load(words.file));
  classifier.name = words.name.empty() ? Path(words.file).stem().string() : words.name;
  if (!words.model.empty()) TEGULA_TRY(app::MoveModel(classifier, words.model, session.context));
  TEGULA_TRY(folder.Save(classifier, words.overwrite));
  return Shown(classifier, words.json);
}

Result<int> Remove(const FolderWords& words, const Session&) {
  TEGULA_TRY(UserFolder().Remove(words.name));
  Print(words.json ? Json{{"removed", words.name}}.dump(2) + "\n" : fmt::format("removed: {}\n", words.name));
  return app::kExitOk;
}

}  // namespace

void AddClassifier(CLI::App& app, Run& run) {
  CLI::App* classifier = app.add_subcommand(
      "classifier", "a model with what it is given and what its output means, under a name: for --classifier");
  classifier->require_subcommand(1);
  classifier->footer(
      "TEGULA_CLASSIFIERS names the folder in which they are kept; default: tegula/classifiers in $XDG_DATA_HOME or "
      "~/.local/share.\n\nexample:\n  tegula classifier create nuclei --model affable-shark --classes "
      "\"0=Background*,1=Nucleus\"\n  tegula predict --classifier nuclei slide.svs -o out/");
  CLI::App* create = classifier->add_subcommand("create", "prove the model here and keep everything that decides");
  const auto words = std::make_shared<CreateWords>();
  words->AddTo(*create);
  create->footer(
      "example:\n  tegula classifier create nuclei --model affable-shark --channels DAPI --pixel-size 0.5 --tile 512 "
      "--classes \"0=Background*,1=Nucleus\" --output probability");
  create->callback([&run, words, create]() {
    run = [words, create](const Session& session) { return Create(*words, *create, session); };
  });

  const auto add = [&](const char* name, const char* description, const char* example, auto function) {
    CLI::App* command = classifier->add_subcommand(name, description);
    const auto said = std::make_shared<FolderWords>();
    command->add_flag("--json", said->json, "for programs");
    command->footer(fmt::format("example:\n  {}", example));
    command->callback([&run, said, function]() {
      run = [said, function](const Session& session) { return function(*said, session); };
    });
    return std::pair(command, said);
  };
  add("list", "all that are kept", "tegula classifier list", List);
  const auto [show, shown] = add("show", "what one says", "tegula classifier show nuclei", Show);
  show->add_option("NAME", shown->name, "its name, or a .json file")->required();
  const auto [to_file, exported] =
      add("export", "write one to a file, for another machine", "tegula classifier export nuclei nuclei.json", Export);
  to_file->add_option("NAME", exported->name, "its name")->required();
  to_file->add_option("FILE", exported->file, "the .json file to write")->required();
  to_file->add_flag("--overwrite", exported->overwrite, "replace what is there");
  const auto [from_file, imported] = add("import", "keep one that was exported",
                                         "tegula classifier import nuclei.json --model models/nuclei.zip", Import);
  from_file->add_option("FILE", imported->file, "a .json file")->required();
  from_file->add_option("--name", imported->name, "what it is called here; default: as the file");
  from_file->add_option(
      "--model", imported->model,
      "where its model is here: folder, yaml file, zip, or id of the collection; default: as it says");
  from_file->add_flag("--overwrite", imported->overwrite, "replace the classifier of this name");
  const auto [remove, removed] = add("remove", "forget one", "tegula classifier remove nuclei", Remove);
  remove->add_option("NAME", removed->name, "its name")->required();
}

}  // namespace tegula::cli
