// app/object_density.h — how many objects there are per area, over the image.
#pragma once

#include <optional>
#include <vector>

#include "tegula/objects/map_frame.h"
#include "tegula/objects/region.h"
#include "tegula/outputs/objects_section.h"
#include "tegula/pipeline/region_of_interest.h"

namespace tegula::app {

/// Counts centroids in cells of a map. One thread at a time.
class ObjectDensity {
 public:
  /// For a map of this size.
  ObjectDensity(std::int64_t height, std::int64_t width);

  void Add(const objects::Region& region) noexcept;

  /// From a picture's pixel to the map: pixel centre (y + 0.5) * step + origin.
  struct OnMap {
    double step_y = 1, step_x = 1, origin_y = 0, origin_x = 0;
  };
  /// Over a picture that becomes grey. Of each cell only what is `asked` for counts (null: all); smoothed, the more the
  /// fewer objects there are. Nothing for too few objects to speak of a density.
  Result<std::optional<outputs::DensityPicture>> Over(const Tensor& picture_yxc, const OnMap& on_map,
                                                      const objects::MapFrame& frame,
                                                      const pipeline::RegionOfInterest* asked) const;

 private:
  // Objects per pixel of the map, of each cell.
  std::vector<double> Smoothed(const pipeline::RegionOfInterest* asked) const;
  Box CellBox(std::int64_t row, std::int64_t column) const noexcept;

  std::int64_t height_, width_, cell_, rows_, columns_;
  std::vector<std::int64_t> counts_;
  std::int64_t total_ = 0;
};

}  // namespace tegula::app
