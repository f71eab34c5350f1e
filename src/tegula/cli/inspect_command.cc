#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "tegula/app/cards_json.h"
#include "tegula/app/exit_code.h"
#include "tegula/app/inspect.h"
#include "tegula/app/measure.h"
#include "tegula/app/test_page.h"
#include "tegula/cli/commands.h"
#include "tegula/cli/engine_words.h"
#include "tegula/cli/tensor_drawing.h"
#include "tegula/outputs/model_page.h"
#include "tegula/spec/words.h"

namespace tegula::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string Names(const std::vector<spec::Person>& people) {
  std::vector<std::string> names;
  for (const spec::Person& person : people)
    names.push_back(person.affiliation.empty() ? person.name : fmt::format("{} ({})", person.name, person.affiliation));
  return fmt::format("{}", fmt::join(names, ", "));
}

// What every description says about itself; facts that are not stated are left out.
std::string Facts(const app::ModelCard& card) {
  const spec::ModelDescription& model = card.model;
  std::vector<std::vector<std::string>> facts = {
      {"package", fmt::format("{} ({}, format {})", card.package, card.description_file,
                              model.format_version.empty() ? "not stated" : model.format_version)}};
  const auto add = [&](std::string_view what, const std::string& value) {
    if (!value.empty()) facts.push_back({std::string(what), value});
  };
  add("id", model.id_emoji.empty() ? model.id : fmt::format("{} {}", model.id, model.id_emoji));
  add("version", model.version);
  add("authors", Names(model.authors));
  add("licence", model.license);
  for (const spec::Citation& cite : model.cite)
    add("cite", cite.text + (!cite.doi.empty()  ? " https://doi.org/" + cite.doi
                             : cite.url.empty() ? ""
                                                : " " + cite.url));
  add("tags", fmt::format("{}", fmt::join(model.tags, ", ")));
  add("documentation", model.documentation);
  add("source", model.git_repo);
  add("links", fmt::format("{}", fmt::join(model.links, ", ")));
  return Table(facts);
}

// What was found out when it was tried.
std::string Checks(const app::ModelCard& card) {
  if (card.checks.empty())
    return card.runs ? "Not tried here yet: `tegula test MODEL --all-engines` shows how exact and how fast it is.\n"
                     : "";
  const app::TestTable table = app::TableOf(card.checks);
  std::vector<std::vector<std::string>> rows = {table.heading};
  rows.insert(rows.end(), table.rows.begin(), table.rows.end());
  std::string text = "When it was tried here on its test tensors:\n\n" + Table(rows) + "\n";
  for (const std::string& remark : table.remarks) text += remark + "\n";
  return text;
}

std::string ToText(const app::ModelCard& card) {
  const spec::ModelDescription& model = card.model;
  std::string text = fmt::format("{}\n{}\n\n", model.name, model.description) + Facts(card);
  if (!model.inputs.empty()) text += "\nINPUT\n";
  for (const spec::TensorDescription& tensor : model.inputs) text += DrawTensor(tensor);
  if (!model.outputs.empty()) text += "\nOUTPUT\n";
  for (const spec::TensorDescription& tensor : model.outputs) text += DrawTensor(tensor);
  text += "\n";
  for (const app::TileSizes& sizes : card.tile_sizes)
    text += fmt::format("tile sizes in {}: {}\n", sizes.axis,
                        sizes.step == 0 ? fmt::format("{} only", sizes.min)
                                        : fmt::format("{0}, {1}, {2}, ...", sizes.min, sizes.min + sizes.step,
                                                      sizes.min + 2 * sizes.step));
  std::vector<std::vector<std::string>> weights = {{"WEIGHTS", "FILE", "RUNS HERE"}};
  for (const app::WeightsSupport& entry : card.weights)
    weights.push_back({std::string(spec::WeightsFormatName(entry.format)), entry.file,
                       entry.engine.empty() ? "no: " + entry.reason : "with " + entry.engine});
  if (!card.weights.empty()) text += "\n" + Table(weights) + "\n";
  text += Checks(card);
  if (card.errors > 0)
    text += fmt::format("The description breaks the format in {} (`tegula validate` shows where).\n",
                        card.errors == 1 ? "one place" : fmt::format("{} places", card.errors));
  text += card.applies ? "It runs here and can be applied to images.\n"
          : card.runs  ? fmt::format("`test` runs it here, but it cannot be applied to images: {}.\n", card.reason)
                       : fmt::format("It does not run here: {}.\n", card.reason);
  return text;
}

