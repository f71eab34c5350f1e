#include "tegula/image/thumbnail.h"

#include <algorithm>
#include <cmath>

#include "tegula/image/resample.h"

namespace tegula::image {
namespace {

std::int64_t Edge(const Level& level) { return std::max(level.height, level.width); }

int CoarsestLevelOf(const ImageInfo& info, std::int64_t edge) {
  int best = 0;
  for (std::size_t i = 0; i < info.levels.size(); ++i)
    if (Edge(info.levels[i]) >= edge) best = static_cast<int>(i);
  return best;
}

std::int64_t Shrunk(std::int64_t size, double factor) {
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::llround(static_cast<double>(size) / factor)));
}

}  // namespace

Result<Thumbnail> ReadThumbnail(const Source& source, std::int64_t max_edge, std::span<const std::int64_t> channels,
                                std::int64_t z, std::int64_t t) {
  TEGULA_ASSERT(max_edge > 0);
  const ImageInfo& info = source.info();
  ReadRequest request{.level = CoarsestLevelOf(info, max_edge), .t = t, .z = z, .channels = channels};
  const Level& level = info.levels[static_cast<std::size_t>(request.level)];
  const double factor = std::max(1.0, static_cast<double>(Edge(level)) / static_cast<double>(max_edge));
  const AxisGrid y = AxisGrid::WithSize(level.height, Shrunk(level.height, factor)),
                 x = AxisGrid::WithSize(level.width, Shrunk(level.width, factor));

  Thumbnail thumbnail;
  thumbnail.downsample_y = level.downsample_y * y.step;
  thumbnail.downsample_x = level.downsample_x * x.step;
  TEGULA_ASSIGN_OR_RETURN(thumbnail.pixels_cyx,
                          Tensor::Allocate(info.dtype, {request.planes(info), y.out_size, x.out_size}));
  const auto read = [&](const Box& box, const View& out) -> Status {
    request.box = box;
    return source.Read(request, out);
  };
  TEGULA_TRY(Resample(y, x, {{0, y.out_size}, {0, x.out_size}}, read, thumbnail.pixels_cyx.view()));
  return thumbnail;
}

}  // namespace tegula::image
