#include "tegula/pipeline/object_ops.h"

#include <fmt/format.h>

#include <limits>

#include "tegula/objects/cellpose/cellpose.h"
#include "tegula/objects/stardist/stardist.h"
#include "tegula/tensor/kernels.h"

namespace tegula::pipeline {
namespace {

// Positions of a tensor's axes: (z,) y, x, the channel, and the batch (-1 if there is none).
struct Layout {
  std::vector<int> space;
  int channel = -1, batch = -1;

  static Result<Layout> Of(const spec::TensorDescription& tensor) {
    Layout layout;
    for (const char* id : {"z", "y", "x"})
      if (const int axis = tensor.AxisIndex(id); axis >= 0) layout.space.push_back(axis);
    for (int i = 0; i < static_cast<int>(tensor.axes.size()); ++i) {
      const spec::AxisType type = tensor.axes[static_cast<std::size_t>(i)].type;
      if (type == spec::AxisType::kChannel) layout.channel = i;
      if (type == spec::AxisType::kBatch) layout.batch = i;
    }
    const std::size_t known = layout.space.size() + 1 + (layout.batch >= 0 ? 1 : 0);
    if (layout.space.size() < 2 || layout.channel < 0 || known != tensor.axes.size())
      return InvalidError(
          fmt::format("objects are made of outputs with the axes channel, y and x, and perhaps batch and z; output {} "
                      "has others",
                      tensor.id));
    return layout;
  }

  std::int64_t images(const Shape& shape) const noexcept { return batch < 0 ? 1 : shape[batch]; }

  // One image of the batch with these axes, in this order.
  template <class Byte>
  BasicView<Byte> Image(BasicView<Byte> all, std::int64_t number, const std::vector<int>& axes) const {
    if (batch >= 0) all = all.Slice(batch, number, 1);
    std::vector<std::int64_t> sizes, strides;
    for (const int axis : axes) {
      sizes.push_back(all.shape()[axis]);
      strides.push_back(all.strides()[axis]);
    }
    return {all.data(), all.dtype(), Shape(std::span<const std::int64_t>(sizes)),
            Shape(std::span<const std::int64_t>(strides))};
  }
};

std::vector<int> With(std::vector<int> axes, int last) {
  axes.push_back(last);
  return axes;
}

// One op with its arguments: what it makes of one image, with axes as its method wants them.
class StarDistOp {
 public:
  static Result<StarDistOp> Create(const spec::StardistPostprocessing& op, const Layout& layout, const Limits& limits) {
    objects::StarDistOptions options;
    options.prob_threshold = op.prob_threshold;
    options.nms_threshold = op.nms_threshold;
    options.n_rays = op.n_rays;
    options.grid = op.grid;
    options.border = op.border;
    options.anisotropy = op.anisotropy;
    if (op.overlap_label) {
      if (*op.overlap_label != static_cast<std::int32_t>(*op.overlap_label))
        return InvalidError(fmt::format("the overlap label {} is no 32-bit number", *op.overlap_label));
      options.overlap_label = static_cast<std::int32_t>(*op.overlap_label);
    }
    TEGULA_ASSIGN_OR_RETURN(objects::StarDist stardist, objects::StarDist::Create(std::move(options), limits));
    if (static_cast<std::size_t>(stardist.axes()) != layout.space.size())
      return InvalidError(fmt::format("its grid has {} axes, but the output has {} axes of space", stardist.axes(),
                                      layout.space.size()));
    return StarDistOp(std::move(stardist));
  }

  DType dtype() const noexcept { return DType::kI32; }
  std::vector<int> Axes(const Layout& layout) const { return With(layout.space, layout.channel); }
  Result<Tensor> Run(const ConstView& image, const Executor& executor, const Limits& limits) const {
    return stardist_.Label(image, executor, limits);
  }

 private:
  explicit StarDistOp(objects::StarDist stardist) : stardist_(std::move(stardist)) {}
  objects::StarDist stardist_;
};

class CellposeOp {
 public:
  static Result<CellposeOp> Create(const spec::CellposeFlowDynamics& op, const Layout&, const Limits&) {
    return CellposeOp(op);
  }

  DType dtype() const noexcept { return op_.output_dtype; }
  std::vector<int> Axes(const Layout& layout) const {
    std::vector<int> axes = {layout.channel};
    axes.insert(axes.end(), layout.space.begin(), layout.space.end());
    return axes;
  }
  Result<Tensor> Run(const ConstView& image, const Executor& executor, const Limits& limits) const {
    TEGULA_TRY(objects::CheckCellpose(image.dtype(), image.shape()));
    TEGULA_ASSIGN_OR_RETURN(
        objects::CellposeObjects found,
        objects::CellposeLabels(image, {op_.cellprob_threshold, op_.flow_threshold, op_.do_3d, op_.min_size}, executor,
                                {}, limits));
    if (op_.output_dtype == DType::kU16 && found.largest > std::numeric_limits<std::uint16_t>::max())
      return InvalidError(fmt::format(
          "{} objects cannot be numbered in uint16: set output_dtype to uint32 in the description", found.largest));
    return std::move(found.labels_yx);
  }

 private:
  explicit CellposeOp(const spec::CellposeFlowDynamics& op) : op_(op) {}
  spec::CellposeFlowDynamics op_;
};

template <class Op, class Description>
Result<Tensor> RunOp(const Description& description, const spec::TensorDescription& tensor, const Tensor& raw,
                     const Executor& executor, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(const Layout layout, Layout::Of(tensor));
  TEGULA_ASSIGN_OR_RETURN(const Op op, Op::Create(description, layout, limits));
  TEGULA_ASSIGN_OR_RETURN(Tensor floats, Tensor::Allocate(DType::kF32, raw.shape(), limits));
  ConvertCopy(raw.view(), floats.view());
  const Tensor& in = floats;
  Tensor result;
  for (std::int64_t i = 0; i < layout.images(raw.shape()); ++i) {
    TEGULA_ASSIGN_OR_RETURN(const Tensor labels, op.Run(layout.Image(in.view(), i, op.Axes(layout)), executor, limits));
    if (i == 0) {
      Shape shape = raw.shape();
      shape[layout.channel] = 1;
      for (std::size_t a = 0; a < layout.space.size(); ++a)
        shape[layout.space[a]] = labels.shape()[static_cast<int>(a)];
      TEGULA_ASSIGN_OR_RETURN(result, Tensor::Allocate(op.dtype(), shape, limits));
    }
    ConvertCopy(labels.view(), layout.Image(result.view(), i, layout.space));
  }
  return result;
}

}  // namespace

Result<Tensor> RunObjectOp(const spec::OpDescription& op, const spec::TensorDescription& tensor, const Tensor& raw,
                           const Executor& executor, const Limits& limits) {
  TEGULA_ASSERT(raw.shape().rank() == static_cast<int>(tensor.axes.size()));
  const auto run = [&]() -> Result<Tensor> {
    if (const auto* stardist = std::get_if<spec::StardistPostprocessing>(&op))
      return RunOp<StarDistOp>(*stardist, tensor, raw, executor, limits);
    return RunOp<CellposeOp>(std::get<spec::CellposeFlowDynamics>(op), tensor, raw, executor, limits);
  };
  return run().Context(fmt::format("operation {}", spec::OpId(op)));
}

}  // namespace tegula::pipeline
