// objects/region_filter.h — leaving out small regions and filling small holes, while regions stream by.
#pragma once

#include <cstdint>
#include <map>

#include "tegula/core/function_ref.h"
#include "tegula/core/status.h"
#include "tegula/objects/region.h"

namespace tegula::objects {

/// In the order and with the meaning that QuPath gives them.
struct FilterOptions {
  /// Regions whose outer rings enclose fewer pixels, holes counted as filled, are left out.
  std::int64_t min_area_px = 0;
  /// Holes of fewer pixels are filled. Regions of the same class within a filled hole vanish in it; those of other
  /// classes stay and then overlap it.
  std::int64_t fill_holes_below_px = 0;
};

/// Pixels that the outer rings enclose, holes counted as filled.
std::int64_t EnclosedArea(const Region& region) noexcept;

/// Takes finished regions. An error stops the work.
using RegionSink = FunctionRef<Status(Region region)>;

/// Regions go in as they are finished and come out as soon as nothing can change them: at once, or, if they could lie
/// in a hole that will be filled, when no unfinished region can be around them. One thread at a time.
class RegionFilter {
 public:
  explicit RegionFilter(FilterOptions options) : options_(options) {}
  Status Add(Region region, RegionSink sink);
  /// All regions that are yet to come begin at `corner` or after it. In (y, x) order.
  Status Release(Corner corner, RegionSink sink);
  bool empty() const noexcept { return held_.empty(); }

 private:
  void FillHoles(Region& region);

  FilterOptions options_;
  std::map<Corner, Region> held_;  ///< by their first pixels
};

}  // namespace tegula::objects
