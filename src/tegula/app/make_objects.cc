#include "tegula/app/make_objects.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "tegula/app/cells.h"
#include "tegula/app/label_files.h"
#include "tegula/app/object_files.h"
#include "tegula/objects/simplify/simplify_outline.h"
#include "tegula/pipeline/numbered_objects.h"
#include "tegula/pipeline/object_junctions.h"

namespace tegula::app {
namespace {

outputs::ObjectType TypeOf(const std::string& name) {
  if (name == "annotation") return outputs::ObjectType::kAnnotation;
  return name == "cell" ? outputs::ObjectType::kCell : outputs::ObjectType::kDetection;
}

outputs::GeoJsonOptions GeoJsonOptionsOf(const ObjectRequest& request, const ObjectSource& source,
                                         std::vector<std::string> measurements) {
  outputs::GeoJsonOptions options;
  options.type = TypeOf(request.object_type);
  options.frame = source.frame;
  options.measurements = std::move(measurements);
  options.classes = ClassesOf(source.channels, source.colours);
  options.seed = source.seed;
  return options;
}

std::vector<std::string> NamesOf(const objects::MeasurementPlan& plan) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < plan.columns(); ++i) names.push_back(plan.Name(i));
  return names;
}

std::string Count(std::int64_t n, const char* one, const char* many) {
  return fmt::format("{} {}", n, n == 1 ? one : many);
}

std::vector<std::string> NotesOf(const ObjectRequest& request, const ObjectSource& source,
                                 const pipeline::ObjectsSummary& summary) {
  std::vector<std::string> notes;
  for (const std::string& name : source.channels)
    if (name.ends_with('*') && std::ranges::find(request.classes, "all") != request.classes.end() &&
        std::ranges::find(request.classes, name) == request.classes.end())
      notes.push_back(fmt::format("no objects are made of {}, because its name ends with *", name));
  if (request.drops_border)
    notes.push_back(
        Count(summary.dropped, "object touches the edge and is left out", "objects touch the edge and are left out"));
  else if (summary.at_edge > 0)
    notes.push_back(Count(summary.at_edge, "object is cut by the image's edge", "objects are cut by the image's edge"));
  if (MakesCells(request))
    notes.push_back(fmt::format("cells reach {} beyond their nuclei; counts and areas are those of the nuclei",
                                ToText(CellExpansionLength(request, source.frame))));
  if (request.split.method != objects::SplitMethod::kNone)
    notes.push_back(Count(summary.split, "region was split into objects", "regions were split into objects"));
  if (summary.too_large > 0)
    notes.push_back(fmt::format("{}, because a box around it has more than {} million pixels",
                                Count(summary.too_large, "region was not split", "regions were not split"),
                                objects::kLargestSplitBox >> 20));
  return notes;
}

// Takes objects one by one: for the files, the record and the pictures.
class ObjectsTaker {
 public:
  ObjectsTaker(const ObjectRequest& request, const ObjectSource& source, const std::vector<std::int32_t>& labels,
               ObjectWriters& writers, Pictures* pictures)
      : request_(request), source_(source), labels_(labels), writers_(writers), pictures_(pictures) {
    made_.areas_in_um2 = source.frame.in_um();
    for (const std::int32_t label : labels)
      made_.classes.push_back(
          {.class_name = source.channels[static_cast<std::size_t>(label)],
           .channel = label,
           .colour = outputs::TextOf(outputs::ColourOf(source.colours, static_cast<std::size_t>(label)))});
  }

  Status Take(const pipeline::StreamedObject& object) {
    const objects::Region& region = object.object.region;
    const double slide_px = source_.frame.scale_y * source_.frame.scale_x, unit = source_.frame.pixel_area();
    const auto at = static_cast<std::size_t>(std::find(labels_.begin(), labels_.end(), region.label) - labels_.begin());
    outputs::ObjectsRecord& of_class = made_.classes[at];
    ++of_class.count;
    of_class.area_px += static_cast<double>(region.area_px) * slide_px;
    if (made_.areas_in_um2) of_class.area_um2 += static_cast<double>(region.area_px) * unit;
    ++made_.total;
    if (pictures_ != nullptr) pictures_->AddOutlines(region);
    if (pictures_ != nullptr && MakesCells(request_)) pictures_->AddOutlines(object.cell);
    if (source_.report != nullptr) source_.report->Add(region, object.object.values, MayBeCut(region));
    return writers_.Add(object.geojson, object.csv);
  }

