#include "tegula/app/view/annotations.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "tegula/app/measure_annotations.h"
#include "tegula/core/shell_word.h"
#include "tegula/objects/annotations/feature_edit.h"
#include "tegula/objects/annotations/geojson_reader.h"
#include "tegula/outputs/geojson.h"
#include "tegula/outputs/palette.h"
#include "tegula/tensor/kernels.h"

namespace tegula::app {
namespace {

constexpr const char* kName = "annotations.geojson";  // under which the commands find them
constexpr std::int64_t kReadAtOnce = 256;             // pixels along an edge: windows without a pixel are not predicted

Error TooLarge(std::string_view name, std::int64_t bytes) {
  return UnsupportedError(fmt::format(
      "{} has {} bytes; annotations of up to {} are shown and changed here: measure it with `tegula measure "
      "--annotations`, or leave out what is not needed",
      name, bytes, kMostAnnotationBytes));
}

Result<std::vector<objects::Annotation>> Parse(std::string_view geojson, std::string_view name) {
  if (const auto bytes = static_cast<std::int64_t>(geojson.size()); bytes > kMostAnnotationBytes)
    return TooLarge(name, bytes);
  std::vector<objects::Annotation> annotations;
  TEGULA_TRY(objects::ParseGeoJson(geojson, name, {}, [&](objects::Annotation annotation) {
    annotations.push_back(std::move(annotation));
    return Ok();
  }));
  return annotations;
}

// The class of an object as QuPath wants it, in the palette's colours where the file has none.
objects::FeatureEdit WithColour(const objects::Annotation& annotation, std::vector<std::string>& seen) {
  objects::FeatureEdit edit;
  if (annotation.class_name.empty()) return edit;
  auto at = std::find(seen.begin(), seen.end(), annotation.class_name);
  if (at == seen.end()) at = seen.insert(at, annotation.class_name);
  const outputs::Rgb own = outputs::PaletteColour(at - seen.begin());
  const objects::Colour colour = annotation.class_colour.value_or(objects::Colour{own.r, own.g, own.b});
  edit.classification = objects::FeatureEdit::Class{annotation.class_name, colour};
  return edit;
}

std::string MeasureCommand(const std::string& run, const ViewMeasureRequest& request) {
  std::string command = fmt::format("tegula measure {} --annotations {}", ShellWord(run), kName);
  if (!request.objects.empty()) command += " --objects " + ShellWord(request.objects.string());
  if (!request.classes.names.empty()) command += " --classes " + ShellWord(request.classes.names);
  if (request.classes.threshold) command += fmt::format(" --threshold {}", *request.classes.threshold);
  if (request.classes.overlapping) command += " --overlapping";
  return command + " -o areas";
}

// What was measured, as the files that the command writes.
class Files {
 public:
  Status Add(std::string_view feature) {
    features_.emplace_back(feature);
    return Ok();
  }
  ViewMeasurement With(MeasuredImage image, ClassReading reading, std::string command) const {
    std::string table = MeasurementTable({&image, 1});
    return {std::move(image), std::move(reading.classes), std::move(table), outputs::GeoJsonText(features_),
            std::move(command)};
  }

