#include "tegula/app/measured_areas.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "tegula/objects/annotations/feature_edit.h"
#include "tegula/outputs/csv.h"

namespace tegula::app {
namespace {

using Rows = std::vector<std::pair<std::string, double>>;

// The measurements of one annotation as they come, under the prefix that tells classifiers apart.
class Sheet {
 public:
  explicit Sheet(const MeasuredPlane& plane)
      : prefix_(plane.name + ": "), unit_(plane.knows_um ? "µm^2" : "px^2"), plane_(plane) {}

  Rows Of(std::span<const std::int64_t> pixels, const std::optional<ObjectCounts>& objects) const {
    Rows sheet;
    AddClasses(pixels, sheet);
    const double area = static_cast<double>(pixels.back()) * plane_.pixel_area;
    sheet.emplace_back(prefix_ + "Area " + unit_, area);
    if (objects) AddObjects(*objects, area, sheet);
    return sheet;
  }

 private:
  void AddClasses(std::span<const std::int64_t> pixels, Rows& sheet) const {
    const ClassReading& reading = plane_.reading;
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
      sheet.emplace_back(prefix_ + name + " area " + unit_, static_cast<double>(count) * plane_.pixel_area);
  }

  void AddObjects(const ObjectCounts& objects, double area, Rows& sheet) const {
    constexpr double kUm2PerMm2 = 1e6;
    sheet.emplace_back(prefix_ + "Num Detections", static_cast<double>(objects.all));
    for (const auto& [name, count] : objects.of_class) {
      sheet.emplace_back(prefix_ + "Num " + name, static_cast<double>(count));
      if (plane_.knows_um)
        sheet.emplace_back(prefix_ + "Num " + name + " per mm^2", static_cast<double>(count) * kUm2PerMm2 / area);
    }
    if (const std::optional<double> share = PositiveShareOf(objects))
      sheet.emplace_back(prefix_ + "Positive %", 100 * *share);
  }

  std::string prefix_, unit_;
  const MeasuredPlane& plane_;
};

Box WholeOf(const MeasuredPlane& plane) { return {{0, plane.plane.shape_cyx[1]}, {0, plane.plane.shape_cyx[2]}}; }

}  // namespace

Result<std::vector<MeasuredAnnotation>> MeasureAreas(const RunContext& context, const MeasuredPlane& plane,
                                                     const std::vector<objects::Annotation>& annotations,
                                                     const std::optional<CountedObjects>& objects, FeatureSink write) {
  std::vector<pipeline::CountedArea> areas;
  std::vector<const objects::Annotation*> owners;
  for (const objects::Annotation& top : annotations) {
    for (const objects::Annotation* annotation : objects::AllOf(top)) {
      if (annotation->geometry.polygons.empty()) continue;
      TEGULA_ASSIGN_OR_RETURN(
          objects::PolygonMask mask,
          objects::PolygonMask::Create(annotation->geometry.polygons).Context(fmt::format("feature {}", top.index)));
      const Box bounds = mask.Bounds(plane.plane.grid, WholeOf(plane));
      areas.push_back({std::move(mask), bounds});
      owners.push_back(annotation);
    }
  }
  if (areas.empty()) return InvalidError("the file has no annotation with a surface that could be measured");
  TEGULA_ASSIGN_OR_RETURN(const pipeline::ClassAreas counts,
                          pipeline::CountClasses(context, plane.plane, plane.reading.rules, areas));
  const Sheet sheet(plane);
  std::vector<MeasuredAnnotation> measured;
  for (std::size_t i = 0; i < areas.size(); ++i) {
    std::optional<ObjectCounts> counted;
    if (objects) counted = objects->Within(owners[i]->geometry);
    measured.push_back({owners[i]->name, owners[i]->class_name, owners[i]->id, sheet.Of(counts.row(i), counted)});
  }
  std::size_t next = 0;
  for (const objects::Annotation& top : annotations) {
    std::vector<objects::FeatureEdit> edits;
    for (const objects::Annotation* annotation : objects::AllOf(top)) {
      edits.emplace_back();
      if (next < owners.size() && owners[next] == annotation) edits.back().measurements = measured[next++].measurements;
    }
    TEGULA_ASSIGN_OR_RETURN(const std::string text, objects::EditFeature(top, edits));
    TEGULA_TRY(write(text));
  }
  return measured;
}

Result<MeasuredAnnotation> MeasureWhole(const RunContext& context, const MeasuredPlane& plane,
                                        const std::optional<CountedObjects>& objects) {
  const pipeline::CountedArea area{std::nullopt, WholeOf(plane)};
  TEGULA_ASSIGN_OR_RETURN(const pipeline::ClassAreas counts,
                          pipeline::CountClasses(context, plane.plane, plane.reading.rules, {&area, 1}));
  std::optional<ObjectCounts> counted;
  if (objects) counted = objects->All();
  return MeasuredAnnotation{"whole image", "", "", Sheet(plane).Of(counts.row(0), counted)};
}

std::string MeasurementTable(std::span<const MeasuredImage> images) {
  std::vector<std::string> columns = {"Image", "Name", "Class", "ID"};
  std::map<std::string, std::size_t> places;
  for (const MeasuredImage& image : images)
    for (const MeasuredAnnotation& annotation : image.annotations)
      for (const auto& [name, value] : annotation.measurements)
        if (places.try_emplace(name, columns.size()).second) columns.push_back(name);
  std::string text;
  outputs::AppendCsvRow(columns, text);
  for (const MeasuredImage& image : images) {
    for (const MeasuredAnnotation& annotation : image.annotations) {
      std::vector<std::string> cells(columns.size());
      cells[0] = image.image, cells[1] = annotation.name, cells[2] = annotation.class_name, cells[3] = annotation.id;
      for (const auto& [name, value] : annotation.measurements) cells[places[name]] = fmt::format("{}", value);
      outputs::AppendCsvRow(cells, text);
    }
  }
  return text;
}

}  // namespace tegula::app
