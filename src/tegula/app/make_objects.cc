#include "tegula/app/make_objects.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tegula/app/label_files.h"
#include "tegula/app/object_files.h"
#include "tegula/objects/simplify/simplify_outline.h"
#include "tegula/outputs/geojson.h"
#include "tegula/pipeline/instance_objects.h"
#include "tegula/pipeline/object_junctions.h"
#include "tegula/pipeline/region_worker.h"

namespace tegula::app {
namespace {

outputs::GeoJsonOptions GeoJsonOptionsOf(const ObjectRequest& request, const ObjectSource& source,
                                         const objects::MeasurementPlan& plan) {
  outputs::GeoJsonOptions options;
  options.type =
      request.object_type == "annotation" ? outputs::ObjectType::kAnnotation : outputs::ObjectType::kDetection;
  options.frame = source.frame;
  for (std::size_t i = 0; i < plan.columns(); ++i) options.measurements.push_back(plan.Name(i));
  for (std::size_t c = 0; c < source.channels.size(); ++c)
    options.classes.push_back({source.channels[c], outputs::PaletteColour(static_cast<std::int64_t>(c))});
  options.seed = source.seed;
  return options;
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
      made_.classes.push_back({.class_name = source.channels[static_cast<std::size_t>(label)], .channel = label});
  }

  Status Take(const objects::Region& region, std::string_view geojson, std::string_view csv) {
    const double slide_px = source_.frame.scale_y * source_.frame.scale_x, unit = source_.frame.pixel_area();
    const auto at = static_cast<std::size_t>(std::find(labels_.begin(), labels_.end(), region.label) - labels_.begin());
    outputs::ObjectsRecord& of_class = made_.classes[at];
    ++of_class.count;
    of_class.area_px += static_cast<double>(region.area_px) * slide_px;
    if (made_.areas_in_um2) of_class.area_um2 += static_cast<double>(region.area_px) * unit;
    made_.areas.push_back(static_cast<double>(region.area_px) * unit);
    if (pictures_ != nullptr) pictures_->AddOutlines(region);
    return writers_.Add(geojson, csv);
  }

  Result<MadeObjects> Finish(const pipeline::ObjectsSummary& summary) {
    TEGULA_TRY(writers_.Commit());
    made_.touching = request_.drops_border ? 0 : summary.at_asked_edge;
    made_.notes = NotesOf(request_, source_, summary);
    return std::move(made_);
  }

 private:
  const ObjectRequest& request_;
  const ObjectSource& source_;
  const std::vector<std::int32_t>& labels_;
  ObjectWriters& writers_;
  Pictures* pictures_;
  MadeObjects made_;
};

// What objects that have numbers already become. Borrows.
struct NumberedObjects {
  const ObjectRequest& request;
  const ObjectSource& source;
  const objects::MeasurementPlan& plan;
  const ObjectWriters& writers;
};

// With the measurements of the plan and their number.
Status TakeNumbered(const NumberedObjects& what, ObjectsTaker& taker, pipeline::ObjectsSummary& summary,
                    const RunContext& context) {
  const ObjectSource& source = what.source;
  TEGULA_ASSIGN_OR_RETURN(const double min_area, AreaInMapPixels("--min-area", what.request.min_area, source.frame));
  std::vector<double> values(what.plan.columns() + 1);
  std::string geojson, csv;
  const Box whole{{0, source.map.shape()[1]}, {0, source.map.shape()[2]}};
  const auto take = [&](const objects::Region& region) -> Status {
    TEGULA_ASSIGN_OR_RETURN(const bool is_dropped,
                            pipeline::IsDropped(region, whole, source.asked, what.request.drops_border, summary));
    if (is_dropped) return Ok();
    what.plan.Fill(region, {}, std::span(values).first(what.plan.columns()));
    values.back() = static_cast<double>(region.number);
    geojson.clear(), csv.clear();
    TEGULA_TRY(what.writers.Prepare(region, region.number, values, nullptr, geojson, csv));
    return taker.Take(region, geojson, csv);
  };
  return pipeline::TraceInstances(context, *source.numbers, static_cast<std::int64_t>(std::ceil(min_area)), take);
}

// Writes and shows what was found.
Status TakeFound(const pipeline::FoundObjects& found, const ObjectWriters& writers, double tolerance,
                 const ObjectSource& source, ObjectsTaker& taker, const RunContext& context) {
  objects::Junctions junctions;
  if (tolerance > 0) {
    const Shape& map = source.map.shape();
    TEGULA_ASSIGN_OR_RETURN(junctions, pipeline::JunctionsOf(context, found, map[1], map[2]));
  }
  const auto prepare = [&](pipeline::StreamedObject& object) {
    const objects::MeasuredRegion& measured = object.object;
    std::vector<objects::PointPolygon> outline;
    if (tolerance > 0) outline = objects::SimplifyOutline(measured.region.polygons, junctions, tolerance);
    return writers.Prepare(measured.region, object.number, measured.values, tolerance > 0 ? &outline : nullptr,
                           object.geojson, object.csv);
  };
  const auto take = [&](const pipeline::StreamedObject& object) {
    return taker.Take(object.object.region, object.geojson, object.csv);
  };
  return found.Stream(context, prepare, take);
}

}  // namespace

