// objects/annotations/pixel_grid.h — where the pixels of a level or a result lie on the slide.
//
// One axis at a time: pixel i has its centre at origin + (i + 0.5) * downsample, in pixels of the full resolution. All
// that a shape covers is decided by these centres, always through the two functions here, so that neighbours agree.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "tegula/core/interval.h"
#include "tegula/core/status.h"

namespace tegula::objects {

/// The pixels along one axis. Immutable and thread-safe.
class PixelAxis {
 public:
  /// The full resolution.
  PixelAxis() = default;
  /// kInvalid unless the downsample is from 0.001 to 1,000,000 and the origin within 2^31 of zero: centres that close
  /// or that far could not be told apart.
  static Result<PixelAxis> Create(double downsample, double origin = 0);

  double Centre(std::int64_t i) const noexcept { return origin_ + (static_cast<double>(i) + 0.5) * downsample_; }
  /// The first pixel of `within` whose centre lies at `position` or after it; the end if there is none. Exact, and
  /// never smaller for a larger position. `within` stays within 2^40 of zero.
  std::int64_t FirstFrom(double position, Interval within) const noexcept;

 private:
  double downsample_ = 1;
  double origin_ = 0;
};

struct PixelGrid {
  PixelAxis y = {};
  PixelAxis x = {};
};

inline std::int64_t PixelAxis::FirstFrom(double position, Interval within) const noexcept {
  const double guess = std::ceil((position - origin_) / downsample_ - 0.5);
  // The guess may be off by one where the division was rounded.
  auto i =
      static_cast<std::int64_t>(std::clamp(guess, static_cast<double>(within.begin), static_cast<double>(within.end)));
  while (i > within.begin && Centre(i - 1) >= position) --i;
  while (i < within.end && Centre(i) < position) ++i;
  return i;
}

}  // namespace tegula::objects
