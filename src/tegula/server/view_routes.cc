#include "tegula/server/view_routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tegula/app/cards_json.h"
#include "tegula/app/test_page.h"
#include "tegula/app/version.h"
#include "tegula/app/view/channel_ranges.h"
#include "tegula/app/view/classifier_choices.h"
#include "tegula/app/view/pixel_values.h"
#include "tegula/app/view/rendering.h"
#include "tegula/core/text.h"
#include "tegula/outputs/jpeg.h"
#include "tegula/outputs/palette.h"
#include "tegula/outputs/png.h"
#include "tegula/server/annotation_routes.h"
#include "tegula/server/classifier_routes.h"
#include "tegula/server/look_words.h"
#include "tegula/server/object_routes.h"
#include "tegula/server/page_files.h"
#include "tegula/server/prediction_routes.h"
#include "tegula/server/run_routes.h"

namespace tegula::server {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kJpegQuality = 90;
constexpr std::size_t kMostHits = 200;

constexpr Parameter kImage = {"image", "the image, as a folder's listing names it", true};
constexpr Parameter kZ = {"z", "the plane along z, from 0"};
constexpr Parameter kT = {"t", "the plane along t, from 0"};

Result<std::shared_ptr<const image::Source>> ImageNamed(const ViewState& state, const std::string& shown) {
  TEGULA_ASSIGN_OR_RETURN(const std::string name, state.roots.Resolve(shown));
  return state.images.Get(name);
}

Result<std::shared_ptr<const image::Source>> ImageOf(const ViewState& state, const Request& request) {
  return ImageNamed(state, request.value("image"));
}

// With what is known of the image at once, so that the page need not come back for it.
Result<Response> Start(const ViewState& state, const Request&) {
  Json info = nullptr;
  if (!state.image.empty())
    if (const auto source = ImageNamed(state, state.image); source.ok())
      info = Json::parse(app::CardToJson(app::ImageCard{state.image, (*source)->info()}));
  return JsonResponse(Dump({{"version", app::Version()},
                            {"roots", state.roots.names()},
                            {"image", state.image},
                            {"info", std::move(info)},
                            {"model", state.model},
                            {"offline", state.context.offline}}));
}

Result<Response> Folders(const ViewState& state, const Request& request) {
  TEGULA_ASSIGN_OR_RETURN(const app::FolderListing listing, state.roots.List(request.value("folder")));
  Json entries = Json::array();
  for (const app::FolderEntry& entry : listing.entries)
    entries.push_back(
        {{"name", entry.name}, {"path", entry.path}, {"kind", app::EntryKindName(entry.kind)}, {"bytes", entry.bytes}});
  return JsonResponse(
      Dump({{"folder", request.value("folder")}, {"entries", std::move(entries)}, {"left_out", listing.left_out}}));
}

Result<Response> ImageInfo(const ViewState& state, const Request& request) {
  TEGULA_ASSIGN_OR_RETURN(const std::shared_ptr<const image::Source> source, ImageOf(state, request));
  return JsonResponse(app::CardToJson(app::ImageCard{request.value("image"), source->info()}));
}

Result<Response> Channels(const ViewState& state, const Request& request) {
  TEGULA_ASSIGN_OR_RETURN(const std::shared_ptr<const image::Source> source, ImageOf(state, request));
  TEGULA_ASSIGN_OR_RETURN(const std::int64_t z, WholeNumberOf(request, "z", 0));
  TEGULA_ASSIGN_OR_RETURN(const std::int64_t t, WholeNumberOf(request, "t", 0));
  TEGULA_ASSIGN_OR_RETURN(const std::vector<app::ChannelRange> ranges, app::ChannelRangesOf(*source, z, t));
  Json channels = Json::array();
  for (const app::ChannelRange& range : ranges)
    channels.push_back({{"name", range.name},
                        {"colour", fmt::format("{:02x}{:02x}{:02x}", range.colour.r, range.colour.g, range.colour.b)},
                        {"min", range.min},
                        {"max", range.max},
                        {"low", range.low},
                        {"high", range.high},
                        {"counts", range.counts}});
  return JsonResponse(Dump({{"channels", std::move(channels)}}));
}

Result<Response> ImageTile(const ViewState& state, const Request& request) {
  TEGULA_ASSIGN_OR_RETURN(const TileName tile, ParseTileName(request.value("tile")));
  TEGULA_ASSIGN_OR_RETURN(const std::int64_t level, WholeNumberOf(request, "level", 0));
  app::Look look;
  TEGULA_ASSIGN_OR_RETURN(look.channels, ParseChannels(request.value("channels")));
  TEGULA_ASSIGN_OR_RETURN(look.z, WholeNumberOf(request, "z", 0));
  TEGULA_ASSIGN_OR_RETURN(look.t, WholeNumberOf(request, "t", 0));
  if (level < 0 || level > 62) return NotFoundError(fmt::format("there is no level {}", level));
  TEGULA_ASSIGN_OR_RETURN(const std::shared_ptr<const image::Source> source, ImageOf(state, request));
  const app::Turns::Turn turn = state.turns.Take(request.is_gone);
  if (!turn) return CancelledError();
  TEGULA_ASSIGN_OR_RETURN(const Tensor pixels, app::RenderTile(*source, look, static_cast<int>(level), tile.y, tile.x));
  Response response;
  response.type = tile.is_png ? "image/png" : "image/jpeg";
  TEGULA_ASSIGN_OR_RETURN(response.body, tile.is_png ? outputs::EncodePng(pixels.view())
                                                     : outputs::EncodeJpeg(pixels.view(), kJpegQuality));
  return response;
}

Result<Response> Values(const ViewState& state, const Request& request) {
  app::PixelPlace place;
  TEGULA_ASSIGN_OR_RETURN(place.x, WholeNumberOf(request, "x", -1));
  TEGULA_ASSIGN_OR_RETURN(place.y, WholeNumberOf(request, "y", -1));
  TEGULA_ASSIGN_OR_RETURN(place.z, WholeNumberOf(request, "z", 0));
  TEGULA_ASSIGN_OR_RETURN(place.t, WholeNumberOf(request, "t", 0));
  TEGULA_ASSIGN_OR_RETURN(const std::shared_ptr<const image::Source> source, ImageOf(state, request));
  TEGULA_ASSIGN_OR_RETURN(const std::vector<double> values, app::PixelValues(*source, place));
  return JsonResponse(Dump({{"x", place.x}, {"y", place.y}, {"values", values}}));
}

Result<Response> Models(const ViewState& state, const Request& request) {
  app::ZooSearchRequest search;
  for (const std::string& word : Split(request.value("words"), ' '))
    if (!word.empty()) search.query.words.push_back(word);
  search.runnable = request.value("runnable") == "true";
  if (!request.value("image").empty()) {
    TEGULA_ASSIGN_OR_RETURN(search.image, state.roots.Resolve(request.value("image")));
  }
  TEGULA_ASSIGN_OR_RETURN(const app::ZooSearchResponse found, app::SearchZoo(search, state.registry, state.context));
  return JsonResponse(app::SearchToJson(found, kMostHits));
}

Json ChoicesJson(const spec::ModelDescription& model) {
  Json choices = Json::array();
  for (const app::ClassifierChoice& choice : app::ClassifierChoicesOf(model)) {
    Json classes = Json::array();
    for (const app::ClassReading::Class& each : choice.classes)
      classes.push_back({{"name", each.name}, {"colour", outputs::TextOf(each.colour).substr(1)}});
    choices.push_back({{"output", choice.output},
                       {"classes", std::move(classes)},
                       {"types", choice.types},
                       {"reason", choice.reason}});
  }
  return choices;
}

Result<Response> ModelCard(const ViewState& state, const Request& request) {
  TEGULA_ASSIGN_OR_RETURN(const std::string name, ModelNameOf(state, request.value("model")));
  TEGULA_ASSIGN_OR_RETURN(app::ModelCard card,
                          app::InspectModel(name, state.engine, state.registry, state.context, /*with_covers=*/true));
  card.package = request.value("model");
  Json json = Json::parse(app::CardToJson(card));
  json["covers"] = card.covers;  // as data addresses: the page has no other way to them
  json["choices"] = ChoicesJson(card.model);
  return JsonResponse(Dump(json));
}

Result<Response> ModelTest(const ViewState& state, const Request& request) {
  TEGULA_ASSIGN_OR_RETURN(const std::string name, ModelNameOf(state, request.value("model")));
  TEGULA_ASSIGN_OR_RETURN(
      const app::TestReport report,
      app::Test({.model = name, .engine = state.engine, .keep_tensors = true}, state.registry, state.context));
  Response response;
  response.type = "text/html; charset=utf-8";
  response.is_document = true;
  TEGULA_ASSIGN_OR_RETURN(response.body, app::TestPage(report));
  return response;
}

// Files of the page. The newest page belongs to the program that serves it, so only files named by their content stay.
Result<Response> Page(std::string_view path) {
  const auto files = PageFiles();
  const auto found = std::find_if(files.begin(), files.end(), [&](const PageFile& file) { return file.path == path; });
  if (found == files.end())
    return NotFoundError(files.empty() ? "this program was built without the viewer's page (tools/setup says why); the "
                                         "API is there: /api/openapi.json"
                                       : "there is nothing at this address");
  Response response;
  response.type = found->type;
  response.body = found->content;
  response.may_be_kept = path.starts_with("assets/");
  return response;
}

}  // namespace

