// objects/gaussian.h — smoothing of values while rows stream by.
//
// A Gaussian as scipy.ndimage.gaussian_filter(mode='nearest', truncate=4) and skimage.filters.gaussian have it: rows
// are weighted first, then columns; the image's border is continued. Values that are not numbers are left out of the
// sums (the weights of the others are scaled up) and stay what they are. A pixel's result depends on the pixels around
// it alone, not on the piece it is computed in.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "tegula/core/interval.h"
#include "tegula/tensor/tensor.h"

namespace tegula::objects {

/// The weights of one axis. Immutable and thread-safe.
class GaussianWeights {
 public:
  /// `sigma` in pixels, from 0 (nothing is smoothed) to kLargestSigma.
  explicit GaussianWeights(double sigma);
  /// How far away a pixel can matter.
  std::int64_t radius() const noexcept { return static_cast<std::int64_t>(weights_.size()) - 1; }
  /// Of a pixel `distance` <= radius() away, to either side.
  double operator[](std::int64_t distance) const noexcept { return weights_[static_cast<std::size_t>(distance)]; }

 private:
  std::vector<double> weights_;
};
inline constexpr double kLargestSigma = 250;

/// A whole row of values by its number; numbers lie inside the map.
using RowOfValues = std::function<std::span<const float>(std::int64_t y)>;

/// Smooths rows and columns `box` of a map of `height` rows (as wide as its rows) into `out_yx`, float32 and of the
/// size of the box, without gaps between columns. Reads rows up to the radius around the box.
void SmoothBox(const RowOfValues& rows, std::int64_t height, const Box& box, const GaussianWeights& y,
               const GaussianWeights& x, const View& out_yx);

}  // namespace tegula::objects