Status CheckObjects(const ObjectRequest& request, const std::vector<std::string>& channels,
                    const objects::MapFrame& frame, bool is_numbered) {
  if (is_numbered) TEGULA_TRY(CheckNumbered(request));
  TEGULA_ASSIGN_OR_RETURN(const objects::MeasureOptions measure, MeasureOptionsOf(request.measure, frame));
  TEGULA_TRY(objects::MeasurementPlan::Create(measure, {.map = channels}, frame));
  TEGULA_TRY(ObjectsOptionsOf(request, {}, channels, frame));
  TEGULA_TRY(ToleranceOf(request, frame));
  return Ok();
}

Result<MadeObjects> MakeObjects(const ObjectRequest& request, const ObjectSource& source,
                                const std::vector<std::int32_t>& labels, const Path& folder, const Path& scratch,
                                Pictures* pictures, const RunContext& context) {
  const bool is_numbered = source.numbers != nullptr;
  TEGULA_ASSIGN_OR_RETURN(const objects::MeasureOptions measure, MeasureOptionsOf(request.measure, source.frame));
  objects::MeasuredChannels channels;
  if (!is_numbered) channels = {.map = source.channels, .image = source.image_channels, .labels_are_channels = true};
  TEGULA_ASSIGN_OR_RETURN(const objects::MeasurementPlan plan,
                          objects::MeasurementPlan::Create(measure, channels, source.frame));
  outputs::GeoJsonOptions form = GeoJsonOptionsOf(request, source, plan);
  if (is_numbered) form.measurements.emplace_back("Label");
  TEGULA_ASSIGN_OR_RETURN(ObjectWriters writers, ObjectWriters::Create(folder, request.files, form));
  ObjectsTaker taker(request, source, labels, writers, pictures);
  if (is_numbered) {
    pipeline::ObjectsSummary summary;
    TEGULA_TRY(TakeNumbered({request, source, plan, writers}, taker, summary, context));
    return taker.Finish(summary);
  }
  TEGULA_ASSIGN_OR_RETURN(pipeline::ObjectsOptions options,
                          ObjectsOptionsOf(request, labels, source.channels, source.frame));
  TEGULA_ASSIGN_OR_RETURN(const double tolerance, ToleranceOf(request, source.frame));
  options.asked = source.asked;
  const pipeline::MeasuredPlanes planes{source.map, measure.intensity ? source.image : nullptr};
  TEGULA_ASSIGN_OR_RETURN(const pipeline::FindResult found,
                          pipeline::FindObjects(context, planes, options, plan, scratch / "objects"));
  if (pictures != nullptr) pictures->LookAt(found.objects.entries());
  TEGULA_TRY(TakeFound(found.objects, writers, tolerance, source, taker, context));
  const Shape& map = source.map.shape();
  TEGULA_TRY(WriteLabelFiles(request.files, found.objects, source.frame, map[1], map[2], folder, scratch, context));
  return taker.Finish(found.summary);
}

}  // namespace tegula::app