Result<std::string> ModelNameOf(const ViewState& state, const std::string& name) {
  if (Result<std::string> path = state.roots.Resolve(name); path.ok()) return path;
  // Anything else would let a page make this program open any address.
  TEGULA_ASSIGN_OR_RETURN(const app::ZooSearchResponse found, app::SearchZoo({}, state.registry, state.context));
  const bool is_in_zoo =
      std::any_of(found.hits.begin(), found.hits.end(), [&](const app::ZooHit& hit) { return hit.entry.id == name; });
  if (is_in_zoo) return name;
  return NotFoundError(
      fmt::format("there is no model '{}' in the folders of this viewer or in the catalogue of models", name));
}

std::vector<Route> ViewRoutes(const ViewState& state) {
  const auto with = WithState(state);
  std::vector<Route> routes = {
      {"GET", "/", "the page", "text/html", {}, [](const Request&) { return Page("index.html"); }},
      {"GET",
       "/assets/{file}",
       "a file of the page",
       "*/*",
       {},
       [](const Request& request) { return Page("assets/" + request.value("file")); },
       /*is_public=*/true},
      {"GET",
       "/icon.svg",
       "the page's icon",
       "image/svg+xml",
       {},
       [](const Request&) { return Page("icon.svg"); },
       /*is_public=*/true},
      {"GET", "/api/start", "what the viewer was started with", "application/json", {}, with(&Start)},
      {"GET",
       "/api/folders",
       "what is in a folder",
       "application/json",
       {{"folder", "as a listing names it; empty: the folders that the viewer was given"}},
       with(&Folders)},
      {"GET",
       "/api/images/info",
       "size, levels, channels and pixel size of an image",
       "application/json",
       {kImage},
       with(&ImageInfo)},
      {"GET",
       "/api/images/channels",
       "ranges and histograms of the channels of a plane",
       "application/json",
       {kImage, kZ, kT},
       with(&Channels)},
      {"GET",
       "/api/images/tiles/{level}/{tile}",
       "a tile of 256 pixels of the image's Deep Zoom pyramid",
       "image/jpeg",
       {{"level", "of the pyramid; the last is the whole image"},
        {"tile", "COLUMN_ROW.jpg or COLUMN_ROW.png"},
        kImage,
        {"channels", "channels with colour and range, 0:ff0000:100:4000,...; empty: RGB as it is"},
        kZ,
        kT},
       with(&ImageTile)},
      {"GET",
       "/api/images/values",
       "the values of a pixel, by channel",
       "application/json",
       {kImage, {"x", "column, from 0", true}, {"y", "row, from 0", true}, kZ, kT},
       with(&Values)},
      {"GET",
       "/api/models",
       "models of the collection's catalogue, the best first",
       "application/json",
       {{"words", "separated by spaces; all must be found"},
        {"runnable", "true: only what runs here"},
        {"image", "only what can be applied to this image"}},
       with(&Models)},
      {"GET",
       "/api/models/card",
       "a model's card: what it takes and gives, and whether it runs here",
       "application/json",
       {{"model", "an id of the catalogue, or a model in a folder", true}},
       with(&ModelCard)},
  };
  routes.push_back({"GET",
                    "/api/models/test",
                    "the model's test images: input, target, prediction and difference, with numbers, as a page",
                    "text/html",
                    {{"model", "an id of the catalogue, or a model in a folder", true}},
                    with(&ModelTest)});
  for (Route& route : PredictionRoutes(state)) routes.push_back(std::move(route));
  for (Route& route : ObjectRoutes(state)) routes.push_back(std::move(route));
  for (Route& route : ClassifierRoutes(state)) routes.push_back(std::move(route));
  for (Route& route : AnnotationRoutes(state)) routes.push_back(std::move(route));
  for (Route& route : RunRoutes(state)) routes.push_back(std::move(route));
  // The description describes itself too.
  routes.push_back({"GET", "/api/openapi.json", "this API, as OpenAPI", "application/json", {}, {}});
  const std::string description = OpenApiOf(routes, app::Version());
  routes.back().handler = [description](const Request&) { return JsonResponse(description); };
  return routes;
}

}  // namespace tegula::server