 private:
  std::vector<std::string> features_;
};

Status CheckSize(const objects::Annotation& annotation, const objects::PixelGrid& grid, const Box& whole) {
  for (const objects::Annotation* each : objects::AllOf(annotation)) {
    if (each->geometry.polygons.empty()) continue;
    TEGULA_ASSIGN_OR_RETURN(
        const objects::PolygonMask mask,
        objects::PolygonMask::Create(each->geometry.polygons).Context(fmt::format("feature {}", annotation.index)));
    const Box bounds = mask.Bounds(grid, whole);
    if (bounds.area() <= kMostMeasuredPixels) continue;
    const std::string& name = each->name.empty() ? each->class_name : each->name;
    return InvalidError(fmt::format(
        "annotation {}{} is {} x {} pixels of the prediction (width x height), of which at most {} are "
        "predicted to be measured at once; run the model on the slide, or on this region, and measure that",
        annotation.index, name.empty() ? "" : " (" + name + ")", bounds.width(), bounds.height(), kMostMeasuredPixels));
  }
  return Ok();
}

}  // namespace

Result<std::string> AnnotationsText(std::string_view geojson, std::string_view name) {
  TEGULA_ASSIGN_OR_RETURN(const std::vector<objects::Annotation> annotations, Parse(geojson, name));
  std::vector<std::string> features, seen;
  for (const objects::Annotation& top : annotations) {
    std::vector<objects::FeatureEdit> edits;
    for (const objects::Annotation* each : objects::AllOf(top)) edits.push_back(WithColour(*each, seen));
    TEGULA_ASSIGN_OR_RETURN(std::string text, objects::EditFeature(top, edits));
    features.push_back(std::move(text));
  }
  return outputs::GeoJsonText(features);
}

Result<std::string> AnnotationsOfFile(const Path& file) {
  const std::string name = file.filename().string();
  Result<std::string> text = ReadFile(file, kMostAnnotationBytes);
  if (!text.ok() && text.error().code == Code::kExhausted) {
    std::error_code ignored;
    return TooLarge(name, static_cast<std::int64_t>(std::filesystem::file_size(file, ignored)));
  }
  TEGULA_TRY(text);
  return AnnotationsText(*text, name);
}

Result<ViewMeasurement> MeasureRun(const Path& run, const ViewMeasureRequest& request, const RunContext& context) {
  TEGULA_ASSIGN_OR_RETURN(std::vector<objects::Annotation> annotations, Parse(request.geojson, kName));
  Files files;
  TEGULA_ASSIGN_OR_RETURN(MeasuredPrediction measured,
                          MeasurePrediction(
                              {.objects = request.objects, .classes = request.classes}, run, std::move(annotations),
                              [&](std::string_view feature) { return files.Add(feature); }, context));
  return files.With(std::move(measured.image), std::move(measured.reading), MeasureCommand(run.string(), request));
}

Result<ViewMeasurement> MeasureLive(LivePrediction& live, const ViewMeasureRequest& request,
                                    const std::function<bool()>& is_gone, const RunContext& context) {
  const pipeline::OutputInfo& output = live.output();
  if (live.is_preview())
    return InvalidError("the prediction is a preview until all of the image has been read; measure it then");
  if (output.size[GridAxis::kZ] > 1 || output.size[GridAxis::kT] > 1)
    return UnsupportedError("annotations are measured on single planes, and this model predicts stacks; run it");
  if (!request.objects.empty())
    return InvalidError("objects are counted in runs; this prediction has no folder yet: run the model on the slide");
  TEGULA_ASSIGN_OR_RETURN(const std::vector<objects::Annotation> annotations, Parse(request.geojson, kName));
  objects::PixelGrid grid;
  TEGULA_ASSIGN_OR_RETURN(grid.y, objects::PixelAxis::Create(live.pixel_y(), live.origin_y()));
  TEGULA_ASSIGN_OR_RETURN(grid.x, objects::PixelAxis::Create(live.pixel_x(), live.origin_x()));
  for (const objects::Annotation& annotation : annotations)
    TEGULA_TRY(CheckSize(annotation, grid, {{0, output.height()}, {0, output.width()}}));
  TEGULA_ASSIGN_OR_RETURN(ClassReading reading, ReadClassesOf(live.model().outputs[output.index], request.classes));
  const auto read = [&](const Box& box, const View& out_cyx) -> Status {
    TEGULA_ASSIGN_OR_RETURN(const Tensor values, live.Values(box, live.plane(), is_gone));
    ConvertCopy(values.view(), out_cyx);
    return Ok();
  };
  const std::optional<image::PixelSize> um = live.pixel_size();
  const double slide_px = live.pixel_y() * live.pixel_x();
  MeasuredPlane plane;
  plane.plane.shape_cyx = {output.channels, output.height(), output.width()};
  plane.plane.block_y = plane.plane.block_x = kReadAtOnce;
  plane.plane.read = read;
  plane.plane.grid = grid;
  plane.reading = std::move(reading);
  plane.name = live.model().name;
  plane.pixel_area = um ? slide_px * um->y_um * um->x_um : slide_px;
  plane.knows_um = um.has_value();
  Files files;
  const SerialExecutor here;  // one window is predicted at a time
  const RunContext alone{here, context.progress, context.stop, context.limits, context.offline};
  MeasuredImage image{live.image(), {}, {}};
  TEGULA_ASSIGN_OR_RETURN(image.annotations,
                          MeasureAreas(alone, plane, annotations, std::nullopt,
                                       [&](std::string_view feature) { return files.Add(feature); }));
  const std::string command =
      fmt::format("{} --region {}\n{}", live.command(), kName, MeasureCommand("prediction", request));
  return files.With(std::move(image), plane.reading, command);
}

}  // namespace tegula::app
