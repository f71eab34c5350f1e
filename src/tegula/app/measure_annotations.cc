#include "tegula/app/measure_annotations.h"

#include <fmt/format.h>

#include <optional>

#include "tegula/app/counted_objects.h"
#include "tegula/app/prediction_classes.h"
#include "tegula/app/stored_prediction.h"
#include "tegula/objects/annotations/geojson_reader.h"
#include "tegula/outputs/geojson.h"

namespace tegula::app {
namespace {

constexpr const char* kTable = "measurements.csv";
constexpr const char* kObjects = "objects.geojson";

// The annotations of a file, features as they are nested in it.
Result<std::vector<objects::Annotation>> ReadAnnotations(const Path& file) {
  std::vector<objects::Annotation> annotations;
  TEGULA_TRY(objects::ReadGeoJson(file, {}, [&](objects::Annotation annotation) {
    annotations.push_back(std::move(annotation));
    return Ok();
  }));
  return annotations;
}

std::string NameFor(const AnnotationRequest& request, const StoredPrediction& prediction) {
  if (!request.name.empty()) return request.name;
  return request.classifier && !request.classifier->name.empty() ? request.classifier->name
                                                                 : prediction.record.model.name;
}

Result<std::optional<CountedObjects>> ObjectsFor(const AnnotationRequest& request, const StoredPrediction& prediction) {
  Path file = request.objects;
  if (file.empty()) {
    file = prediction.folder / kObjects;
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) return std::optional<CountedObjects>();
  }
  TEGULA_ASSIGN_OR_RETURN(CountedObjects objects, CountedObjects::Read(file));
  return std::optional<CountedObjects>(std::move(objects));
}

// One image with the file of its annotations, if there is one.
Result<MeasuredImage> MeasureImage(const AnnotationRequest& request, const Path& prediction,
                                   const RunContext& context) {
  if (request.annotations.empty()) {
    const auto nothing = [](std::string_view) { return Ok(); };
    TEGULA_ASSIGN_OR_RETURN(MeasuredPrediction measured,
                            MeasurePrediction(request, prediction, std::nullopt, nothing, context));
    return std::move(measured.image);
  }
  TEGULA_ASSIGN_OR_RETURN(const Path file, AnnotationsFor(request.annotations, prediction, request.predictions.size()));
  TEGULA_ASSIGN_OR_RETURN(std::vector<objects::Annotation> annotations, ReadAnnotations(file));
  const Path out = request.out / file.filename();
  TEGULA_ASSIGN_OR_RETURN(outputs::GeoJsonWriter writer, outputs::GeoJsonWriter::Create(out));
  TEGULA_ASSIGN_OR_RETURN(MeasuredPrediction measured,
                          MeasurePrediction(
                              request, prediction, std::move(annotations),
                              [&](std::string_view text) { return writer.Add(text); }, context));
  TEGULA_TRY(writer.Commit());
  measured.image.geojson = out;
  return std::move(measured.image);
}

}  // namespace

Result<MeasuredPrediction> MeasurePrediction(const AnnotationRequest& request, const Path& prediction_path,
                                             const std::optional<std::vector<objects::Annotation>>& annotations,
                                             FeatureSink write, const RunContext& context) {
  TEGULA_ASSIGN_OR_RETURN(
      const StoredPrediction prediction,
      OpenStoredPrediction(prediction_path, OutputMeant(request.output, request.classifier), context.limits));
  TEGULA_TRY(CheckSinglePlane(prediction, "annotations are measured"));
  TEGULA_ASSIGN_OR_RETURN(ClassReading reading, ClassesOfPrediction(prediction, request.classes, request.classifier));
  TEGULA_ASSIGN_OR_RETURN(const std::optional<CountedObjects> objects, ObjectsFor(request, prediction));
  const MeasuredPlane plane{pipeline::PlacedPlane::Of(prediction.store, 0, 0, prediction.grid), std::move(reading),
                            NameFor(request, prediction), prediction.PixelArea(), prediction.knows_um()};
  MeasuredPrediction measured{{prediction.record.image.path, {}, {}}, plane.reading};
  if (annotations) {
    TEGULA_ASSIGN_OR_RETURN(measured.image.annotations, MeasureAreas(context, plane, *annotations, objects, write));
  } else {
    TEGULA_ASSIGN_OR_RETURN(MeasuredAnnotation whole, MeasureWhole(context, plane, objects));
    measured.image.annotations.push_back(std::move(whole));
  }
  return measured;
}

Result<std::vector<MeasuredImage>> MeasureAnnotations(const AnnotationRequest& request, const RunContext& context) {
  if (request.predictions.empty()) return InvalidError("no prediction is named to measure");
  std::error_code ignored;
  if (!request.overwrite && std::filesystem::exists(request.out / kTable, ignored))
    return InvalidError(fmt::format("{} is there already; choose another folder or replace it with --overwrite",
                                    (request.out / kTable).string()));
  if (!request.annotations.empty()) TEGULA_TRY(CheckNamesDiffer(request.predictions));
  TEGULA_TRY(MakeFolders(request.out));
  std::vector<MeasuredImage> images;
  for (const Path& prediction : request.predictions) {
    Result<MeasuredImage> measured = MeasureImage(request, prediction, context).Context(prediction.string());
    if (measured.ok()) {
      images.push_back(std::move(*measured));
      continue;
    }
    if (request.predictions.size() == 1 || measured.error().code == Code::kCancelled) return measured.error();
    context.progress.Note(ToString(measured.error()));
    images.push_back({prediction.string(), {}, {}, ToString(measured.error())});
  }
  TEGULA_TRY(WriteFileWhole(request.out / kTable, MeasurementTable(images)));
  return images;
}

}  // namespace tegula::app
