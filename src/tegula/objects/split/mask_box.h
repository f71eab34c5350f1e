// objects/split/mask_box.h — the pixels of one region in a box of its own, to be worked on whole.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "tegula/core/interval.h"
#include "tegula/objects/region.h"
#include "tegula/objects/region_rows.h"

namespace tegula::objects {

/// Which sides of a box are those of the image: what lies beyond them is unknown rather than outside of the region.
struct ImageSides {
  bool top = false, bottom = false, left = false, right = false;

  static ImageSides Of(const Box& box, std::int64_t height, std::int64_t width) noexcept {
    return {box.y.begin <= 0, box.y.end >= height, box.x.begin <= 0, box.x.end >= width};
  }
};

/// 1 where the region is, row by row. A plain value.
struct MaskBox {
  Box box;
  std::vector<std::uint8_t> inside;

  explicit MaskBox(const Region& region) : box(region.bounds), inside(static_cast<std::size_t>(region.bounds.area())) {
    for (RegionRows rows(region.polygons); rows.Next();)
      for (const PixelRun run : rows.runs()) {
        const std::size_t at = At(rows.y(), run.begin);
        std::fill_n(inside.begin() + static_cast<std::ptrdiff_t>(at), run.end - run.begin, std::uint8_t{1});
      }
  }
  std::int64_t height() const noexcept { return box.height(); }
  std::int64_t width() const noexcept { return box.width(); }
  /// The place of a pixel of the map.
  std::size_t At(std::int64_t y, std::int64_t x) const noexcept {
    return static_cast<std::size_t>((y - box.y.begin) * box.width() + x - box.x.begin);
  }
};

}  // namespace tegula::objects