  Result<MadeObjects> Finish(const pipeline::ObjectsSummary& summary) {
    TEGULA_TRY(writers_.Commit());
    made_.touching = request_.drops_border ? 0 : summary.at_asked_edge;
    made_.notes = NotesOf(request_, source_, summary);
    return std::move(made_);
  }

 private:
  // Whether the edge of what is asked for may cut it; numbered objects are whole.
  bool MayBeCut(const objects::Region& region) const {
    if (source_.asked == nullptr || source_.numbers != nullptr) return false;
    const Shape& map = source_.map.shape();
    const auto wider = [](Interval part, std::int64_t size) {
      return Intersect({part.begin - 1, part.end + 1}, Interval{0, size});
    };
    const Box around{wider(region.bounds.y, map[1]), wider(region.bounds.x, map[2])};
    return source_.asked->Area(around) < around.area();
  }

  const ObjectRequest& request_;
  const ObjectSource& source_;
  const std::vector<std::int32_t>& labels_;
  ObjectWriters& writers_;
  Pictures* pictures_;
  MadeObjects made_;
};

Result<pipeline::FindResult> Find(const ObjectRequest& request, const ObjectSource& source,
                                  const std::vector<std::int32_t>& labels, const objects::MeasurementPlan& plan,
                                  const Path& spool, const RunContext& context) {
  const pipeline::PlaneReader* const image = request.measure.intensity ? source.image : nullptr;
  if (source.numbers != nullptr) {
    TEGULA_ASSIGN_OR_RETURN(const double min_area, AreaInMapPixels("--min-area", request.min_area, source.frame));
    const pipeline::NumberedOptions options{static_cast<std::int64_t>(std::ceil(min_area)), request.drops_border};
    return pipeline::FindNumbered(context, *source.numbers, image, source.scores, options, plan, spool);
  }
  TEGULA_ASSIGN_OR_RETURN(pipeline::ObjectsOptions options,
                          ObjectsOptionsOf(request, labels, source.channels, source.frame, source.kind));
  options.asked = source.asked;
  return pipeline::FindObjects(context, {source.map, image}, options, plan, spool);
}

// Writes and shows what was found; `cells` is null where there are none.
Status TakeFound(const pipeline::FoundObjects& found, const Cells* cells, const ObjectWriters& writers,
                 double tolerance, const ObjectSource& source, ObjectsTaker& taker, const RunContext& context) {
  objects::Junctions junctions;
  if (tolerance > 0) {
    const Shape& map = source.map.shape();
    TEGULA_ASSIGN_OR_RETURN(junctions, cells != nullptr ? cells->Junctions(context)
                                                        : pipeline::JunctionsOf(context, found, map[1], map[2]));
  }
  const auto simplified = [&](const objects::Region& region) {
    return tolerance > 0 ? objects::SimplifyOutline(region.polygons, junctions, tolerance)
                         : std::vector<objects::PointPolygon>();
  };
  const auto prepare = [&](pipeline::StreamedObject& object) -> Status {
    const objects::MeasuredRegion& measured = object.object;
    const std::vector<objects::PointPolygon> outline = simplified(measured.region);
    outputs::GeoJsonFormat::Drawn drawn{.outline = tolerance > 0 ? &outline : nullptr};
    if (cells == nullptr)
      return writers.Prepare(measured.region, object.number, measured.values, drawn, object.geojson, object.csv);
    TEGULA_ASSIGN_OR_RETURN(Cells::Cell cell, cells->Of(measured, object.number));
    object.cell = std::move(cell.region);
    const std::vector<objects::PointPolygon> cell_outline = simplified(object.cell);
    drawn.cell = &object.cell;
    drawn.cell_outline = tolerance > 0 ? &cell_outline : nullptr;
    return writers.Prepare(measured.region, object.number, cell.values, drawn, object.geojson, object.csv);
  };
  const auto take = [&](const pipeline::StreamedObject& object) { return taker.Take(object); };
  return found.Stream(context, prepare, take);
}

}  // namespace

