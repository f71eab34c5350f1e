#include "tegula/app/classify_objects.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "tegula/app/prediction_classes.h"
#include "tegula/app/stored_prediction.h"
#include "tegula/core/folders.h"
#include "tegula/objects/annotations/feature_edit.h"
#include "tegula/objects/annotations/geojson_reader.h"
#include "tegula/objects/annotations/placed_geometry.h"
#include "tegula/outputs/geojson.h"
#include "tegula/outputs/store_part.h"
#include "tegula/pipeline/class_areas.h"

namespace tegula::app {
namespace {

// Objects of which the store is asked together, so that chunks are decoded once for all that lie in them.
constexpr std::size_t kBatchObjects = 20'000;
constexpr std::size_t kBatchBytes = 64 << 20;

class Classification {
 public:
  Classification(const ClassifyRequest& request, const StoredPrediction& prediction, const ClassReading& reading,
                 const RunContext& context, outputs::GeoJsonWriter file)
      : request_(request),
        prediction_(prediction),
        reading_(reading),
        context_(context),
        file_(std::move(file)),
        counts_(reading.classes.size()) {
    const Shape plane = outputs::PlaneShape(prediction.store, 0);
    whole_ = {{0, plane[1]}, {0, plane[2]}};
  }

  Status Add(objects::Annotation annotation) {
    objects_in_batch_ += objects::AllOf(annotation).size();
    bytes_in_batch_ += annotation.json.size();
    batch_.push_back(std::move(annotation));
    return objects_in_batch_ >= kBatchObjects || bytes_in_batch_ >= kBatchBytes ? Flush() : Ok();
  }

  Result<ClassifiedObjects> Finish() {
    TEGULA_TRY(Flush());
    TEGULA_TRY(file_.Commit());
    for (std::size_t c = 0; c < counts_.size(); ++c)
      result_.of_class.emplace_back(reading_.classes[c].name, counts_[c]);
    return result_;
  }

 private:
  // Adds where the store is asked for an object: its pixels, or the one under its centroid. False if that is outside.
  Result<bool> AddArea(const objects::Annotation& object, std::vector<pipeline::CountedArea>& areas) const {
    const objects::Geometry& geometry = object.nucleus.empty() ? object.geometry : object.nucleus;
    if (request_.by_majority && !geometry.polygons.empty()) {
      TEGULA_ASSIGN_OR_RETURN(objects::PolygonMask mask, objects::PolygonMask::Create(geometry.polygons));
      const Box bounds = mask.Bounds(prediction_.grid, whole_);
      areas.push_back({std::move(mask), bounds});
      return true;
    }
    const std::optional<objects::Point> at = objects::CentroidOf(geometry);
    if (!at) return false;
    const outputs::PlacementRecord& placement = prediction_.placement;
    const double y = std::floor((at->y - placement.origin_y) / placement.scale_y);
    const double x = std::floor((at->x - placement.origin_x) / placement.scale_x);
    const bool is_inside =
        y >= 0 && x >= 0 && y < static_cast<double>(whole_.y.end) && x < static_cast<double>(whole_.x.end);
    if (!is_inside) return false;
    const auto row = static_cast<std::int64_t>(y), column = static_cast<std::int64_t>(x);
    areas.push_back({std::nullopt, {{row, row + 1}, {column, column + 1}}});
    return true;
  }

  Status Flush() {
    std::vector<pipeline::CountedArea> areas;
    std::vector<std::int64_t> area_of;  // each object's, or -1
    for (const objects::Annotation& top : batch_) {
      for (const objects::Annotation* object : objects::AllOf(top)) {
        const auto next = static_cast<std::int64_t>(areas.size());
        TEGULA_ASSIGN_OR_RETURN(const bool is_inside,
                                AddArea(*object, areas).Context(fmt::format("feature {}", top.index)));
        area_of.push_back(is_inside ? next : -1);
      }
    }
    TEGULA_ASSIGN_OR_RETURN(
        const pipeline::ClassAreas counts,
        pipeline::CountClasses(context_, pipeline::PlacedPlane::Of(prediction_.store, 0, 0, prediction_.grid),
                               reading_.rules, areas));
    std::size_t next = 0;
    for (const objects::Annotation& top : batch_) {
      std::vector<objects::FeatureEdit> edits;
      for (std::size_t i = objects::AllOf(top).size(); i > 0; --i) {
        const std::int64_t area = area_of[next++];
        edits.push_back(area < 0 ? Untouched() : EditFrom(counts.row(static_cast<std::size_t>(area))));
      }
      TEGULA_ASSIGN_OR_RETURN(const std::string text, objects::EditFeature(top, edits));
      TEGULA_TRY(file_.Add(text));
    }
    batch_.clear();
    objects_in_batch_ = bytes_in_batch_ = 0;
    return Ok();
  }

