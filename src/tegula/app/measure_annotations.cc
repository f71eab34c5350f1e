#include "tegula/app/measure_annotations.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "tegula/app/counted_objects.h"
#include "tegula/app/prediction_classes.h"
#include "tegula/app/stored_prediction.h"
#include "tegula/objects/annotations/feature_edit.h"
#include "tegula/objects/annotations/geojson_reader.h"
#include "tegula/outputs/csv.h"
#include "tegula/outputs/geojson.h"
#include "tegula/outputs/store_part.h"
#include "tegula/pipeline/class_areas.h"

namespace tegula::app {
namespace {

constexpr const char* kTable = "measurements.csv";
constexpr const char* kObjects = "objects.geojson";

// The measurements of one annotation as they come, under the prefix that tells classifiers apart.
class Sheet {
 public:
  Sheet(std::string name, const StoredPrediction& prediction)
      : prefix_(std::move(name) + ": "), unit_(prediction.knows_um() ? "µm^2" : "px^2"), prediction_(prediction) {}

  std::vector<std::pair<std::string, double>> Of(const ClassReading& reading, std::span<const std::int64_t> pixels,
                                                 const std::optional<ObjectCounts>& objects) const {
    std::vector<std::pair<std::string, double>> sheet;
    AddClasses(reading, pixels, sheet);
    const double area = static_cast<double>(pixels.back()) * prediction_.PixelArea();
    sheet.emplace_back(prefix_ + "Area " + unit_, area);
    if (objects) AddObjects(*objects, area, sheet);
    return sheet;
  }

 private:
  using Rows = std::vector<std::pair<std::string, double>>;

  void AddClasses(const ClassReading& reading, std::span<const std::int64_t> pixels, Rows& sheet) const {
    // Classes of one name are one class.
    std::vector<std::pair<std::string, std::int64_t>> of_name;
    std::int64_t all = 0;
    for (std::size_t i = 0; i < reading.classes.size(); ++i) {
      if (reading.classes[i].is_ignored) continue;
      all += pixels[i];
      const auto same = std::find_if(of_name.begin(), of_name.end(),
                                     [&](const auto& row) { return row.first == reading.classes[i].name; });
      if (same != of_name.end()) {
        same->second += pixels[i];
      } else {
        of_name.emplace_back(reading.classes[i].name, pixels[i]);
      }
    }
    const double whole = static_cast<double>(reading.is_partition ? all : pixels.back());
    for (const auto& [name, count] : of_name)
      sheet.emplace_back(prefix_ + name + " %", 100 * static_cast<double>(count) / whole);
    for (const auto& [name, count] : of_name)
      sheet.emplace_back(prefix_ + name + " area " + unit_, static_cast<double>(count) * prediction_.PixelArea());
  }

  void AddObjects(const ObjectCounts& objects, double area, Rows& sheet) const {
    constexpr double kUm2PerMm2 = 1e6;
    sheet.emplace_back(prefix_ + "Num Detections", static_cast<double>(objects.all));
    for (const auto& [name, count] : objects.of_class) {
      sheet.emplace_back(prefix_ + "Num " + name, static_cast<double>(count));
      if (prediction_.knows_um())
        sheet.emplace_back(prefix_ + "Num " + name + " per mm^2", static_cast<double>(count) * kUm2PerMm2 / area);
    }
    if (const std::optional<double> share = PositiveShareOf(objects))
      sheet.emplace_back(prefix_ + "Positive %", 100 * *share);
  }

  std::string prefix_, unit_;
  const StoredPrediction& prediction_;
};

// The annotations of a file, features as they are nested in it.
Result<std::vector<objects::Annotation>> ReadAnnotations(const Path& file) {
  std::vector<objects::Annotation> annotations;
  TEGULA_TRY(objects::ReadGeoJson(file, {}, [&](objects::Annotation annotation) {
    annotations.push_back(std::move(annotation));
    return Ok();
  }));
  return annotations;
}

// Measures one image; its parts are what the table and the file are made of.
class ImageMeasurement {
 public:
  ImageMeasurement(const AnnotationRequest& request, const RunContext& context)
      : request_(request), context_(context) {}

  Result<MeasuredImage> Measure(const Path& prediction_path, const std::optional<Path>& annotation_file) {
    TEGULA_ASSIGN_OR_RETURN(
        const StoredPrediction prediction,
        OpenStoredPrediction(prediction_path, OutputMeant(request_.output, request_.classifier), context_.limits));
    TEGULA_TRY(CheckSinglePlane(prediction, "annotations are measured"));
    TEGULA_ASSIGN_OR_RETURN(const ClassReading reading,
                            ClassesOfPrediction(prediction, request_.classes, request_.classifier));
    std::vector<objects::Annotation> annotations;
    if (annotation_file) {
      TEGULA_ASSIGN_OR_RETURN(annotations, ReadAnnotations(*annotation_file));
    }
    TEGULA_TRY(CollectAreas(prediction, annotations, annotation_file.has_value()));
    TEGULA_ASSIGN_OR_RETURN(
        const pipeline::ClassAreas counts,
        pipeline::CountClasses(context_, {&prediction.store, 0, 0, prediction.grid}, reading.rules, areas_));
    TEGULA_ASSIGN_OR_RETURN(const std::optional<CountedObjects> objects, ObjectsOf(prediction));

    const Sheet sheet(NameOf(prediction), prediction);
    MeasuredImage measured{prediction.record.image.path, {}, {}};
    std::vector<std::vector<std::pair<std::string, double>>> sheets;
    for (std::size_t i = 0; i < areas_.size(); ++i) {
      std::optional<ObjectCounts> counted;
      if (objects) counted = owners_[i] != nullptr ? objects->Within(owners_[i]->geometry) : objects->All();
      sheets.push_back(sheet.Of(reading, counts.row(i), counted));
      MeasuredAnnotation row{"whole image", "", "", sheets.back()};
      if (owners_[i] != nullptr) row = {owners_[i]->name, owners_[i]->class_name, owners_[i]->id, sheets.back()};
      measured.annotations.push_back(std::move(row));
    }
    if (annotation_file) {
      measured.geojson = request_.out / annotation_file->filename();
      TEGULA_TRY(WriteAnnotations(annotations, sheets, measured.geojson));
    }
    return measured;
  }

