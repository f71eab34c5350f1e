// objects/label_map.h — objects as numbers in pixels.
//
// Methods that find objects in a whole image (flows, stars) give every pixel the number of its object. Numbers are
// looked up in tables by what follows, so they are kept small: an image never has more of them than pixels.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "tegula/core/interval.h"
#include "tegula/core/limits.h"
#include "tegula/core/status.h"
#include "tegula/tensor/tensor.h"

namespace tegula::objects {

/// One number per pixel, 0 where there is no object. One thread at a time; reading is thread-safe.
class LabelMap {
 public:
  /// Without objects. kExhausted.
  static Result<LabelMap> Empty(std::int64_t height, std::int64_t width, const Limits& limits);

  std::int64_t height() const noexcept { return labels_yx_.shape()[0]; }
  std::int64_t width() const noexcept { return labels_yx_.shape()[1]; }
  std::span<std::uint32_t> pixels() noexcept { return labels_yx_.values<std::uint32_t>(); }
  std::span<const std::uint32_t> pixels() const noexcept { return labels_yx_.values<std::uint32_t>(); }
  std::span<std::uint32_t> row(std::int64_t y) noexcept { return pixels().subspan(RowBegin(y), RowSize()); }
  std::span<const std::uint32_t> row(std::int64_t y) const noexcept { return pixels().subspan(RowBegin(y), RowSize()); }

  /// The largest number; 0 without objects. One pass.
  std::uint32_t Largest() const noexcept;
  /// Pixels of each number from 0 to the largest. Two passes.
  std::vector<std::int64_t> PixelCounts() const;
  /// The smallest box around each number from 0 to the largest; empty for numbers that no pixel has, and for 0. Two
  /// passes.
  std::vector<Box> Boxes() const;

  /// Gives every pixel the number `names[its number]`; `names` has one for each from 0 to the largest.
  void Rename(std::span<const std::uint32_t> names) noexcept;
  /// Numbers objects from 1 without gaps, in the (y, x) order of their first pixels.
  void Renumber();

  /// uint32 of (y, x).
  Tensor Take() && { return std::move(labels_yx_); }

 private:
  explicit LabelMap(Tensor labels_yx) : labels_yx_(std::move(labels_yx)) {}
  std::size_t RowBegin(std::int64_t y) const noexcept { return static_cast<std::size_t>(y * width()); }
  std::size_t RowSize() const noexcept { return static_cast<std::size_t>(width()); }

  Tensor labels_yx_;
};

}  // namespace tegula::objects
