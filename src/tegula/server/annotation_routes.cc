#include "tegula/server/annotation_routes.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "tegula/app/view/annotations.h"
#include "tegula/outputs/palette.h"
#include "tegula/server/waited.h"

namespace tegula::server {
namespace {

using Json = nlohmann::ordered_json;

Response GeoJsonResponse(std::string text) {
  Response response;
  response.type = "application/geo+json";
  response.body = std::move(text);
  return response;
}

Result<Response> Read(const ViewState& state, const Request& request) {
  TEGULA_ASSIGN_OR_RETURN(const std::string file, state.roots.Resolve(request.value("file")));
  TEGULA_ASSIGN_OR_RETURN(std::string text, app::AnnotationsOfFile(file));
  return GeoJsonResponse(std::move(text));
}

Result<Response> Write(const ViewState&, const Request& request) {
  const std::string name = request.body.text("name");
  TEGULA_ASSIGN_OR_RETURN(std::string text,
                          app::AnnotationsText(request.body.text("geojson"), name.empty() ? "the annotations" : name));
  return GeoJsonResponse(std::move(text));
}

Json ToJson(const app::ViewMeasurement& measured) {
  Json annotations = Json::array(), classes = Json::array();
  for (const app::MeasuredAnnotation& annotation : measured.image.annotations) {
    Json numbers = Json::object();
    for (const auto& [name, value] : annotation.measurements)
      numbers[name] = std::isfinite(value) ? Json(value) : Json(nullptr);
    annotations.push_back({{"name", annotation.name},
                           {"class", annotation.class_name},
                           {"id", annotation.id},
                           {"measurements", std::move(numbers)}});
  }
  for (const app::ClassReading::Class& each : measured.classes)
    classes.push_back({{"channel", each.channel},
                       {"name", each.name},
                       {"colour", outputs::TextOf(each.colour).substr(1)},
                       {"ignored", each.is_ignored}});
  return {{"annotations", std::move(annotations)},
          {"classes", std::move(classes)},
          {"csv", measured.csv},
          {"geojson", measured.geojson},
          {"command", measured.command}};
}

Result<Response> Measure(const ViewState& state, const Request& request) {
  const JsonBody& body = request.body;
  if (body.has("run") == body.has("prediction"))
    return InvalidError("either a run or a prediction is measured; name one of them");
  app::ViewMeasureRequest asked{.geojson = body.text("geojson"),
                                .classes = {.names = body.text("classes"),
                                            .threshold = body.number("threshold"),
                                            .overlapping = body.flag("overlapping")}};
  if (!body.text("objects").empty()) {
    TEGULA_ASSIGN_OR_RETURN(asked.objects, state.roots.Resolve(body.text("objects")));
  }
  const RequestStop stop(state);
  Waited progress(request.is_gone, stop.source());
  const RunContext context = stop.Context(progress);
  const auto measure = [&]() -> Result<app::ViewMeasurement> {
    if (body.has("run")) {
      TEGULA_ASSIGN_OR_RETURN(const std::string run, state.roots.Resolve(body.text("run")));
      return app::MeasureRun(run, asked, context);
    }
    TEGULA_ASSIGN_OR_RETURN(const std::shared_ptr<app::LivePrediction> live,
                            state.predictions.Find(body.text("prediction")));
    return app::MeasureLive(*live, asked, request.is_gone, context);
  };
  TEGULA_ASSIGN_OR_RETURN(const app::ViewMeasurement measured, measure());
  return JsonResponse(Dump(ToJson(measured)));
}

}  // namespace

std::vector<Route> AnnotationRoutes(const ViewState& state) {
  const auto with = WithState(state);
  return {
      {"GET",
       "/api/annotations",
       "the annotations of a GeoJSON file, in the form in which they are written",
       "application/geo+json",
       {{"file", "as a folder's listing names it", true}},
       with(&Read)},
      {"POST",
       "/api/annotations",
       "annotations as GeoJSON that QuPath opens; wrong ones are refused with the number of the feature",
       "application/geo+json",
       {},
       with(&Write),
       false,
       {{"geojson", "string", "the text of a GeoJSON file", true}, {"name", "string", "what messages call it"}}},
      {"POST",
       "/api/annotations/measure",
       "areas, shares and counts within annotations, of a run or of a prediction that is shown: numbers, the files of "
       "`tegula measure`, and the command that makes the same",
       "application/json",
       {},
       with(&Measure),
       false,
       {{"geojson", "string", "the annotations, as the text of a GeoJSON file", true},
        {"run", "string", "a folder of `tegula predict`, as a listing names it"},
        {"prediction", "string", "or the id of a prediction, as `ready` has said it"},
        {"classes", "string", "as `measure --classes` takes them"},
        {"threshold", "number", "as `measure --threshold` takes it"},
        {"overlapping", "boolean", "each channel for itself"},
        {"objects", "string", "a GeoJSON file of objects to count; otherwise those of the run"}}},
  };
}

}  // namespace tegula::server
