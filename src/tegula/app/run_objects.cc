#include "tegula/app/run_objects.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "tegula/app/run_key.h"
#include "tegula/outputs/geojson.h"
#include "tegula/pipeline/instance_objects.h"
#include "tegula/pipeline/objects_pass.h"

namespace tegula::app {
namespace {

// The same model, image and channels give the same object ids.
std::uint64_t SeedOfIds(const PredictJob& job, const std::string& image) {
  return SeedOf(
      Sha256OfBytes(fmt::format("{}\n{}\n{}\n{}", job.package.description_sha256(), job.proven.check.weights_sha256,
                                image, fmt::join(job.request.binding.channels, ","))));
}

outputs::GeoJsonOptions GeoJsonOptionsOf(const PredictJob& job, const std::string& image, const Feeds& feeds,
                                         const pipeline::OutputInfo& output) {
  const image::BoundInfo& info = feeds.leading().bound.info();
  outputs::GeoJsonOptions options;
  options.type = job.request.objects.object_type == "annotation" ? outputs::ObjectType::kAnnotation
                                                                 : outputs::ObjectType::kDetection;
  const PerAxis<pipeline::SlideAxis> place = pipeline::PlaceOnSlide(info, output.scale, output.origin);
  options.scale_y = place[GridAxis::kY].step, options.origin_y = place[GridAxis::kY].origin;
  options.scale_x = place[GridAxis::kX].step, options.origin_x = place[GridAxis::kX].origin;
  if (const std::optional<image::PixelSize>& pixel = feeds.leading().source->info().pixel_size)
    options.pixel_size = {.y_um = pixel->y_um, .x_um = pixel->x_um};
  if (!output.is_instances) options.value_channels = output.channel_names;
  for (std::int64_t c = 0; c < output.channels; ++c)
    options.classes.push_back({output.channel_names[static_cast<std::size_t>(c)], outputs::PaletteColour(c)});
  options.seed = SeedOfIds(job, image);
  return options;
}

}  // namespace

std::vector<ObjectPass> PassesOf(const PredictJob& job, const pipeline::OutputInfo& output) {
  if (output.is_instances) return {};
  const std::optional<double>& threshold = job.request.objects.threshold;
  if (output.channels > 1 && !threshold) return {{objects::Argmax{}, job.labels}};
  std::vector<ObjectPass> passes;
  for (const std::int32_t label : job.labels)
    passes.push_back({objects::Threshold{label, threshold.value_or(0.5)}, {}, label});
  return passes;
}

Result<MadeObjects> MakeObjects(const PredictJob& job, const std::string& image, const Feeds& feeds,
                                const pipeline::OutputInfo& output, const outputs::ChunkStore& store,
                                const pipeline::RegionOfInterest* asked, const Path& file, Pictures& pictures,
                                const RunContext& context) {
  const outputs::GeoJsonOptions options = GeoJsonOptionsOf(job, image, feeds, output);
  TEGULA_ASSIGN_OR_RETURN(outputs::GeoJsonWriter writer, outputs::GeoJsonWriter::Create(file, options));
  const double slide_px = options.scale_y * options.scale_x;
  const double unit = options.pixel_size ? slide_px * options.pixel_size->y_um * options.pixel_size->x_um : slide_px;
  const auto min_area = static_cast<std::int64_t>(std::ceil(job.request.objects.min_area_um2 / unit));
  MadeObjects made;
  made.areas_in_um2 = options.pixel_size.has_value();
  for (const std::int32_t label : job.labels)
    made.classes.push_back({.class_name = output.channel_names[static_cast<std::size_t>(label)], .channel = label});
  const auto take = [&](const objects::Region& region) -> Status {
    const auto at =
        static_cast<std::size_t>(std::find(job.labels.begin(), job.labels.end(), region.label) - job.labels.begin());
    outputs::ObjectsRecord& of_class = made.classes[at];
    ++of_class.count;
    of_class.area_px += static_cast<double>(region.area_px) * slide_px;
    if (made.areas_in_um2) of_class.area_um2 += static_cast<double>(region.area_px) * unit;
    made.areas.push_back(static_cast<double>(region.area_px) * unit);
    pictures.AddOutlines(region);
    return writer.Add(region);
  };
  if (output.is_instances) TEGULA_TRY(pipeline::TraceInstances(context, store, min_area, take));
  for (const ObjectPass& pass : PassesOf(job, output)) {
    const auto relabelled = [&](objects::Region region) {
      region.label = pass.relabel.value_or(region.label);
      return take(region);
    };
    TEGULA_ASSIGN_OR_RETURN(
        const std::int64_t touching,
        pipeline::TraceObjects(context, store, {pass.rule, pass.labels, {.min_area_px = min_area}, asked}, relabelled));
    made.touching += touching;
  }
  TEGULA_TRY(writer.Commit());
  return made;
}

}  // namespace tegula::app
