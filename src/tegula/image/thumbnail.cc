#include "tegula/image/thumbnail.h"

#include "tegula/image/pixel_grid.h"

namespace tegula::image {

Result<Thumbnail> ReadThumbnail(const Source& source, std::int64_t max_edge, std::span<const std::int64_t> channels,
                                std::int64_t z, std::int64_t t) {
  TEGULA_ASSERT(max_edge > 0);
  const PixelGrid grid = PixelGrid::WithEdge(source.info(), max_edge);
  const ReadRequest request{.t = t, .z = z, .channels = channels};
  Thumbnail thumbnail;
  thumbnail.downsample_y = grid.downsample.y;
  thumbnail.downsample_x = grid.downsample.x;
  TEGULA_ASSIGN_OR_RETURN(thumbnail.pixels_cyx, Tensor::Allocate(source.info().dtype, {request.planes(source.info()),
                                                                                       grid.height(), grid.width()}));
  TEGULA_TRY(grid.Read(source, request, {{0, grid.height()}, {0, grid.width()}}, thumbnail.pixels_cyx.view()));
  return thumbnail;
}

}  // namespace tegula::image