 private:
  std::string NameOf(const StoredPrediction& prediction) const {
    if (!request_.name.empty()) return request_.name;
    return request_.classifier && !request_.classifier->name.empty() ? request_.classifier->name
                                                                     : prediction.record.model.name;
  }

  // An area for each annotation that has a surface, or for the whole image.
  Status CollectAreas(const StoredPrediction& prediction, const std::vector<objects::Annotation>& annotations,
                      bool has_file) {
    areas_.clear();
    owners_.clear();
    const Shape plane = outputs::PlaneShape(prediction.store, 0);
    const Box whole{{0, plane[1]}, {0, plane[2]}};
    if (!has_file) {
      areas_.push_back({std::nullopt, whole});
      owners_.push_back(nullptr);
      return Ok();
    }
    for (const objects::Annotation& top : annotations) {
      for (const objects::Annotation* annotation : objects::AllOf(top)) {
        if (annotation->geometry.polygons.empty()) continue;
        TEGULA_ASSIGN_OR_RETURN(
            objects::PolygonMask mask,
            objects::PolygonMask::Create(annotation->geometry.polygons).Context(fmt::format("feature {}", top.index)));
        const Box bounds = mask.Bounds(prediction.grid, whole);
        areas_.push_back({std::move(mask), bounds});
        owners_.push_back(annotation);
      }
    }
    if (areas_.empty()) return InvalidError("the file has no annotation with a surface that could be measured");
    return Ok();
  }

  Result<std::optional<CountedObjects>> ObjectsOf(const StoredPrediction& prediction) const {
    Path file = request_.objects;
    if (file.empty()) {
      file = prediction.folder / kObjects;
      std::error_code ignored;
      if (!std::filesystem::exists(file, ignored)) return std::optional<CountedObjects>();
    }
    TEGULA_ASSIGN_OR_RETURN(CountedObjects objects, CountedObjects::Read(file));
    return std::optional<CountedObjects>(std::move(objects));
  }

  Status WriteAnnotations(const std::vector<objects::Annotation>& annotations,
                          const std::vector<std::vector<std::pair<std::string, double>>>& sheets,
                          const Path& path) const {
    TEGULA_ASSIGN_OR_RETURN(outputs::GeoJsonWriter file, outputs::GeoJsonWriter::Create(path));
    std::size_t next = 0;
    for (const objects::Annotation& top : annotations) {
      std::vector<objects::FeatureEdit> edits;
      for (const objects::Annotation* annotation : objects::AllOf(top)) {
        edits.emplace_back();
        if (next < owners_.size() && owners_[next] == annotation) edits.back().measurements = sheets[next++];
      }
      TEGULA_ASSIGN_OR_RETURN(const std::string text, objects::EditFeature(top, edits));
      TEGULA_TRY(file.Add(text));
    }
    return file.Commit();
  }

  const AnnotationRequest& request_;
  const RunContext& context_;
  std::vector<pipeline::CountedArea> areas_;
  std::vector<const objects::Annotation*> owners_;  // of `areas_`; null for the whole image
};

Status WriteTable(const std::vector<MeasuredImage>& images, const Path& path) {
  std::vector<std::string> columns = {"Image", "Name", "Class", "ID"};
  std::map<std::string, std::size_t> places;
  for (const MeasuredImage& image : images)
    for (const MeasuredAnnotation& annotation : image.annotations)
      for (const auto& [name, value] : annotation.measurements)
        if (places.try_emplace(name, columns.size()).second) columns.push_back(name);
  TEGULA_ASSIGN_OR_RETURN(outputs::CsvFile file, outputs::CsvFile::Create(path, columns));
  for (const MeasuredImage& image : images) {
    for (const MeasuredAnnotation& annotation : image.annotations) {
      std::vector<std::string> cells(columns.size());
      cells[0] = image.image, cells[1] = annotation.name, cells[2] = annotation.class_name, cells[3] = annotation.id;
      for (const auto& [name, value] : annotation.measurements) cells[places[name]] = fmt::format("{}", value);
      TEGULA_TRY(file.Add(cells));
    }
  }
  return file.Commit();
}

}  // namespace

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
    const auto measure = [&]() -> Result<MeasuredImage> {
      std::optional<Path> annotations;
      if (!request.annotations.empty()) {
        TEGULA_ASSIGN_OR_RETURN(annotations,
                                AnnotationsFor(request.annotations, prediction, request.predictions.size()));
      }
      return ImageMeasurement(request, context).Measure(prediction, annotations);
    };
    Result<MeasuredImage> measured = measure().Context(prediction.string());
    if (measured.ok()) {
      images.push_back(std::move(*measured));
      continue;
    }
    if (request.predictions.size() == 1 || measured.error().code == Code::kCancelled) return measured.error();
    context.progress.Note(ToString(measured.error()));
    images.push_back({prediction.string(), {}, {}, ToString(measured.error())});
  }
  TEGULA_TRY(WriteTable(images, request.out / kTable));
  return images;
}

}  // namespace tegula::app