std::vector<outputs::GeoJsonClass> ClassesOf(const std::vector<std::string>& channels,
                                             std::span<const outputs::Rgb> colours) {
  std::vector<outputs::GeoJsonClass> classes;
  for (std::size_t c = 0; c < channels.size(); ++c) classes.push_back({channels[c], outputs::ColourOf(colours, c)});
  return classes;
}

Status CheckObjects(const ObjectRequest& request, const std::vector<std::int32_t>& labels,
                    const std::vector<std::string>& channels, const objects::MapFrame& frame, MapKind kind) {
  TEGULA_TRY(CheckKind(request, kind));
  TEGULA_TRY(CheckCells(request, labels.size(), kind, frame));
  TEGULA_ASSIGN_OR_RETURN(const objects::MeasureOptions measure, MeasureOptionsOf(request.measure, frame));
  TEGULA_TRY(objects::MeasurementPlan::Create(measure, {.map = channels}, frame));
  TEGULA_TRY(ObjectsOptionsOf(request, {}, channels, frame, kind));
  TEGULA_TRY(ToleranceOf(request, frame));
  return Ok();
}

Result<MadeObjects> MakeObjects(const ObjectRequest& request, const ObjectSource& source,
                                const std::vector<std::int32_t>& labels, const Path& folder, const Path& scratch,
                                Pictures* pictures, const RunContext& context) {
  TEGULA_ASSIGN_OR_RETURN(const objects::MeasureOptions measure, MeasureOptionsOf(request.measure, source.frame));
  objects::MeasuredChannels channels{.map = {}, .image = source.image_channels};
  channels.has_numbers = source.kind == MapKind::kNumbers;
  channels.has_scores = !source.scores.empty();
  channels.has_classes = source.kind == MapKind::kClasses;
  channels.labels_are_channels = source.kind == MapKind::kValues;
  if (source.kind == MapKind::kValues) channels.map = source.channels;  // numbers have no mean
  TEGULA_ASSIGN_OR_RETURN(const objects::MeasurementPlan plan,
                          objects::MeasurementPlan::Create(measure, channels, source.frame));
  std::optional<CellColumns> columns;
  if (MakesCells(request)) {
    TEGULA_ASSIGN_OR_RETURN(columns, CellColumns::Create(plan, measure, channels));
  }
  TEGULA_ASSIGN_OR_RETURN(
      ObjectWriters writers,
      ObjectWriters::Create(folder, request.files,
                            GeoJsonOptionsOf(request, source, columns ? columns->Names() : NamesOf(plan))));
  if (source.report != nullptr) source.report->Begin(plan, columns ? "Nucleus" : "", source.seed);
  ObjectsTaker taker(request, source, labels, writers, pictures);
  TEGULA_ASSIGN_OR_RETURN(const double tolerance, ToleranceOf(request, source.frame));
  TEGULA_ASSIGN_OR_RETURN(const pipeline::FindResult found,
                          Find(request, source, labels, plan, scratch / "objects", context));
  if (pictures != nullptr) pictures->LookAt(found.objects.entries());
  const Shape& map = source.map.shape();
  const LabelPlace place{FilesOf(request), source.frame, map[1], map[2], folder, scratch};
  std::optional<Cells> cells;
  if (columns) {
    TEGULA_ASSIGN_OR_RETURN(const objects::Expansion expansion, CellExpansionOf(request, source.frame));
    const pipeline::PlaneReader* const image = request.measure.intensity ? source.image : nullptr;
    TEGULA_ASSIGN_OR_RETURN(cells, Cells::Grow(found.objects, expansion, *columns, place, image, context));
  }
  TEGULA_TRY(TakeFound(found.objects, cells ? &*cells : nullptr, writers, tolerance, source, taker, context));
  TEGULA_TRY(cells ? cells->WriteLabels(place, context) : WriteLabelFiles(place, found.objects, context));
  return taker.Finish(found.summary);
}

}  // namespace tegula::app