std::string ToText(const app::ImageCard& card) {
  const image::ImageInfo& info = card.info;
  std::vector<std::string> channels;
  for (const image::Channel& channel : info.channels) channels.push_back(channel.name);
  std::vector<std::vector<std::string>> facts = {
      {"image", card.name},
      {"format", info.format},
      {"size", fmt::format("{} x {} px (height x width), z {}, t {}", info.levels.front().height,
                           info.levels.front().width, info.size_z, info.size_t)},
      {"type", fmt::format("{}{}", DTypeName(info.dtype), info.is_rgb ? ", one RGB image" : "")},
      {"channels", fmt::format("{}", fmt::join(channels, ", "))},
      {"pixel size", info.pixel_size
                         ? fmt::format("{:.4g} x {:.4g} µm (y, x)", info.pixel_size->y_um, info.pixel_size->x_um)
                         : "not stated"}};
  if (info.objective) facts.push_back({"objective", fmt::format("{:g} x", *info.objective)});
  for (std::size_t i = 0; i < info.levels.size(); ++i) {
    const image::Level& level = info.levels[i];
    facts.push_back(
        {fmt::format("level {}", i),
         fmt::format(
             "{} x {}, downsample {:.4g}{}", level.height, level.width, level.downsample_y,
             level.tile_height > 0 ? fmt::format(", tiles {} x {}", level.tile_height, level.tile_width) : "")});
  }
  for (const std::string& note : info.notes) facts.push_back({"note", note});
  return Table(facts);
}

// A file of its own that a browser shows.
Status WritePage(const app::ModelCard& card, const Path& path) {
  outputs::ModelPage page{card.model, card.package, {}, {}, card.covers, card.reason, card.runs, card.applies};
  for (const app::WeightsSupport& entry : card.weights)
    page.weights.push_back(
        {std::string(spec::WeightsFormatName(entry.format)), entry.file, entry.engine, entry.reason});
  for (const app::TileSizes& sizes : card.tile_sizes)
    page.tile_sizes.push_back({sizes.axis, sizes.step == 0
                                               ? spec::SizeInWords(spec::FixedSize{sizes.min})
                                               : spec::SizeInWords(spec::ParameterizedSize{sizes.min, sizes.step})});
  return WriteFileWhole(path, outputs::RenderModelPage(page));
}

// What is declared beside what is true, per axis.
std::string ToText(const app::Measurement& measurement) {
  const pipeline::ReceptiveField& field = measurement.field;
  std::string text = fmt::format("\nMEASURED ({}, pixels of the input)\n", measurement.title);
  std::vector<std::vector<std::string>> rows = {
      {"AXIS", "DECLARED HALO", "SEES BEFORE, AFTER", "WINDOWS NEED", "DECLARED STEP", "STRIDE GRID"}};
  for (const pipeline::AxisField& axis : field.axes)
    rows.push_back({axis.axis, fmt::format("{}", axis.declared_halo),
                    axis.is_finite ? fmt::format("{}, {}", axis.before, axis.after) : "everything",
                    axis.is_finite ? fmt::format("{}", axis.context()) : "the whole",
                    axis.declared_step == 0 ? "one size" : fmt::format("{}", axis.declared_step),
                    fmt::format("{}{}", axis.grid, axis.is_grid_measured ? "" : " (assumed)")});
  if (!field.axes.empty()) text += Table(rows) + "\n";
  for (const std::string& advice : app::AdviceOn(field)) text += advice + "\n";
  for (const pipeline::AxisField& axis : field.axes)
    if (axis.is_finite && !axis.remark.empty()) text += fmt::format("{}: {}.\n", axis.axis, axis.remark);
  if (!field.remark.empty()) text += fmt::format("Note: {}.\n", field.remark);
  return text;
}

