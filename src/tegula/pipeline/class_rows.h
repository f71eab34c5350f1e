// pipeline/class_rows.h — from the rows of a map to the classes of its pixels, while they stream by.
#pragma once

#include <optional>
#include <vector>

#include "tegula/core/run_context.h"
#include "tegula/objects/classify.h"
#include "tegula/objects/gaussian.h"
#include "tegula/pipeline/objects_pass.h"
#include "tegula/pipeline/row_window.h"

namespace tegula::pipeline {

/// Smooths and classifies rows for each pass. One thread at a time.
class ClassRows {
 public:
  /// kInvalid for a smoothing that is too wide; errors of the rules.
  static Result<ClassRows> Create(const MeasuredPlanes& planes, const ObjectsOptions& options);

  /// Rows beyond a row that its classes depend on.
  std::int64_t reach() const noexcept { return y_.radius(); }
  /// How many class maps there are.
  std::size_t passes() const noexcept { return rules_.size(); }
  /// The classes of these rows, (y, x), for each pass; the window holds what they depend on. kExhausted, kCancelled.
  Status Compute(const RunContext& context, const RowWindow& window, Interval rows);
  ConstView of_pass(std::size_t pass) const noexcept { return classes_[pass].view().Slice(0, 0, rows_); }

 private:
  ClassRows(const MeasuredPlanes& planes, const ObjectsOptions& options)
      : planes_(planes), options_(options), y_(options.smooth_y), x_(options.smooth_x) {}
  Status Classify(const RunContext& context, const RowWindow& window, Box box);
  Status ClearOutside(Box box);

  const MeasuredPlanes& planes_;
  const ObjectsOptions& options_;
  objects::GaussianWeights y_, x_;
  std::vector<objects::Classifier> rules_;
  std::vector<Tensor> classes_;
  std::int64_t rows_ = 0;
};

}  // namespace tegula::pipeline
