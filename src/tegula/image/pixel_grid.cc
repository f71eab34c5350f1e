#include "tegula/image/pixel_grid.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tegula/core/limits.h"

namespace tegula::image {
namespace {

constexpr double kSameSize = 1e-6;  // relative: sizes that differ only by how they were written

std::int64_t Edge(const Level& level) { return std::max(level.height, level.width); }

std::int64_t Shrunk(std::int64_t size, double factor) {
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::llround(static_cast<double>(size) / factor)));
}

}  // namespace

PixelGrid PixelGrid::OfLevel(const ImageInfo& info, std::size_t level) {
  const Level& of = info.levels[level];
  PixelGrid grid;
  grid.level = static_cast<int>(level);
  grid.y = AxisGrid::WithSize(of.height, of.height);
  grid.x = AxisGrid::WithSize(of.width, of.width);
  grid.downsample = {of.downsample_y, of.downsample_x};
  return grid;
}

Result<PixelGrid> PixelGrid::WithDownsample(const ImageInfo& info, const Downsample& downsample) {
  std::size_t best = 0;
  for (std::size_t i = 0; i < info.levels.size(); ++i)
    if (info.levels[i].downsample_y <= downsample.y * (1 + kSameSize) &&
        info.levels[i].downsample_x <= downsample.x * (1 + kSameSize))
      best = i;
  PixelGrid grid = OfLevel(info, best);
  const double step_y = downsample.y / grid.downsample.y, step_x = downsample.x / grid.downsample.x;
  const double height = static_cast<double>(grid.height()) / step_y, width = static_cast<double>(grid.width()) / step_x;
  const auto most = static_cast<double>(Limits{}.axis_size);
  if (!(height <= most && width <= most))
    return UnsupportedError(fmt::format(
        "the image would have {:.4g} x {:.4g} pixels, which is more than allowed; choose larger ones", height, width));
  grid.resampled = true;
  grid.y = AxisGrid::WithStep(grid.height(), step_y);
  grid.x = AxisGrid::WithStep(grid.width(), step_x);
  grid.downsample = downsample;
  return grid;
}

PixelGrid PixelGrid::WithEdge(const ImageInfo& info, std::int64_t max_edge) {
  std::size_t best = 0;
  for (std::size_t i = 0; i < info.levels.size(); ++i)
    if (Edge(info.levels[i]) >= max_edge) best = i;
  PixelGrid grid = OfLevel(info, best);
  const double factor = std::max(1.0, static_cast<double>(Edge(info.levels[best])) / static_cast<double>(max_edge));
  if (factor == 1) return grid;
  grid.resampled = true;
  grid.y = AxisGrid::WithSize(grid.height(), Shrunk(grid.height(), factor));
  grid.x = AxisGrid::WithSize(grid.width(), Shrunk(grid.width(), factor));
  grid.downsample = {grid.downsample.y * grid.y.step, grid.downsample.x * grid.x.step};
  return grid;
}

Status PixelGrid::Read(const Source& source, ReadRequest request, const Box& box, const View& out_cyx) const {
  request.level = level;
  if (resampled) {
    const auto scaled = [](std::int64_t pixels, double step) {
      return static_cast<std::int64_t>(std::ceil(static_cast<double>(pixels) * step));
    };
    request.overlap = {scaled(request.overlap.y, y.step), scaled(request.overlap.x, x.step)};
  }
  const auto read = [&](const Box& part, const View& out) -> Status {
    request.box = part;
    return source.Read(request, out);
  };
  return resampled ? Resample(y, x, box, read, out_cyx) : read(box, out_cyx);
}

}  // namespace tegula::image
