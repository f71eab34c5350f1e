#include "tegula/app/cards_json.h"

#include <nlohmann/json.hpp>

#include "tegula/spec/words.h"

namespace tegula::app {
namespace {

using Json = nlohmann::ordered_json;

// Names of channels and files are what somebody wrote: what is no UTF-8 is replaced, as JSON cannot hold it.
std::string Dump(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace); }

Json TensorJson(const spec::TensorDescription& tensor) {
  Json axes = Json::array();
  for (const spec::Axis& axis : tensor.axes)
    axes.push_back({{"id", axis.id},
                    {"size", spec::SizeInWords(axis.size)},
                    {"halo", axis.halo},
                    {"scale", axis.scale},
                    {"unit", axis.unit},
                    {"channel_names", axis.channel_names}});
  std::vector<std::string> ids, words;
  for (const spec::OpDescription& op : tensor.ops) {
    ids.emplace_back(spec::OpId(op));
    words.push_back(spec::InWords(op));
  }
  return {{"id", tensor.id},         {"description", tensor.description},  {"dtype", DTypeName(tensor.data.dtype)},
          {"axes", std::move(axes)}, {"data", spec::InWords(tensor.data)}, {"ops", ids},
          {"ops_in_words", words}};
}

Json People(const std::vector<spec::Person>& people) {
  Json all = Json::array();
  for (const spec::Person& person : people)
    all.push_back({{"name", person.name}, {"affiliation", person.affiliation}, {"orcid", person.orcid}});
  return all;
}

Json Citations(const spec::Resource& resource) {
  Json all = Json::array();
  for (const spec::Citation& cite : resource.cite)
    all.push_back({{"text", cite.text}, {"doi", cite.doi}, {"url", cite.url}});
  return all;
}

Json ToJson(const ModelCard& card) {
  Json inputs = Json::array(), outputs = Json::array(), weights = Json::array();
  for (const spec::TensorDescription& tensor : card.model.inputs) inputs.push_back(TensorJson(tensor));
  for (const spec::TensorDescription& tensor : card.model.outputs) outputs.push_back(TensorJson(tensor));
  Json tiles = Json::array();
  for (const TileSizes& sizes : card.tile_sizes)
    tiles.push_back({{"axis", sizes.axis}, {"min", sizes.min}, {"step", sizes.step}, {"halo", sizes.declared_halo}});
  for (const WeightsSupport& entry : card.weights)
    weights.push_back({{"format", spec::WeightsFormatName(entry.format)},
                       {"file", entry.file},
                       {"engine", entry.engine},
                       {"reason", entry.reason}});
  return {{"kind", "model"},
          {"package", card.package},
          {"name", card.model.name},
          {"description", card.model.description},
          {"type", card.model.type},
          {"format_version", card.model.format_version},
          {"id", card.model.id},
          {"version", card.model.version},
          {"authors", People(card.model.authors)},
          {"cite", Citations(card.model)},
          {"tags", card.model.tags},
          {"links", card.model.links},
          {"documentation", card.model.documentation},
          {"covers", card.model.covers},
          {"git_repo", card.model.git_repo},
          {"errors", card.errors},
          {"license", card.model.license},
          {"inputs", std::move(inputs)},
          {"outputs", std::move(outputs)},
          {"weights", std::move(weights)},
          {"checks", Json::parse(ChecksToJson(card.checks))},
          {"tile_sizes", std::move(tiles)},
          {"runs", card.runs},
          {"applies", card.applies},
          {"reason", card.reason}};
}

Json ToJson(const ImageCard& card) {
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
               {"is_rgb", info.is_rgb},
               {"levels", std::move(levels)},
               {"size_z", info.size_z},
               {"size_t", info.size_t},
               {"notes", info.notes}};
  json["pixel_size_um"] = info.pixel_size ? Json{{"y", info.pixel_size->y_um}, {"x", info.pixel_size->x_um}} : Json();
  json["objective"] = info.objective ? Json(*info.objective) : Json();
  return json;
}

Json ToJson(const ZooHit& hit) {
  const zoo::CatalogueEntry& e = hit.entry;
  return {{"id", e.id},
          {"version", e.version},
          {"name", e.name},
          {"description", e.description},
          {"license", e.license},
          {"tags", e.tags},
          {"authors", e.authors},
          {"axes", e.axes},
          {"channels", e.channels},
          {"weights", e.weights},
          {"deprecated", e.deprecated},
          {"score", hit.score},
          {"fit", hit.fit}};
}

}  // namespace

std::string CardToJson(const ModelCard& card) { return Dump(ToJson(card)); }

std::string CardToJson(const ImageCard& card) { return Dump(ToJson(card)); }

std::string SearchToJson(const ZooSearchResponse& found, std::size_t most) {
  Json hits = Json::array();
  for (std::size_t i = 0; i < std::min(most, found.hits.size()); ++i) hits.push_back(ToJson(found.hits[i]));
  return Dump({{"timestamp", found.timestamp},
               {"age_seconds", found.age_seconds},
               {"models", found.models},
               {"found", found.hits.size()},
               {"hits", std::move(hits)}});
}

}  // namespace tegula::app
