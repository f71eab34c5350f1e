#include "tegula/pipeline/class_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "tegula/core/interval.h"

namespace tegula::pipeline {
namespace {

constexpr std::int64_t kPieceColumns = 2048;

}  // namespace

Result<ClassRows> ClassRows::Create(const MeasuredPlanes& planes, const ObjectsOptions& options) {
  for (const double sigma : {options.smooth_y, options.smooth_x})
    if (!(sigma >= 0 && sigma <= objects::kLargestSigma))
      return InvalidError(
          fmt::format("a map cannot be smoothed by {} pixels: use 0 to {}", sigma, objects::kLargestSigma));
  ClassRows rows(planes, options);
  if (options.kind != MapKind::kValues) return rows;
  for (const ObjectPass& pass : options.passes) {
    TEGULA_ASSIGN_OR_RETURN(objects::Classifier rule, objects::Classifier::Bind(pass.rule, planes.map.shape()[0]));
    rows.rules_.push_back(std::move(rule));
  }
  return rows;
}

Status ClassRows::Compute(const RunContext& context, const RowWindow& window, Interval rows) {
  const std::int64_t width = planes_.map.shape()[2];
  rows_ = rows.size();
  classes_.resize(passes());
  for (Tensor& classes : classes_) {
    if (classes.shape().rank() == 2 && classes.shape()[0] >= rows_) continue;
    const DType dtype = options_.kind == MapKind::kValues ? DType::kU8 : DType::kU32;
    TEGULA_ASSIGN_OR_RETURN(classes, Tensor::Allocate(dtype, {rows_, width}, context.limits));
  }
  const std::int64_t edge = planes_.map.chunk_columns();
  const std::int64_t columns = CeilDiv(kPieceColumns, edge) * edge;
  const auto piece = [&](std::int64_t number, int) -> Status {
    const Box box{rows, Intersect(Interval{number * columns, (number + 1) * columns}, Interval{0, width})};
    return options_.kind == MapKind::kValues ? Classify(context, window, box) : ReadNumbers(box);
  };
  return ForEach(context.executor, CeilDiv(width, columns), context.stop, piece);
}

Status ClassRows::Classify(const RunContext& context, const RowWindow& window, Box box) {
  const std::int64_t channels = planes_.map.shape()[0], height = planes_.map.shape()[1];
  const bool is_smooth = y_.radius() > 0 || x_.radius() > 0;
  Tensor smooth;
  if (is_smooth) {
    TEGULA_ASSIGN_OR_RETURN(smooth,
                            Tensor::Allocate(DType::kF32, {channels, box.height(), box.width()}, context.limits));
    for (std::int64_t c = 0; c < channels; ++c) {
      const View out = smooth.view().Slice(0, c, 1);
      const auto row = [&](std::int64_t y) { return window.Row(c, y); };
      objects::SmoothBox(row, height, box, y_, x_, {out.data(), DType::kF32, {box.height(), box.width()}});
    }
  }
  for (std::int64_t y = box.y.begin; y < box.y.end; ++y) {
    const ConstView values = is_smooth ? std::as_const(smooth).view().Slice(1, y - box.y.begin, 1)
                                       : window.RowOfAll(y).Slice(0, 0, channels).Slice(2, box.x.begin, box.width());
    for (std::size_t pass = 0; pass < rules_.size(); ++pass)
      rules_[pass].Classify(values,
                            classes_[pass].view().Slice(0, y - box.y.begin, 1).Slice(1, box.x.begin, box.width()));
  }
  return Ok();
}

Status ClassRows::ReadNumbers(Box box) {
  const View out = classes_.front().view().Slice(0, 0, box.height()).Slice(1, box.x.begin, box.width());
  TEGULA_TRY(planes_.map.Read(
      box, {out.data(), out.dtype(), {1, box.height(), box.width()}, {0, out.strides()[0], out.strides()[1]}}));
  constexpr std::uint32_t kLargest = std::numeric_limits<std::int32_t>::max();
  for (std::int64_t y = 0; y < box.height(); ++y) {
    const std::uint32_t* const row = out.as<std::uint32_t>() + y * out.strides()[0];
    const std::uint32_t* const largest = std::max_element(row, row + box.width());
    if (*largest > kLargest)
      return InvalidError(
          fmt::format("the map has the number {} at y={} x={}: numbers of objects and classes are 0 to {}", *largest,
                      box.y.begin + y, box.x.begin + (largest - row), kLargest));
  }
  return Ok();
}

}  // namespace tegula::pipeline
