#include "tegula/objects/stardist/star_picture.h"

#include <fmt/format.h>

#include <algorithm>

#include "tegula/objects/stardist/star_shapes.h"
#include "tegula/objects/stardist/with_z.h"

namespace tegula::objects {

StarPicture::StarPicture(const StarDist& stardist, Stars kept)
    : stardist_(stardist), kept_(std::move(kept)), index_(kept_.centres.size()) {
  for (std::int32_t i = 0; i < static_cast<std::int32_t>(kept_.size()); ++i)
    index_.Add(i, stardist_.shapes().BoxOf(kept_, i));
}

Status StarPicture::Render(const std::vector<std::int64_t>& origin, const View& labels_yx) const {
  const int axes = stardist_.axes();
  const Shape& shape = labels_yx.shape();
  if (labels_yx.dtype() != DType::kI32 || shape.rank() != axes || origin.size() != static_cast<std::size_t>(axes))
    return InvalidError(fmt::format("StarDist paints int32 labels of {} axes, not {} of {}", axes,
                                    DTypeName(labels_yx.dtype()), ToString(shape)));
  PixelBox part;
  for (int axis = 0; axis < axes; ++axis) {
    const std::int64_t begin = origin[static_cast<std::size_t>(axis)];
    if (begin < 0 || begin > StarDist::kLargestCoordinate || shape[axis] > StarDist::kLargestCoordinate - begin)
      return InvalidError(fmt::format("labels of {} from pixel {} on do not lie within {} pixels", ToString(shape),
                                      begin, StarDist::kLargestCoordinate));
    const auto to = static_cast<std::size_t>(axis + 3 - axes);
    part.first[to] = static_cast<std::int32_t>(begin);
    part.last[to] = static_cast<std::int32_t>(begin + shape[axis] - 1);
  }
  const View labels = WithZ(labels_yx, axes);
  for (std::int64_t z = 0; z < labels.shape()[0]; ++z)
    for (std::int64_t y = 0; y < labels.shape()[1]; ++y) {
      std::int32_t* const row = labels.as<std::int32_t>() + z * labels.strides()[0] + y * labels.strides()[1];
      for (std::int64_t x = 0; x < labels.shape()[2]; ++x) row[x * labels.strides()[2]] = 0;
    }
  if (labels.elements() == 0) return Ok();
  std::vector<std::int32_t> order;
  index_.ForEachMeeting(part, [&](std::int32_t i) { order.push_back(i); });
  // The first polyhedron to paint a voxel keeps it; polygons paint over each other, so the best comes last.
  std::sort(order.begin(), order.end());
  if (axes == 2) std::reverse(order.begin(), order.end());
  stardist_.shapes().Render(kept_, order, {part.first[0], part.first[1], part.first[2]}, labels);
  return Ok();
}

}  // namespace tegula::objects
