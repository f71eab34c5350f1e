#include "tegula/app/run_objects.h"

#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <optional>

#include "tegula/app/run_key.h"
namespace tegula::app {
namespace {

// The same model, image and channels give the same object ids.
std::uint64_t SeedOfIds(const PredictJob& job, const std::string& image) {
  return SeedOf(
      Sha256OfBytes(fmt::format("{}\n{}\n{}\n{}", job.package.description_sha256(), job.proven.check.weights_sha256,
                                image, fmt::join(job.request.binding.channels, ","))));
}

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

Status CheckObjectsOf(const PredictJob& job, const Feeds& feeds) {
  return job.labels.empty() ? Ok() : CheckObjects(job.request.objects, FrameOf(feeds, {}));
}

Result<MadeObjects> MakeObjectsOf(const PredictJob& job, const std::string& image, const Feeds& feeds,
                                  const pipeline::OutputInfo& output, const outputs::ChunkStore& store,
                                  const pipeline::RegionOfInterest* asked, const Path& folder, const Path& scratch,
                                  Pictures& pictures, const RunContext& context) {
  const std::unique_ptr<pipeline::PlaneReader> map = pipeline::PlaneOfStore(store);
  ObjectSource source{.map = *map,
                      .channels = output.channel_names,
                      .colours = output.channel_colours,
                      .frame = FrameOf(feeds, output)};
  source.seed = SeedOfIds(job, image);
  source.asked = asked;
  if (output.is_instances) source.numbers = &store;
  std::unique_ptr<pipeline::PlaneReader> pixels;
  if (job.request.objects.measure.intensity) {
    TEGULA_ASSIGN_OR_RETURN(const image::BoundImage all, BindAllChannels(job, feeds, output));
    const auto first = [&](GridAxis axis) { return std::llround(output.origin[axis] * output.scale[axis]); };
    pixels = pipeline::PlaneOfImage(all, first(GridAxis::kY), first(GridAxis::kX), output.height(), output.width());
    source.image = pixels.get();
    for (const image::Channel& channel : all.info().channel_list) source.image_channels.push_back(channel.name);
  }
  return MakeObjects(job.request.objects, source, job.labels, folder, scratch, pictures, context);
}

}  // namespace tegula::app
