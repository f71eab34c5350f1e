#include "tegula/image/resample.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <vector>

#include "tegula/tensor/kernels.h"

namespace tegula::image {
namespace {

constexpr std::int64_t kStripPixels = 1 << 20;
constexpr double kWholePixel = 1e-9;  // what rounding may leave of a size that is meant to be whole

// Sums of new rows that are still being filled. One row holds all channels.
class RowSums {
 public:
  RowSums(std::int64_t first, std::size_t length) : first_(first), length_(length) {}
  std::vector<double>& At(std::int64_t row) {
    while (static_cast<std::int64_t>(rows_.size()) <= row - first_) rows_.emplace_back(length_, 0.0);
    return rows_[static_cast<std::size_t>(row - first_)];
  }
  void DropFirst() {
    rows_.pop_front();
    ++first_;
  }

 private:
  std::int64_t first_;
  std::size_t length_;
  std::deque<std::vector<double>> rows_;
};

// One old row of all channels on the new columns.
void ResampleRow(const ConstView& row_c1x, std::int64_t first_column, const std::vector<Taps>& columns,
                 std::vector<double>& out) {
  const double* const in = row_c1x.as<double>();
  std::size_t o = 0;
  for (std::int64_t c = 0; c < row_c1x.shape()[0]; ++c) {
    for (const Taps& taps : columns) {
      const double* const from = in + c * row_c1x.strides()[0] + (taps.first - first_column);
      double sum = taps.first_weight * from[0];
      for (std::int64_t i = 1; i < taps.count - 1; ++i) sum += taps.inner_weight * from[i];
      if (taps.count > 1) sum += taps.last_weight * from[taps.count - 1];
      out[o++] = sum;
    }
  }
}

void Store(std::vector<double>& sums, const View& out_c1x) {
  if (!IsFloat(out_c1x.dtype()))
    for (double& value : sums) value = std::nearbyint(value);
  ConvertCopy(ConstView(reinterpret_cast<const std::byte*>(sums.data()), DType::kF64, out_c1x.shape()), out_c1x);
}

}  // namespace

AxisGrid AxisGrid::WithStep(std::int64_t in_size, double step) {
  const auto whole = static_cast<std::int64_t>(std::floor(static_cast<double>(in_size) / step + kWholePixel));
  return {in_size, std::max<std::int64_t>(1, whole), step};
}

AxisGrid AxisGrid::WithSize(std::int64_t in_size, std::int64_t out_size) {
  return {in_size, out_size, static_cast<double>(in_size) / static_cast<double>(out_size)};
}

Taps AxisGrid::At(std::int64_t i) const noexcept {
  const auto limit = static_cast<double>(in_size);
  if (step < 1) {
    const double centre = std::clamp((static_cast<double>(i) + 0.5) * step - 0.5, 0.0, limit - 1);
    const double below = std::floor(centre);
    const double part = centre - below;
    if (part == 0) return {.first = static_cast<std::int64_t>(below)};
    return {.first = static_cast<std::int64_t>(below), .count = 2, .first_weight = 1 - part, .last_weight = part};
  }
  const double begin = std::min(static_cast<double>(i) * step, limit - 1);
  const double end = std::min(static_cast<double>(i + 1) * step, limit);
  const double first = std::floor(begin), after = std::ceil(end);
  Taps taps{.first = static_cast<std::int64_t>(first), .count = static_cast<std::int64_t>(after - first)};
  if (taps.count == 1) return taps;
  taps.inner_weight = 1 / (end - begin);
  taps.first_weight = (first + 1 - begin) * taps.inner_weight;
  taps.last_weight = (end - (after - 1)) * taps.inner_weight;
  return taps;
}

Interval AxisGrid::Needs(Interval out) const noexcept {
  const Taps last = At(out.end - 1);
  return {At(out.begin).first, last.first + last.count};
}

Status Resample(const AxisGrid& y, const AxisGrid& x, const Box& box, ReadBox read, const View& out_cyx) {
  if (box.empty()) return Ok();
  const std::int64_t channels = out_cyx.shape()[0];
  std::vector<Taps> columns;
  for (std::int64_t i = box.x.begin; i < box.x.end; ++i) columns.push_back(x.At(i));
  const Interval needed_x = x.Needs(box.x), needed_y = y.Needs(box.y);
  const std::int64_t strip_rows = std::max<std::int64_t>(1, kStripPixels / (channels * needed_x.size()));

  TEGULA_ASSIGN_OR_RETURN(Tensor old_row, Tensor::Allocate(DType::kF64, {channels, 1, needed_x.size()}));
  std::vector<double> row(columns.size() * static_cast<std::size_t>(channels));
  RowSums sums(box.y.begin, row.size());
  std::int64_t unfinished = box.y.begin;  // the first new row that still lacks old ones
  for (std::int64_t begin = needed_y.begin; begin < needed_y.end; begin += strip_rows) {
    const Interval rows{begin, std::min(begin + strip_rows, needed_y.end)};
    TEGULA_ASSIGN_OR_RETURN(Tensor raw, Tensor::Allocate(out_cyx.dtype(), {channels, rows.size(), needed_x.size()}));
    TEGULA_TRY(read({rows, needed_x}, raw.view()));
    const Tensor& filled = raw;
    for (std::int64_t r = rows.begin; r < rows.end; ++r) {
      ConvertCopy(filled.view().Slice(1, r - rows.begin, 1), old_row.view());
      ResampleRow(old_row.view(), needed_x.begin, columns, row);
      for (std::int64_t i = unfinished; i < box.y.end; ++i) {
        const Taps taps = y.At(i);
        if (taps.first > r) break;
        std::vector<double>& sum = sums.At(i);
        if (r < taps.first + taps.count)
          for (std::size_t k = 0; k < row.size(); ++k) sum[k] += taps.weight(r - taps.first) * row[k];
        if (i == unfinished && r >= taps.first + taps.count - 1) {
          Store(sum, out_cyx.Slice(1, i - box.y.begin, 1));
          sums.DropFirst();
          ++unfinished;
        }
      }
    }
  }
  return Ok();
}

}  // namespace tegula::image
