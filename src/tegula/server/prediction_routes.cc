#include "tegula/server/prediction_routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "tegula/app/request_words.h"
#include "tegula/app/view/live_classifier.h"
#include "tegula/core/limits.h"
#include "tegula/core/text.h"
#include "tegula/outputs/palette.h"
#include "tegula/server/classifier_routes.h"
#include "tegula/server/events.h"
#include "tegula/server/look_words.h"

namespace tegula::server {
namespace {

using Json = nlohmann::ordered_json;

Json InfoOf(const std::string& name, const app::LivePrediction& live) {
  const pipeline::OutputInfo& output = live.output();
  Json channels = Json::array();
  for (std::size_t c = 0; c < output.channel_names.size(); ++c) {
    const outputs::Rgb colour = outputs::PaletteColour(static_cast<std::int64_t>(c));
    channels.push_back({{"name", output.channel_names[c]},
                        {"colour", fmt::format("{:02x}{:02x}{:02x}", colour.r, colour.g, colour.b)}});
  }
  return {{"id", name},
          {"output", output.id},
          {"dtype", DTypeName(output.dtype)},
          {"height", output.height()},
          {"width", output.width()},
          {"channels", std::move(channels)},
          {"pixel_y", live.pixel_y()},
          {"pixel_x", live.pixel_x()},
          {"origin_y", live.origin_y()},
          {"origin_x", live.origin_x()},
          {"decisions", live.decisions()},
          {"tile", live.tile_words()},
          {"command", live.command()},
          {"is_preview", live.is_preview()},
          {"generation", live.generation()},
          {"windows", live.windows()},
          {"windows_made", live.windows_made()},
          {"has_previews", live.has_previews()},
          {"previews_made", live.previews_made()}};
}

// The first plane where a request names none.
Result<app::LivePlane> PlaneOf(const Request& request) {
  app::LivePlane plane;
  for (const auto& [name, number] : {std::pair{"z", &plane.z}, std::pair{"t", &plane.t}}) {
    TEGULA_ASSIGN_OR_RETURN(*number, WholeNumberOf(request, name, 0));
    if (*number < 0) return InvalidError(fmt::format("there is no plane {} {}", name, *number));
  }
  return plane;
}

// What may be chosen where no classifier has.
constexpr Parameter kSettings[] = {{"model", "an id of the catalogue, or a model in a folder"},
                                   {"output", "an output's id; empty: the first"},
                                   {"channels", "which channels the model gets, as `predict --channels` takes them"},
                                   {"pixel_size", "in µm, to which the image is brought; empty: as the model wants it"},
                                   {"downsample", "instead of it: so many times larger pixels"},
                                   {"level", "instead of it: this level of the image's pyramid as it is"},
                                   {"tile", "windows, as `predict --tile` takes them; empty: at most 512 pixels"}};

Result<std::optional<double>> PositiveOf(const Request& request, const std::string& name) {
  const std::string& text = request.value(name);
  if (text.empty()) return std::optional<double>();
  const std::optional<double> number = ParseDouble(text);
  if (!number || !(*number > 0)) return InvalidError(fmt::format("{}: '{}' is no number above 0", name, text));
  return number;
}

Result<app::LiveRequest> LiveRequestOf(const ViewState& state, const Request& request) {
  app::LiveRequest live;
  TEGULA_ASSIGN_OR_RETURN(live.image, state.roots.Resolve(request.value("image")));
  TEGULA_ASSIGN_OR_RETURN(live.plane, PlaneOf(request));
  live.engine = state.engine;
  live.cache_bytes = state.memory.tiles;
  if (const std::string& name = request.value("classifier"); !name.empty()) {
    for (const Parameter& setting : kSettings)
      if (!request.value(std::string(setting.name)).empty())
        return InvalidError(fmt::format("the classifier says what '{}' is; leave it out", setting.name));
    TEGULA_ASSIGN_OR_RETURN(const ShownClassifier shown, ClassifierOf(state, name));
    TEGULA_TRY(app::Apply(shown.classifier, live));
    return live;
  }
  TEGULA_ASSIGN_OR_RETURN(live.model, ModelNameOf(state, request.value("model")));
  live.output = request.value("output");
  live.binding.channels = app::ChannelWords(request.value("channels"));
  TEGULA_ASSIGN_OR_RETURN(live.binding.pixel_size_um, PositiveOf(request, "pixel_size"));
  TEGULA_ASSIGN_OR_RETURN(live.binding.downsample, PositiveOf(request, "downsample"));
  TEGULA_ASSIGN_OR_RETURN(const std::int64_t level, WholeNumberOf(request, "level", -1));
  if (level >= 0) live.binding.level = static_cast<int>(std::min<std::int64_t>(level, std::numeric_limits<int>::max()));
  TEGULA_ASSIGN_OR_RETURN(live.tile, app::SizesFromText("tile", request.value("tile")));
  return live;
}

// Opens it, tells how far that is, and stays until its statistics are the true ones.
void OpenLive(const ViewState& state, const app::LiveRequest& request, const Response::Write& write) {
  const RequestStop stop(state);
  Events events(write, stop.source());
  const RunContext context = stop.Context(events);
  auto [name, live] = state.predictions.Of(request);
  if (live == nullptr) {
    Result<std::shared_ptr<app::LivePrediction>> opened = app::LivePrediction::Open(
        request, state.predictions.Like(request).get(), state.registry, state.kept, state.context, context);
    if (!opened.ok()) return events.Fail(opened.error());
    live = *std::move(opened);
    name = state.predictions.Add(request, live);
  }
  events.Send("ready", InfoOf(name, *live));
  if (!live->is_preview()) return;
  if (const Status settled = live->Settle(context); !settled.ok()) return events.Fail(settled.error());
  events.Send("ready", InfoOf(name, *live));
}

Result<Response> Open(const ViewState& state, const Request& request) {
  TEGULA_ASSIGN_OR_RETURN(app::LiveRequest live, LiveRequestOf(state, request));
  Response response;
  response.type = "text/event-stream";
  response.stream = [&state, live = std::move(live)](const Response::Write& write) {
    OpenLive(state, live, write);
    return false;
  };
  return response;
}

Result<Response> Info(const ViewState& state, const Request& request) {
  TEGULA_ASSIGN_OR_RETURN(const std::shared_ptr<app::LivePrediction> live, state.predictions.Find(request.value("id")));
  return JsonResponse(Dump(InfoOf(request.value("id"), *live)));
}

Response RawResponse(const Tensor& values) {
  Response response;
  response.type = "application/octet-stream";
  response.body.assign(reinterpret_cast<const char*>(values.view().data()), static_cast<std::size_t>(values.bytes()));
  return response;
}

using MakeTile = Result<Tensor> (app::LivePrediction::*)(int level, std::int64_t tile_y, std::int64_t tile_x,
                                                         app::LivePlane plane, const std::function<bool()>& is_gone);

template <MakeTile make>
Result<Response> LiveTile(const ViewState& state, const Request& request) {
  TEGULA_ASSIGN_OR_RETURN(const std::shared_ptr<app::LivePrediction> live, state.predictions.Find(request.value("id")));
  TEGULA_ASSIGN_OR_RETURN(const std::int64_t level, WholeNumberOf(request, "level"));
  TEGULA_ASSIGN_OR_RETURN(const std::int64_t y, WholeNumberOf(request, "row"));
  TEGULA_ASSIGN_OR_RETURN(const std::int64_t x, WholeNumberOf(request, "column"));
  TEGULA_ASSIGN_OR_RETURN(const app::LivePlane plane, PlaneOf(request));
  if (level < 0 || level > 62) return NotFoundError(fmt::format("there is no level {}", level));
  TEGULA_ASSIGN_OR_RETURN(const Tensor values, ((*live).*make)(static_cast<int>(level), y, x, plane, request.is_gone));
  return RawResponse(values);
}

Result<Response> LiveValues(const ViewState& state, const Request& request) {
  TEGULA_ASSIGN_OR_RETURN(const std::shared_ptr<app::LivePrediction> live, state.predictions.Find(request.value("id")));
  TEGULA_ASSIGN_OR_RETURN(const std::int64_t y, WholeNumberOf(request, "y"));
  TEGULA_ASSIGN_OR_RETURN(const std::int64_t x, WholeNumberOf(request, "x"));
  TEGULA_ASSIGN_OR_RETURN(const std::int64_t height, WholeNumberOf(request, "height"));
  TEGULA_ASSIGN_OR_RETURN(const std::int64_t width, WholeNumberOf(request, "width"));
  TEGULA_ASSIGN_OR_RETURN(const app::LivePlane plane, PlaneOf(request));
  const std::int64_t most = Limits{}.axis_size;
  if (y < 0 || x < 0 || height < 1 || width < 1 || std::max({y, x, height, width}) > most)
    return InvalidError("x and y are not negative, width and height are positive");
  TEGULA_ASSIGN_OR_RETURN(const Tensor values, live->Values({{y, y + height}, {x, x + width}}, plane, request.is_gone));
  return RawResponse(values);
}

}  // namespace

std::vector<Route> PredictionRoutes(const ViewState& state) {
  const auto with = WithState(state);
  constexpr Parameter kId = {"id", "as `ready` has said it"};
  constexpr Parameter kZ = {"z", "the plane of the image along z, from 0"};
  constexpr Parameter kT = {"t", "the plane of the image along t, from 0"};
  std::vector<Parameter> opened;
  opened.push_back({"image", "the image, as a folder's listing names it", true});
  for (const Parameter& setting : kSettings) opened.push_back(setting);
  opened.push_back({"classifier", "instead of all these: one that is kept"});
  opened.push_back(kZ), opened.push_back(kT);
  return {
      {"GET", "/api/predictions/open",
       "opens a prediction and tells, as server-sent events, how far that is: progress, note, ready, failed. A preview "
       "is ready twice",
       "text/event-stream", std::move(opened), with(&Open)},
      {"GET",
       "/api/predictions/{id}",
       "what it is, and how many windows were predicted",
       "application/json",
       {kId},
       with(&Info)},
      {"GET",
       "/api/predictions/{id}/tiles/{level}/{column}/{row}",
       "a tile of 256 pixels of the prediction's pyramid: float32, (channel, y, x)",
       "application/octet-stream",
       {kId,
        {"level", "of the pyramid; the last is the whole prediction"},
        {"column", "from 0"},
        {"row", "from 0"},
        kZ,
        kT},
       with(&LiveTile<&app::LivePrediction::Tile>)},
      {"GET",
       "/api/predictions/{id}/previews/{level}/{column}/{row}",
       "the same tile as the model gives it for the image at this level's scale: not the prediction, but soon there",
       "application/octet-stream",
       {kId, {"level", "of the pyramid; not the last"}, {"column", "from 0"}, {"row", "from 0"}, kZ, kT},
       with(&LiveTile<&app::LivePrediction::Preview>)},
      {"GET",
       "/api/predictions/{id}/values",
       "exact values: (channel, y, x) of the type that `ready` has said",
       "application/octet-stream",
       {kId,
        {"x", "first column", true},
        {"y", "first row", true},
        {"width", "columns", true},
        {"height", "rows", true},
        kZ,
        kT},
       with(&LiveValues)},
  };
}

}  // namespace tegula::server
