#include "tegula/app/run_stores.h"

#include "tegula/core/assert.h"

#include <algorithm>
#include <optional>

namespace tegula::app {

pipeline::OutputInfo NamedBy(const std::vector<ClassReading::Class>& classes, pipeline::OutputInfo output) {
  TEGULA_ASSERT(classes.empty() || classes.size() == output.channel_names.size());
  for (std::size_t c = 0; c < classes.size(); ++c) {
    output.channel_names[c] = classes[c].name;
    output.channel_colours.push_back(classes[c].colour);
  }
  return output;
}

outputs::StoreOptions StoreOptionsOf(const spec::TensorDescription& description, const pipeline::OutputInfo& output,
                                     const Feeds& feeds) {
  const std::optional<image::PixelSize>& pixel = feeds.leading().bound.info().pixel_size;
  const PerAxis<double> um = {{0, 0, pixel ? pixel->y_um : 0, pixel ? pixel->x_um : 0}};
  outputs::StoreOptions options;
  options.name = output.id;
  options.dtype = output.dtype;
  const auto add = [&](GridAxis axis) {
    const bool is_frame = feeds.frames()[axis] > 1;
    const std::int64_t size = is_frame ? feeds.frames()[axis] : output.size[axis];
    if (size == 1 && axis != GridAxis::kY && axis != GridAxis::kX) return;
    const double step = um[axis] / output.scale[axis];
    const double first = output.origin[axis] + 0.5 / output.scale[axis] - 0.5;
    options.axes.push_back(
        {GridAxisName(axis), size, is_frame ? 1 : output.chunk[axis], step, first * (um[axis] > 0 ? um[axis] : 1.0)});
  };
  add(GridAxis::kT);
  options.axes.push_back({'c', output.channels, 1, 0, 0});
  for (const GridAxis axis : {GridAxis::kZ, GridAxis::kY, GridAxis::kX}) add(axis);
  const spec::DataDescription& data = description.data;
  const double low = data.min.value_or(0), high = std::max(low + 1e-6, data.max.value_or(1));
  for (std::int64_t c = 0; c < output.channels; ++c)
    options.channels.push_back({output.channel_names[static_cast<std::size_t>(c)],
                                outputs::ColourOf(output.channel_colours, static_cast<std::size_t>(c)), low, high, low,
                                high});
  return options;
}

}  // namespace tegula::app
