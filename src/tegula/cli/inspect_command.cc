#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "tegula/app/inspect.h"
#include "tegula/cli/commands.h"

namespace tegula::cli {
namespace {

using Json = nlohmann::ordered_json;

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

std::string SizeText(const spec::AxisSize& size) {
  return std::visit(Overloaded{[](const spec::FixedSize& s) { return fmt::format("{}", s.size); },
                               [](const spec::ParameterizedSize& s) { return fmt::format("{} + {} n", s.min, s.step); },
                               [](const spec::SizeReference& s) {
                                 std::string text = s.tensor_id + "." + s.axis_id;
                                 if (!s.scale.is_one())
                                   text += s.scale.den == 1 ? fmt::format(" * {}", s.scale.num)
                                                            : fmt::format(" * {}/{}", s.scale.num, s.scale.den);
                                 if (s.offset != 0)
                                   text += fmt::format(" {} {}", s.offset < 0 ? '-' : '+', std::abs(s.offset));
                                 return text;
                               },
                               [](const spec::DataDependentSize&) { return std::string("decided by the data"); },
                               [](const spec::AnySize&) { return std::string("any"); }},
                    size);
}

std::string AxisText(const spec::Axis& axis) {
  std::string text = fmt::format("{} = {}", axis.id, SizeText(axis.size));
  if (axis.type == spec::AxisType::kChannel && !axis.channel_names.empty())
    text = fmt::format("{}: {}", axis.id, fmt::join(axis.channel_names, ", "));
  if (!axis.unit.empty()) text += fmt::format(" of {} {}", axis.scale, axis.unit);
  if (axis.halo != 0) text += fmt::format(", halo {}", axis.halo);
  return text;
}

std::string TensorText(std::string_view role, const spec::TensorDescription& tensor) {
  std::string text = fmt::format("{} {} ({})", role, tensor.id, DTypeName(tensor.data.dtype));
  if (!tensor.description.empty()) text += ": " + tensor.description;
  text += "\n";
  for (const spec::Axis& axis : tensor.axes) text += fmt::format("    {}\n", AxisText(axis));
  std::vector<std::string> ids;
  for (const spec::OpDescription& op : tensor.ops) ids.emplace_back(spec::OpId(op));
  if (!ids.empty())
    text += fmt::format("    {}: {}\n", role == "input" ? "preprocessing" : "postprocessing", fmt::join(ids, " > "));
  return text;
}

std::string ToText(const app::ModelCard& card) {
  const spec::ModelDescription& model = card.model;
  std::string text = fmt::format("{}\n{}\n\n", model.name, model.description);
  std::vector<std::string> authors;
  for (const spec::Person& author : model.authors) authors.push_back(author.name);
  std::vector<std::vector<std::string>> facts = {
      {"package", fmt::format("{} ({}, format {})", card.package, card.description_file, model.format_version)}};
  if (!authors.empty()) facts.push_back({"authors", fmt::format("{}", fmt::join(authors, ", "))});
  if (!model.license.empty()) facts.push_back({"licence", model.license});
  for (const spec::Citation& cite : model.cite)
    facts.push_back({"cite", cite.text + (cite.doi.empty() ? "" : " https://doi.org/" + cite.doi)});
  if (!model.tags.empty()) facts.push_back({"tags", fmt::format("{}", fmt::join(model.tags, ", "))});
  text += Table(facts) + "\n";
  for (const spec::TensorDescription& tensor : model.inputs) text += TensorText("input", tensor);
  for (const spec::TensorDescription& tensor : model.outputs) text += TensorText("output", tensor);
  for (const app::TileSizes& sizes : card.tile_sizes)
    text += fmt::format("tile sizes in {}: {}\n", sizes.axis,
                        sizes.step == 0 ? fmt::format("{} only", sizes.min)
                                        : fmt::format("{0}, {1}, {2}, ...", sizes.min, sizes.min + sizes.step,
                                                      sizes.min + 2 * sizes.step));
  std::vector<std::vector<std::string>> weights = {{"\nWEIGHTS", "FILE", "RUNS HERE"}};
  for (const app::WeightsSupport& entry : card.weights)
    weights.push_back({std::string(spec::WeightsFormatName(entry.format)), entry.file,
                       entry.engine.empty() ? "no: " + entry.reason : "with " + entry.engine});
  text += Table(weights) + "\n";
  text += card.applies ? "It runs here and can be applied to images.\n"
          : card.runs  ? fmt::format("`test` runs it here, but it cannot be applied to images: {}.\n", card.reason)
                       : fmt::format("It does not run here: {}.\n", card.reason);
  return text;
}

Json TensorJson(const spec::TensorDescription& tensor) {
  Json axes = Json::array();
  for (const spec::Axis& axis : tensor.axes)
    axes.push_back({{"id", axis.id},
                    {"size", SizeText(axis.size)},
                    {"halo", axis.halo},
                    {"scale", axis.scale},
                    {"unit", axis.unit},
                    {"channel_names", axis.channel_names}});
  std::vector<std::string> ids;
  for (const spec::OpDescription& op : tensor.ops) ids.emplace_back(spec::OpId(op));
  return {{"id", tensor.id},
          {"description", tensor.description},
          {"dtype", DTypeName(tensor.data.dtype)},
          {"axes", std::move(axes)},
          {"ops", ids}};
}

Json ToJson(const app::ModelCard& card) {
  Json inputs = Json::array(), outputs = Json::array(), weights = Json::array();
  for (const spec::TensorDescription& tensor : card.model.inputs) inputs.push_back(TensorJson(tensor));
  for (const spec::TensorDescription& tensor : card.model.outputs) outputs.push_back(TensorJson(tensor));
  for (const app::WeightsSupport& entry : card.weights)
    weights.push_back({{"format", spec::WeightsFormatName(entry.format)},
                       {"file", entry.file},
                       {"engine", entry.engine},
                       {"reason", entry.reason}});
  return {{"kind", "model"},
          {"package", card.package},
          {"name", card.model.name},
          {"description", card.model.description},
          {"format_version", card.model.format_version},
          {"license", card.model.license},
          {"inputs", std::move(inputs)},
          {"outputs", std::move(outputs)},
          {"weights", std::move(weights)},
          {"runs", card.runs},
          {"applies", card.applies},
          {"reason", card.reason}};
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
  for (std::size_t i = 0; i < info.levels.size(); ++i) {
    const image::Level& level = info.levels[i];
    facts.push_back(
        {fmt::format("level {}", i),
         fmt::format(
             "{} x {}, downsample {:.4g}{}", level.height, level.width, level.downsample_y,
             level.tile_height > 0 ? fmt::format(", tiles {} x {}", level.tile_height, level.tile_width) : "")});
  }
  return Table(facts);
}

Json ToJson(const app::ImageCard& card) {
  const image::ImageInfo& info = card.info;
  Json channels = Json::array(), levels = Json::array();
  for (const image::Channel& channel : info.channels) channels.push_back(channel.name);
  for (const image::Level& level : info.levels)
    levels.push_back({{"height", level.height},
                      {"width", level.width},
                      {"downsample_y", level.downsample_y},
                      {"downsample_x", level.downsample_x}});
  Json json = {{"kind", "image"},
               {"name", card.name},
               {"format", info.format},
               {"dtype", DTypeName(info.dtype)},
               {"channels", std::move(channels)},
               {"levels", std::move(levels)},
               {"size_z", info.size_z},
               {"size_t", info.size_t}};
  json["pixel_size_um"] = info.pixel_size ? Json{{"y", info.pixel_size->y_um}, {"x", info.pixel_size->x_um}} : Json();
  return json;
}

template <class Card>
void Show(const Card& card, bool json) {
  Print(json ? ToJson(card).dump(2) + "\n" : ToText(card));
}

}  // namespace

void AddInspect(CLI::App& app, Run& run) {
  struct Words {
    std::string name;
    bool json = false;
  };
  CLI::App* command = app.add_subcommand("inspect", "what a model or an image is, and whether the model runs here");
  const auto words = std::make_shared<Words>();
  command->add_option("MODEL|IMAGE", words->name, "a model's folder, yaml file or zip, or an image")->required();
  command->add_flag("--json", words->json, "for programs");
  command->footer("examples:\n  tegula inspect models/affable-shark.zip\n  tegula inspect slide.svs");
  command->callback([&run, words]() {
    run = [words](const Session& session) -> Result<int> {
      if (app::LooksLikeModel(words->name)) {
        TEGULA_ASSIGN_OR_RETURN(const app::ModelCard card,
                                app::InspectModel(words->name, session.registry, session.context));
        Show(card, words->json);
      } else {
        TEGULA_ASSIGN_OR_RETURN(const app::ImageCard card, app::InspectImage(words->name, session.context));
        Show(card, words->json);
      }
      return 0;
    };
  });
}

}  // namespace tegula::cli