  objects::FeatureEdit Untouched() {
    ++result_.objects, ++result_.untouched;
    return {};
  }

  objects::FeatureEdit EditFrom(std::span<const std::int64_t> pixels) {
    if (pixels.back() == 0) return Untouched();
    ++result_.objects;
    objects::FeatureEdit edit;
    const auto most = std::max_element(pixels.begin(), pixels.end() - 1);
    if (request_.by_majority)
      for (std::size_t c = 0; c < reading_.classes.size(); ++c)
        edit.measurements.emplace_back(reading_.classes[c].name + " fraction",
                                       static_cast<double>(pixels[c]) / static_cast<double>(pixels.back()));
    // Pixels without a class may be the most frequent.
    std::int64_t without = pixels.back();
    for (const std::int64_t count : pixels.first(pixels.size() - 1)) without -= count;
    if (*most < without || *most == 0) {
      ++result_.without_class;
      edit.classification = objects::FeatureEdit::Class{};
      return edit;
    }
    const auto number = static_cast<std::size_t>(most - pixels.begin());
    ++counts_[number];
    const ClassReading::Class& found = reading_.classes[number];
    edit.classification = objects::FeatureEdit::Class{found.name, {found.colour.r, found.colour.g, found.colour.b}};
    return edit;
  }

  const ClassifyRequest& request_;
  const StoredPrediction& prediction_;
  const ClassReading& reading_;
  const RunContext& context_;
  outputs::GeoJsonWriter file_;
  std::vector<std::int64_t> counts_;  // per class
  ClassifiedObjects result_;
  Box whole_;
  std::vector<objects::Annotation> batch_;
  std::size_t objects_in_batch_ = 0, bytes_in_batch_ = 0;
};

Result<ClassifiedObjects> ClassifyOne(const ClassifyRequest& request, const Path& path, const Path& out,
                                      const RunContext& context) {
  TEGULA_ASSIGN_OR_RETURN(const bool exists, Exists(out));
  if (exists && !request.overwrite)
    return InvalidError(
        fmt::format("{} is there already; choose another name or replace it with --overwrite", out.string()));
  TEGULA_ASSIGN_OR_RETURN(const Path objects_file, AnnotationsFor(request.objects, path, request.predictions.size()));
  TEGULA_ASSIGN_OR_RETURN(const StoredPrediction prediction,
                          OpenStoredPrediction(path, OutputMeant(request.output, request.classifier), context.limits));
  TEGULA_ASSIGN_OR_RETURN(const ClassReading reading,
                          ClassesOfPrediction(prediction, request.classes, request.classifier));
  if (!reading.is_partition && reading.classes.size() > 1)
    return InvalidError(
        "classes that may overlap do not decide about an object; leave out --threshold and --overlapping, so that the "
        "largest channel wins");
  TEGULA_ASSIGN_OR_RETURN(outputs::GeoJsonWriter file, outputs::GeoJsonWriter::Create(out));
  Classification classification(request, prediction, reading, context, std::move(file));
  TEGULA_TRY(objects::ReadGeoJson(
      objects_file, {}, [&](objects::Annotation annotation) { return classification.Add(std::move(annotation)); }));
  TEGULA_ASSIGN_OR_RETURN(ClassifiedObjects classified, classification.Finish());
  classified.image = prediction.record.image.path, classified.geojson = out;
  return classified;
}

}  // namespace

Result<std::vector<ClassifiedObjects>> ClassifyObjects(const ClassifyRequest& request, const RunContext& context) {
  if (request.predictions.empty()) return InvalidError("no prediction is named to classify by");
  const bool is_single = request.predictions.size() == 1;
  TEGULA_TRY(CheckNamesDiffer(request.predictions));
  if (!is_single) TEGULA_TRY(MakeFolders(request.out));
  std::vector<ClassifiedObjects> rows;
  for (const Path& path : request.predictions) {
    const Path out = is_single ? request.out : request.out / NameOfAnnotations(path);
    Result<ClassifiedObjects> row = ClassifyOne(request, path, out, context).Context(path.string());
    if (!row.ok() && (is_single || row.error().code == Code::kCancelled)) return row.error();
    if (!row.ok()) context.progress.Note(ToString(row.error()));
    rows.push_back(row.ok() ? std::move(*row)
                            : ClassifiedObjects{.image = path.string(), .error = ToString(row.error())});
  }
  return rows;
}

}  // namespace tegula::app
