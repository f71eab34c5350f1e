// pipeline/row_window.h — the rows of a plane that are at hand while it streams by from top to bottom.
#pragma once

#include <cstdint>
#include <span>

#include "tegula/core/interval.h"
#include "tegula/core/status.h"
#include "tegula/tensor/tensor.h"

namespace tegula::pipeline {

/// The last bands of rows, as float32. Reading from several threads is safe while no band is begun.
class RowWindow {
 public:
  /// Holds the last `bands` bands of `band_rows` rows. kExhausted.
  static Result<RowWindow> Create(std::int64_t channels, std::int64_t width, std::int64_t band_rows, std::int64_t bands,
                                  const Limits& limits) {
    TEGULA_ASSIGN_OR_RETURN(Tensor pixels, Tensor::Allocate(DType::kF32, {bands, channels, band_rows, width}, limits));
    return RowWindow(std::move(pixels));
  }

  /// Makes room for rows `y`, which follow those before and are a whole band (or the last): (channel, y, x), to be
  /// filled. The oldest band goes.
  View Begin(Interval y) noexcept {
    held_ = {std::max(y.begin - (bands() - 1) * band_rows(), std::int64_t{0}), y.end};
    const View band = pixels_.view().Slice(0, y.begin / band_rows() % bands(), 1).Slice(2, 0, y.size());
    return {band.data(),
            DType::kF32,
            {band.shape()[1], band.shape()[2], band.shape()[3]},
            {band.strides()[1], band.strides()[2], band.strides()[3]}};
  }
  /// The rows that are there.
  Interval held() const noexcept { return held_; }
  std::int64_t channels() const noexcept { return pixels_.shape()[1]; }
  std::int64_t width() const noexcept { return pixels_.shape()[3]; }
  std::int64_t band_rows() const noexcept { return pixels_.shape()[2]; }
  /// A row that is held, of all channels: (channel, 1, x).
  ConstView RowOfAll(std::int64_t y) const noexcept {
    TEGULA_ASSERT(held_.Contains(y));
    const ConstView row = pixels_.view().Slice(0, y / band_rows() % bands(), 1).Slice(2, y % band_rows(), 1);
    return {row.data(), DType::kF32, {channels(), 1, width()}, {row.strides()[1], row.strides()[2], row.strides()[3]}};
  }
  /// A row that is held.
  std::span<const float> Row(std::int64_t channel, std::int64_t y) const noexcept {
    TEGULA_ASSERT(held_.Contains(y));
    const std::int64_t band = y / band_rows() % bands();
    const std::int64_t at = ((band * channels() + channel) * band_rows() + y % band_rows()) * width();
    return pixels_.values<float>().subspan(static_cast<std::size_t>(at), static_cast<std::size_t>(width()));
  }

 private:
  explicit RowWindow(Tensor pixels) : pixels_(std::move(pixels)) {}
  std::int64_t bands() const noexcept { return pixels_.shape()[0]; }

  Tensor pixels_;
  Interval held_;
};

}  // namespace tegula::pipeline
