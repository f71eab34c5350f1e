#include "tegula/app/run_objects.h"

#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <optional>
#include <vector>

#include "tegula/app/run_description.h"
#include "tegula/app/run_key.h"
#include "tegula/pipeline/instance_pass.h"
#include "tegula/pipeline/layout.h"
#include "tegula/spec/object_output.h"

namespace tegula::app {
namespace {

// All channels of the leading image, with pixels as large as the output's.
Result<image::BoundImage> BindAllChannels(const PredictJob& job, const Feeds& feeds,
                                          const pipeline::OutputInfo& output) {
  image::BindingRequest request = job.request.binding;
  request.channels.clear();
  const bool is_same_grid = output.scale[GridAxis::kY] == 1 && output.scale[GridAxis::kX] == 1;
  const image::BoundInfo& bound = feeds.leading().bound.info();
  if (!is_same_grid) {
    request.level.reset(), request.pixel_size_um.reset();
    request.downsample = bound.downsample_y / output.scale[GridAxis::kY];
  } else if (!bound.resampled) {
    request.pixel_size_um.reset(), request.downsample.reset();
    request.level = bound.level;
  } else {
    request.level.reset(), request.pixel_size_um.reset();
    request.downsample = bound.downsample_y;
  }
  return image::Bind(*feeds.leading().source, request, {.channels = 0});
}

}  // namespace

std::uint64_t SeedOfIds(const outputs::RunRecord& record) {
  return SeedOf(
      Sha256OfBytes(fmt::format("{}\n{}\n{}\n{}", record.model.description_sha256, record.model.weights_sha256,
                                record.image.path, record.binding.empty() ? "" : record.binding.front())));
}

objects::MapFrame FrameOf(const Feeds& feeds, const pipeline::OutputInfo& output) {
  const image::BoundInfo& info = feeds.leading().bound.info();
  objects::MapFrame frame{.origin_y = output.origin[GridAxis::kY] * info.downsample_y,
                          .origin_x = output.origin[GridAxis::kX] * info.downsample_x,
                          .scale_y = info.downsample_y / output.scale[GridAxis::kY],
                          .scale_x = info.downsample_x / output.scale[GridAxis::kX]};
  if (const std::optional<image::PixelSize>& pixel = feeds.leading().source->info().pixel_size)
    frame.pixel_size = {.y_um = pixel->y_um, .x_um = pixel->x_um};
  return frame;
}

Path InstancesScratch(const Path& scratch, std::size_t output, std::int64_t frame) {
  return scratch / fmt::format("objects-{}-{}", output, frame);
}

Status CheckObjectsOf(const PredictJob& job, const Feeds& feeds) {
  const spec::TensorDescription& output = job.package.description().outputs[job.outputs.front()];
  if (job.labels.empty()) return Ok();
  TEGULA_ASSIGN_OR_RETURN(const pipeline::TensorLayout layout, pipeline::TensorLayout::Of(output));
  std::vector<std::string> channels = pipeline::ChannelNamesOf(output, layout.channels());
  for (std::size_t c = 0; c < job.classes.size(); ++c) channels[c] = job.classes[c].name;
  return CheckObjects(job.request.objects, job.labels, channels, FrameOf(feeds, {}),
                      spec::FindObjectOps(output) ? MapKind::kNumbers : MapKind::kValues);
}

Result<MadeObjects> MakeObjectsOf(const PredictJob& job, const std::string& image, const Feeds& feeds,
                                  const pipeline::OutputInfo& output, const outputs::ChunkStore& store,
                                  const pipeline::RegionOfInterest* asked, const Path& folder, const Path& scratch,
                                  Pictures& pictures, ObjectReport& report, const RunContext& context) {
  const std::unique_ptr<pipeline::PlaneReader> map = pipeline::PlaneOfStore(store);
  ObjectSource source{.map = *map,
                      .channels = output.channel_names,
                      .colours = output.channel_colours,
                      .frame = FrameOf(feeds, output)};
  outputs::RunRecord record;
  DescribeModel(job, record);
  DescribeImage(image, feeds, record);
  source.seed = SeedOfIds(record);
  source.asked = asked;
  source.report = &report;
  std::vector<float> scores;
  if (output.is_instances) {
    TEGULA_ASSIGN_OR_RETURN(scores, pipeline::ReadScores(InstancesScratch(scratch, 0, 0)));
    source.kind = MapKind::kNumbers;
    source.numbers = &store;
    source.scores = scores;
  }
  std::unique_ptr<pipeline::PlaneReader> pixels;
  if (job.request.objects.measure.intensity) {
    TEGULA_ASSIGN_OR_RETURN(const image::BoundImage all, BindAllChannels(job, feeds, output));
    const auto first = [&](GridAxis axis) { return std::llround(output.origin[axis] * output.scale[axis]); };
    pixels = pipeline::PlaneOfImage(all, first(GridAxis::kY), first(GridAxis::kX), output.height(), output.width());
    source.image = pixels.get();
    for (const image::Channel& channel : all.info().channel_list) source.image_channels.push_back(channel.name);
  }
  return MakeObjects(job.request.objects, source, job.labels, folder, scratch, &pictures, context);
}

}  // namespace tegula::app
