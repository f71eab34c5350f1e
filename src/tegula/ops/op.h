// ops/op.h — what it takes to be an operation. Internal to ops/.
//
// An operation is one file with two functions for its struct of spec/op_description.h: Wants says which statistics it
// needs, Bind checks everything and appends what it computes to the chain. The compiler asks for both for every op that
// the format knows (std::visit in chain.cc and statistics.cc); the row for people is in ops.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tegula/ops/chain.h"
#include "tegula/ops/stage.h"
#include "tegula/ops/statistics.h"
#include "tegula/spec/op_description.h"

namespace tegula::ops {

/// A statistic in the words of the description.
struct Wanted {
  Measure measure = Measure::kMean;
  double percentile = 0;
  std::string tensor_id;  ///< empty: the op's own tensor
  spec::StatisticAxes axes;
  bool of_dataset = false;
};

/// Statistics over all axes, or over the batch too, are those of a dataset.
bool IsDataset(const spec::StatisticAxes& axes);
Wanted Want(Measure measure, const spec::StatisticAxes& axes, double percentile = 0, std::string tensor_id = {});
/// Whether the axis `id` is reduced by statistics over `axes`.
bool IsReduced(const spec::StatisticAxes& axes, std::string_view id);

/// Appends stages to a chain. One thread at a time; lives as long as Chain::Bind.
class Binder {
 public:
  Binder(const ChainInput& input, const Statistics& statistics);

  const ChainInput& input() const noexcept { return input_; }
  /// Of the values as they are after the ops bound so far.
  DType dtype() const noexcept { return dtype_; }
  /// NumPy's dtype of these values combined with a Python float: floats stay what they are, all else becomes float64.
  DType FloatDType() const noexcept { return IsFloat(dtype_) ? dtype_ : DType::kF64; }

  /// One value for all (`axis` empty), or one per position along `axis`; a single value is broadcast.
  Result<Parameter> Along(std::string_view axis, const std::vector<double>& values) const;
  /// A statistic, laid out along the axes it keeps.
  Result<Parameter> Of(const Wanted& wanted) const;

  void Cast(DType dtype);
  /// Applies Kernel to all elements in `compute` (kF32 only if no parameter varies).
  void Map(const Kernel& kernel, DType compute, std::vector<Parameter> parameters);
  Status SoftmaxAlong(std::string_view axis);

  std::vector<Segment> Finish() &&;

 private:
  Result<int> AxisIndex(std::string_view id) const;
  Status CheckNotTiled(int axis) const;
  const ChainInput& input_;
  const Statistics& statistics_;
  DType dtype_;
  std::vector<Segment> segments_;
};

std::vector<Wanted> Wants(const spec::Binarize& op);
std::vector<Wanted> Wants(const spec::Clip& op);
std::vector<Wanted> Wants(const spec::EnsureDtype& op);
std::vector<Wanted> Wants(const spec::FixedZeroMeanUnitVariance& op);
std::vector<Wanted> Wants(const spec::ScaleLinear& op);
std::vector<Wanted> Wants(const spec::ScaleMeanVariance& op);
std::vector<Wanted> Wants(const spec::ScaleRange& op);
std::vector<Wanted> Wants(const spec::Sigmoid& op);
std::vector<Wanted> Wants(const spec::Softmax& op);
std::vector<Wanted> Wants(const spec::StardistPostprocessing& op);
std::vector<Wanted> Wants(const spec::CellposeFlowDynamics& op);
std::vector<Wanted> Wants(const spec::UnsupportedOp& op);
std::vector<Wanted> Wants(const spec::ZeroMeanUnitVariance& op);

Status Bind(const spec::Binarize& op, Binder& binder);
Status Bind(const spec::Clip& op, Binder& binder);
Status Bind(const spec::EnsureDtype& op, Binder& binder);
Status Bind(const spec::FixedZeroMeanUnitVariance& op, Binder& binder);
Status Bind(const spec::ScaleLinear& op, Binder& binder);
Status Bind(const spec::ScaleMeanVariance& op, Binder& binder);
Status Bind(const spec::ScaleRange& op, Binder& binder);
Status Bind(const spec::Sigmoid& op, Binder& binder);
Status Bind(const spec::Softmax& op, Binder& binder);
Status Bind(const spec::StardistPostprocessing& op, Binder& binder);
Status Bind(const spec::CellposeFlowDynamics& op, Binder& binder);
Status Bind(const spec::UnsupportedOp& op, Binder& binder);
Status Bind(const spec::ZeroMeanUnitVariance& op, Binder& binder);

}  // namespace tegula::ops
