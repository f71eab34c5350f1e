// image/resample.h — an image on a coarser or finer pixel grid, region by region.
//
// A pixel of the new grid is a function of its place alone: the mean of the area it covers where the grid is coarser,
// linear between pixel centres where it is finer. Every box of the new grid therefore agrees with every other, whatever
// tiles it is cut into, and the arithmetic of a pixel runs in the same order each time.
#pragma once

#include <cstdint>

#include "tegula/core/function_ref.h"
#include "tegula/core/interval.h"
#include "tegula/core/limits.h"
#include "tegula/core/status.h"
#include "tegula/tensor/tensor.h"

namespace tegula::image {

/// Old pixels that make a new one: `count` from `first` on. Weights add up to 1.
struct Taps {
  std::int64_t first = 0;
  std::int64_t count = 1;
  double first_weight = 1, inner_weight = 0, last_weight = 0;  ///< with one tap only the first counts
  double weight(std::int64_t i) const noexcept {
    return i == 0 ? first_weight : i == count - 1 ? last_weight : inner_weight;
  }
};

/// How one axis of `out_size` pixels is made from one of `in_size`; new pixel i covers [i * step, (i + 1) * step) of
/// the old.
struct AxisGrid {
  std::int64_t in_size = 1;
  std::int64_t out_size = 1;
  double step = 1;

  /// As many whole new pixels of `step` old ones as fit, at least one.
  static AxisGrid WithStep(std::int64_t in_size, double step);
  /// The whole axis spread over `out_size` pixels.
  static AxisGrid WithSize(std::int64_t in_size, std::int64_t out_size);
  Taps At(std::int64_t i) const noexcept;
  /// Old pixels that a run of new ones needs.
  Interval Needs(Interval out) const noexcept;
};

/// Reads a box of the old grid: (channel, y, x).
using ReadBox = FunctionRef<Status(const Box& box, const View& out_cyx)>;

/// Fills `out_cyx` with a box of the new grid. Integers are rounded to the nearest, ties to even. Memory: strips of the
/// old grid of about 2^20 pixels, however much the box covers. Errors are those of `read`.
Status Resample(const AxisGrid& y, const AxisGrid& x, const Box& box, ReadBox read, const View& out_cyx);

}  // namespace tegula::image
