// objects/stardist/star_shapes.h — what differs between StarDist's polygons and its polyhedra: when one covers too much
// of another, and which pixels belong to it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "tegula/core/executor.h"
#include "tegula/core/status.h"
#include "tegula/objects/box_index.h"
#include "tegula/objects/stardist/greedy_suppression.h"
#include "tegula/objects/stardist/stardist.h"
#include "tegula/tensor/tensor.h"

namespace tegula::objects {

/// How much each axis (z, y, x) has to be stretched for all candidates of an image to be as large along all of them.
using StarStretch = std::array<float, 3>;

/// Immutable and thread-safe.
class StarShapes {
 public:
  virtual ~StarShapes() = default;

  /// Outside of it star i neither suppresses nor is suppressed, nor has a pixel.
  virtual PixelBox BoxOf(const Stars& stars, std::int32_t i) const = 0;

  /// Decides the fates (see DecideGreedily) of `order`, positions in `stars` of falling score. `stretch` is that of all
  /// candidates there are, here or not; polygons do not need it.
  virtual void Decide(const Stars& stars, std::span<const std::int32_t> order, const StarStretch& stretch,
                      const Executor& executor, std::span<Fate> fates) const = 0;

  /// Paints `order`, positions in `stars`, one after another into `labels_zyx` (int32, zeros, any strides), which
  /// begins at `origin`. Object i is painted with i + 1.
  virtual void Render(const Stars& stars, std::span<const std::int32_t> order,
                      const std::array<std::int64_t, 3>& origin, const View& labels_zyx) const = 0;

  /// The distances of star i.
  std::span<const float> DistancesOf(const Stars& stars, std::int32_t i) const noexcept {
    return std::span(stars.distances).subspan(static_cast<std::size_t>(i) * n_rays_, n_rays_);
  }
  std::size_t n_rays() const noexcept { return n_rays_; }

 protected:
  explicit StarShapes(std::int64_t n_rays) : n_rays_(static_cast<std::size_t>(n_rays)) {}
  std::size_t n_rays_;
};

/// Options that StarDist::Create has checked.
std::unique_ptr<const StarShapes> NewStarPolygons(const StarDistOptions& options);
std::unique_ptr<const StarShapes> NewStarPolyhedra(const StarDistOptions& options);

}  // namespace tegula::objects
