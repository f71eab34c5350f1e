#include "tegula/pipeline/class_rows.h"

#include <fmt/format.h>

#include <algorithm>

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
    TEGULA_ASSIGN_OR_RETURN(classes, Tensor::Allocate(DType::kU8, {rows_, width}, context.limits));
  }
  const std::int64_t edge = planes_.map.chunk_columns();
  const std::int64_t columns = CeilDiv(kPieceColumns, edge) * edge;
  const auto piece = [&](std::int64_t number, int) -> Status {
    const Box box{rows, Intersect(Interval{number * columns, (number + 1) * columns}, Interval{0, width})};
    return Classify(context, window, box);
  };
  return ForEach(context.executor, CeilDiv(width, columns), context.stop, piece);
}

Status ClassRows::Classify(const RunContext& context, const RowWindow& window, Box box) {
  const std::int64_t channels = planes_.map.shape()[0], height = planes_.map.shape()[1];
  if (options_.asked != nullptr && !options_.asked->Touches(box)) return ClearOutside(box);
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
  return options_.asked != nullptr ? ClearOutside(box) : Ok();
}

Status ClassRows::ClearOutside(Box box) {
  for (Tensor& classes : classes_)
    TEGULA_TRY(
        options_.asked->ClearOutside(box, classes.view().Slice(0, 0, box.height()).Slice(1, box.x.begin, box.width())));
  return Ok();
}

}  // namespace tegula::pipeline