Json ToJson(const app::Measurement& measurement) {
  Json json = Json::parse(app::FieldToJson(measurement.field));
  json["network"] = measurement.title;
  json["advice"] = app::AdviceOn(measurement.field);
  return json;
}

struct Words {
  std::string name, html, cite;
  bool json = false, measure = false;
};

Result<int> Inspect(const Words& words, const Session& session) {
  if (!app::LooksLikeModel(words.name)) {
    if (!words.html.empty() || !words.cite.empty() || words.measure)
      return InvalidError("--html, --cite and --measure are for models, not for images");
    TEGULA_ASSIGN_OR_RETURN(const app::ImageCard card, app::InspectImage(words.name, session.context));
    Print(words.json ? app::CardToJson(card) + "\n" : ToText(card));
    return app::kExitOk;
  }
  if (words.measure && (!words.html.empty() || !words.cite.empty()))
    return InvalidError("--measure prints text or --json; leave out --html and --cite");
  TEGULA_ASSIGN_OR_RETURN(const app::EngineRequest request, EngineWords{}.Request(session));
  TEGULA_ASSIGN_OR_RETURN(const app::ModelCard card, app::InspectModel(words.name, request, session.registry,
                                                                       session.context, !words.html.empty()));
  if (!words.cite.empty()) {
    if (card.model.cite.empty()) return NotFoundError("the description names nothing to cite");
    Print(spec::AsBibtex(card.model));
    return app::kExitOk;
  }
  if (!words.html.empty()) {
    TEGULA_TRY(WritePage(card, words.html));
    Print(fmt::format("page: {}\n", words.html));
    return app::kExitOk;
  }
  std::optional<app::Measurement> measured;
  if (words.measure) {
    TEGULA_ASSIGN_OR_RETURN(measured, app::MeasureModel(words.name, request, session.registry, session.context));
  }
  if (words.json) {
    Json json = Json::parse(app::CardToJson(card));
    if (measured) json["measured"] = ToJson(*measured);
    Print(json.dump(2) + "\n");
  } else {
    Print(ToText(card) + (measured ? ToText(*measured) : std::string()));
  }
  return app::kExitOk;
}

}  // namespace

Result<int> InspectModelCard(const std::string& model, bool json, const Session& session) {
  TEGULA_ASSIGN_OR_RETURN(const app::EngineRequest request, EngineWords{}.Request(session));
  TEGULA_ASSIGN_OR_RETURN(const app::ModelCard card,
                          app::InspectModel(model, request, session.registry, session.context, /*with_covers=*/false));
  Print(json ? app::CardToJson(card) + "\n" : ToText(card));
  return app::kExitOk;
}

void AddInspect(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand("inspect", "what a model or an image is, and whether the model runs here");
  const auto words = std::make_shared<Words>();
  command
      ->add_option("MODEL|IMAGE", words->name, "a model (folder, yaml file, zip, or id of the collection) or an image")
      ->required();
  command->add_flag("--json", words->json, "for programs");
  command->add_option("--html", words->html, "write the model's card as a page with its cover");
  command->add_flag("--measure", words->measure,
                    "find out by experiment how far the network sees and where its windows may start, beside what "
                    "the description declares; takes seconds to minutes, once");
  command->add_option("--cite", words->cite, "what to cite, as bibtex")->check(CLI::IsMember({"bibtex"}));
  command->footer(
      "examples:\n  tegula inspect models/affable-shark.zip\n  tegula inspect models/affable-shark --html shark.html\n"
      "  tegula inspect models/affable-shark --measure\n"
      "  tegula inspect models/affable-shark --cite bibtex >> refs.bib\n  tegula inspect slide.svs");
  command->callback([&run, words]() { run = [words](const Session& session) { return Inspect(*words, session); }; });
}

}  // namespace tegula::cli
