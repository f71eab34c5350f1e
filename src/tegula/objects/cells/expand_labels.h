// objects/cells/expand_labels.h — numbered objects grown by a distance: what QuPath calls the cells of nuclei.
//
// As scikit-image's expand_labels: a pixel of no object gets the number of the object whose nearest pixel is nearest,
// between pixel centres, if that is no farther than the distance; at equal distances the lowest number, where
// scikit-image leaves open which. Grown objects hold the objects they come of, never overlap, and end at the image's
// edge. A pixel's number depends on the pixels within the distance alone, so blocks and the whole give the same.
#pragma once

#include <cstdint>
#include <vector>

#include "tegula/core/interval.h"
#include "tegula/core/run_context.h"
#include "tegula/objects/pixel_blocks.h"
#include "tegula/tensor/tensor.h"

namespace tegula::objects {

/// How far objects grow. Immutable and thread-safe.
class Expansion {
 public:
  /// Pixels that a block reads beyond its own are at most so many along each axis.
  static constexpr std::int64_t kLargestReach = 512;

  /// By `distance` units, where pixels are `step_y` by `step_x` units; all positive, and the distance at most
  /// kLargestReach pixels.
  Expansion(double distance, double step_y, double step_x);

  /// How many pixels away an object can matter.
  std::int64_t reach_y() const noexcept { return static_cast<std::int64_t>(squares_y_.size()) - 2; }
  std::int64_t reach_x() const noexcept { return static_cast<std::int64_t>(squares_x_.size()) - 1; }
  /// Squared distances of so many rows (infinite for reach_y() + 1) and of up to reach_x() columns, in columns: exact
  /// for square pixels.
  double square_y(std::int32_t rows) const noexcept { return squares_y_[static_cast<std::size_t>(rows)]; }
  double square_x(std::int64_t columns) const noexcept { return squares_x_[static_cast<std::size_t>(columns)]; }
  /// The largest that still counts.
  double limit() const noexcept { return limit_; }

 private:
  std::vector<double> squares_y_, squares_x_;
  double limit_;
};

/// The numbers of the box `part` of `labels_yx`, grown. Both views: uint32, without gaps between columns; `out_yx` has
/// the size of the box. Correct where `labels_yx` goes on as far as the expansion reaches, or to the image's edge.
/// Cost: per pixel of no object, at most the columns between it and what is nearest. Memory: 8 bytes per pixel of the
/// part and its columns to either side.
void ExpandBox(const ConstView& labels_yx, const Box& part, const Expansion& expansion, const View& out_yx);

/// Grows the objects of a single plane of numbers (of any unsigned type) into `grown`, a place of the same size and of
/// a type that holds them, block by block; blocks that are there already stay. Memory: of each worker, a block and what
/// lies around it. Errors of reading and writing; kExhausted, kCancelled.
Status ExpandLabels(const RunContext& context, const PixelBlocks& labels, const Expansion& expansion,
                    const PixelBlocks& grown);

}  // namespace tegula::objects
