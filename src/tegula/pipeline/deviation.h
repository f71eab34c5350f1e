// pipeline/deviation.h — by how much an output in tiles differs from what other windows give for the same pixels, and
// how that depends on the distance from the seams.
//
// Pure comparisons of pixels in memory. If the context of tiles is too small, differences are largest beside the seams
// and end where pixels had seen enough; that distance is the context that would have been enough.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tegula/core/function_ref.h"
#include "tegula/core/interval.h"
#include "tegula/pipeline/differences.h"
#include "tegula/tensor/tensor.h"
#include "tegula/tiling/seams.h"

namespace tegula::pipeline {

/// Per axis one entry per output pixel: how far the nearest seam is, and how much of its surroundings the pixel saw, in
/// pixels of the leading input. Of a position in the output the least along all axes counts.
struct SeamDistances {
  PerAxis<std::vector<std::int64_t>> to_seam, seen;
};

/// A pixel of an output.
struct OutputPlace {
  std::int64_t channel = 0;
  PerAxis<std::int64_t> at = {};
  friend bool operator==(const OutputPlace&, const OutputPlace&) = default;
};

/// What was found. A value type; parts of an output are added up in any order of disjoint parts, but for the last bits
/// of `sum`.
struct Deviation {
  std::int64_t pixels = 0;    ///< positions along t, z, y and x that were compared
  std::int64_t values = 0;    ///< of all their channels
  std::int64_t beyond = 0;    ///< pixels of which a value differs by more than the limit
  std::int64_t at_steps = 0;  ///< other pixels that differ by more, but only because a value lies at a step
  double largest = 0;         ///< difference of two values; infinite where one is NaN
  double sum = 0;             ///< of all differences
  OutputPlace place;          ///< of the largest; of equal ones the first in memory order
  std::int64_t to_seam = tiling::kNowhere;  ///< from there
  ByDistance by_seam;                       ///< by the distance from the nearest seam
  ByDistance by_seen;                       ///< by how much of its surroundings the pixel saw

  double mean() const noexcept { return values > 0 ? sum / static_cast<double>(values) : 0; }
  void Add(const Deviation& other);
};

/// The largest difference in each cell of a coarse plane of y and x, over all channels, t and z. One thread at a time.
class DeviationMap {
 public:
  /// Of an output of this size; no edge of the map is longer than `edge` cells. Errors of Tensor::Allocate.
  static Result<DeviationMap> Of(std::int64_t height, std::int64_t width, std::int64_t edge);
  /// `worst` are the differences of the pixels from (y, x) on along x; NaN where nothing was compared.
  void Add(std::int64_t y, std::int64_t x, std::span<const double> worst) noexcept;
  void Add(const DeviationMap& other) noexcept;
  /// (y, x) float32; NaN where nothing was compared.
  const Tensor& cells_yx() const noexcept { return cells_; }
  /// Output pixels along the edge of a cell.
  std::int64_t cell() const noexcept { return cell_; }

 private:
  DeviationMap() = default;
  Tensor cells_;
  std::int64_t cell_ = 1;
};

/// What a block would be a little beside a step: views of its shape that stay valid. Asked for at most once per block,
/// where something differs.
using AlternativesSource = FunctionRef<Result<std::vector<ConstView>>()>;

/// Compares a block, (t, channel, z, y, x) of any element types, that lies at `where` of the output. A value that
/// differs by more than `limit` is excused, and counts as equal, if one of the alternatives does not. Fills `map` if
/// there is one. With `asked_yx`, a byte per pixel of a plane of the block, only pixels are compared whose byte is not
/// 0. Errors of `alternatives`.
Result<Deviation> DeviationOf(const ConstView& stored, const ConstView& again, const Block& where,
                              const SeamDistances& distances, double limit, AlternativesSource alternatives,
                              DeviationMap* map = nullptr, std::span<const std::uint8_t> asked_yx = {});

}  // namespace tegula::pipeline
