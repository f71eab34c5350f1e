#include "tegula/server/classifier_routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "tegula/app/create_classifier.h"
#include "tegula/app/request_words.h"
#include "tegula/server/waited.h"

namespace tegula::server {
namespace {

using Json = nlohmann::ordered_json;

app::ClassifierFolder Folder() { return app::ClassifierFolder(app::ClassifierFolder::OfUser()); }

Result<Response> List(const ViewState&, const Request&) {
  TEGULA_ASSIGN_OR_RETURN(const std::vector<app::KeptClassifier> all, Folder().All());
  return JsonResponse(app::ToJson(all));
}

Result<Response> Show(const ViewState& state, const Request& request) {
  TEGULA_ASSIGN_OR_RETURN(const ShownClassifier shown, ClassifierOf(state, request.value("name")));
  return JsonResponse(Dump({{"model", shown.model}, {"classifier", Json::parse(app::ToJson(shown.classifier))}}));
}

Result<app::ClassifierRequest> ClassifierRequestOf(const ViewState& state, const JsonBody& body) {
  app::ClassifierRequest asked;
  asked.name = body.text("name");
  asked.overwrite = body.flag("overwrite");
  if (body.has("output_type")) asked.output_type = body.text("output_type");
  app::PredictRequest& predict = asked.predict;
  TEGULA_ASSIGN_OR_RETURN(predict.model, ModelNameOf(state, body.text("model")));
  predict.binding.channels = app::ChannelWords(body.text("channels"));
  predict.binding.pixel_size_um = body.number("pixel_size");
  predict.binding.downsample = body.number("downsample");
  if (const auto level = body.integer("level"))
    predict.binding.level = static_cast<int>(std::clamp<std::int64_t>(*level, -2, std::numeric_limits<int>::max()));
  TEGULA_ASSIGN_OR_RETURN(predict.tiling.tile, app::SizesFromText("tile", body.text("tile")));
  predict.outputs = app::Names(body.text("output"));
  predict.classes.names = body.text("classes");
  predict.classes.threshold = body.number("threshold");
  predict.engine = state.engine;
  return asked;
}

Result<Response> Make(const ViewState& state, const Request& request) {
  TEGULA_ASSIGN_OR_RETURN(const app::ClassifierRequest asked, ClassifierRequestOf(state, request.body));
  const RequestStop stop(state);
  Waited progress(request.is_gone, stop.source());
  TEGULA_ASSIGN_OR_RETURN(const app::Classifier made,
                          app::MakeClassifier(asked, Folder(), state.registry, stop.Context(progress)));
  return JsonResponse(Dump({{"model", request.body.text("model")},
                            {"classifier", Json::parse(app::ToJson(made))},
                            {"command", app::CommandOf(asked)}}));
}

}  // namespace

Result<ShownClassifier> ClassifierOf(const ViewState& state, const std::string& name) {
  TEGULA_ASSIGN_OR_RETURN(app::Classifier classifier, Folder().LoadKept(name));
  std::string model = state.roots.NameOf(classifier.model);
  if (model.empty()) model = classifier.model;
  if (!ModelNameOf(state, model).ok())
    return NotFoundError(
        fmt::format("the model of {}, {}, is neither in the folders of this viewer nor in the catalogue; name its "
                    "folder with --root",
                    app::TitleOf(classifier), classifier.model_name));
  return ShownClassifier{std::move(classifier), std::move(model)};
}

std::vector<Route> ClassifierRoutes(const ViewState& state) {
  const auto with = WithState(state);
  return {
      {"GET",
       "/api/classifiers",
       "all that are kept, as `tegula classifier list --json` says them",
       "application/json",
       {},
       with(&List)},
      {"GET",
       "/api/classifiers/{name}",
       "what one says, and how its model is called here",
       "application/json",
       {{"name", "as the list has it"}},
       with(&Show)},
      {"POST",
       "/api/classifiers",
       "makes one as `tegula classifier create` does, and tells that command",
       "application/json",
       {},
       with(&Make),
       false,
       {{"name", "string", "what it is called from now on", true},
        {"overwrite", "boolean", "replace the classifier of this name"},
        {"model", "string", "an id of the catalogue, or a model in a folder", true},
        {"channels", "string", "which channels the model gets, as `--channels` takes them"},
        {"pixel_size", "number", "in µm, to which the image is brought; otherwise as the model wants it"},
        {"downsample", "number", "instead of it: so many times larger pixels"},
        {"level", "integer", "instead of it: this level of the pyramid as it is"},
        {"tile", "string", "windows, as `--tile` takes them; otherwise chosen where it is applied"},
        {"output", "string", "an output's id; otherwise the first"},
        {"output_type", "string", "probability, multiclass or classification; otherwise probability"},
        {"classes", "string", "what the channels mean, as `--classes` takes it"},
        {"threshold", "number", "for one channel, or multiclass; otherwise 0.5"}}},
  };
}

}  // namespace tegula::server
