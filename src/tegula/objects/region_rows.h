// objects/region_rows.h — from an outline back to its pixels, row by row.
//
// Outlines run along pixel edges, so that they say exactly which pixels an object has. Everything that is measured of
// an object, and everything that paints it, reads its rows here: memory follows the outline, not the area.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tegula/objects/region.h"

namespace tegula::objects {

/// Pixels [begin, end) of a row.
struct PixelRun {
  std::int32_t begin = 0;
  std::int32_t end = 0;
  friend constexpr bool operator==(PixelRun, PixelRun) = default;
};

/// The rows of a region from top to bottom. At every corner exactly one vertical edge begins or ends, so the edges that
/// cross a row are those of the row above, changed at the corners between the two. Cost: sorting the corners, and the
/// runs. One thread at a time.
class RegionRows {
 public:
  explicit RegionRows(const std::vector<Polygon>& polygons);

  /// Goes to the next row that has pixels; false after the last.
  bool Next();
  std::int32_t y() const noexcept { return y_; }
  /// From left to right; no two touch.
  std::span<const PixelRun> runs() const noexcept { return runs_; }

 private:
  void Cross();

  std::vector<Corner> corners_;  // sorted
  std::size_t at_ = 0;           // the first that lies below the row
  std::int32_t y_ = -1;
  std::vector<PixelRun> runs_;
  std::vector<std::int32_t> edges_, before_;
};

}  // namespace tegula::objects
