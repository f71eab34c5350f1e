#include "tegula/pipeline/object_ops.h"

#include <fmt/format.h>

#include <limits>
#include <utility>

#include "tegula/objects/cellpose/cellpose.h"
#include "tegula/objects/stardist/star_labels.h"
#include "tegula/objects/stardist/stardist.h"
#include "tegula/tensor/kernels.h"

namespace tegula::pipeline {
namespace {

// Positions of a tensor's axes: z (-1 if there is none), y, x, the channel, and the batch (-1 if there is none).
struct Axes {
  PerAxis<int> space = {{-1, -1, -1, -1}};
  int channel = -1, batch = -1;

  static Result<Axes> Of(const spec::TensorDescription& tensor) {
    Axes axes;
    std::size_t known = 0;
    for (const GridAxis axis : {GridAxis::kZ, GridAxis::kY, GridAxis::kX}) {
      axes.space[axis] = tensor.AxisIndex(std::string(1, GridAxisName(axis)));
      if (axes.space[axis] >= 0) ++known;
    }
    for (int i = 0; i < static_cast<int>(tensor.axes.size()); ++i) {
      const spec::AxisType type = tensor.axes[static_cast<std::size_t>(i)].type;
      if (type == spec::AxisType::kChannel) axes.channel = i;
      if (type == spec::AxisType::kBatch) axes.batch = i;
    }
    known += (axes.channel >= 0 ? 1U : 0U) + (axes.batch >= 0 ? 1U : 0U);
    if (axes.space[GridAxis::kY] < 0 || axes.space[GridAxis::kX] < 0 || axes.channel < 0 || known != tensor.axes.size())
      return InvalidError(
          fmt::format("objects are made of outputs with the axes channel, y and x, and perhaps batch and z; output {} "
                      "has others",
                      tensor.id));
    return axes;
  }

  bool is_volume() const noexcept { return space[GridAxis::kZ] >= 0; }
  std::int64_t images(const Shape& shape) const noexcept { return batch < 0 ? 1 : shape[batch]; }

  // One image of the batch as (t, channel, z, y, x).
  template <class Byte>
  BasicView<Byte> Image(BasicView<Byte> all, std::int64_t number) const {
    if (batch >= 0) all = all.Slice(batch, number, 1);
    Shape shape{1, 1, 1, 1, 1}, strides{0, 0, 0, 0, 0};
    const auto set = [&](int to, int from) {
      if (from < 0) return;
      shape[to] = all.shape()[from];
      strides[to] = all.strides()[from];
    };
    set(1, channel);
    set(2, space[GridAxis::kZ]);
    set(3, space[GridAxis::kY]);
    set(4, space[GridAxis::kX]);
    return {all.data(), all.dtype(), shape, strides};
  }
};

// (t, channel, z, y, x) of one plane in time as ((z,) y, x, channel).
View AsStarDistWants(const View& tczyx, int axes) {
  std::vector<std::int64_t> sizes, strides;
  for (int axis = 5 - axes; axis < 6; ++axis) {
    const int from = axis == 5 ? 1 : axis;
    sizes.push_back(tczyx.shape()[from]);
    strides.push_back(tczyx.strides()[from]);
  }
  return {tczyx.data(), tczyx.dtype(), Shape(std::span<const std::int64_t>(sizes)),
          Shape(std::span<const std::int64_t>(strides))};
}

class StarDistMethod final : public ObjectMethod {
 public:
  static Result<std::shared_ptr<const ObjectMethod>> New(const spec::StardistPostprocessing& op, const Axes& axes,
                                                         const Limits& limits) {
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
    if (stardist.axes() != (axes.is_volume() ? 3 : 2))
      return InvalidError(fmt::format("its grid has {} axes, but the output has {} axes of space", stardist.axes(),
                                      axes.is_volume() ? 3 : 2));
    return std::shared_ptr<const ObjectMethod>(new StarDistMethod(std::move(stardist)));
  }

  DType dtype() const noexcept override { return DType::kI32; }
  PerAxis<std::int64_t> scale() const noexcept override {
    PerAxis<std::int64_t> scale = {{1, 1, 1, 1}};
    const std::vector<std::int64_t>& grid = stardist_.options().grid;
    std::copy(grid.begin(), grid.end(), scale.of.end() - static_cast<std::ptrdiff_t>(grid.size()));
    return scale;
  }
  bool reads_blocks_alone() const noexcept override { return true; }
  Status Thin(const View& values_tczyx) const override {
    return stardist_.Thin(AsStarDistWants(values_tczyx, stardist_.axes()));
  }
  Status Find(const objects::PixelBlocks& values, const objects::ObjectWork& work,
              objects::LabelSink& labels) const override {
    return objects::LabelStars(stardist_, values, work, labels);
  }

 private:
  explicit StarDistMethod(objects::StarDist stardist) : stardist_(std::move(stardist)) {}
  objects::StarDist stardist_;
};

// Refuses more numbers than the description's element type holds.
class NarrowLabels final : public objects::LabelSink {
 public:
  NarrowLabels(objects::LabelSink& labels, DType dtype) : LabelSink(labels.grid()), labels_(labels), dtype_(dtype) {}

  Status Expect(std::int64_t largest) override {
    if (dtype_ == DType::kU16 && largest > std::numeric_limits<std::uint16_t>::max())
      return InvalidError(fmt::format(
          "{} objects cannot be numbered in uint16: set output_dtype to uint32 in the description", largest));
    return labels_.Expect(largest);
  }
  bool Has(const Block& block) const override { return labels_.Has(block); }
  Status Write(const Block& block, const ConstView& labels_tczyx) const override {
    return labels_.Write(block, labels_tczyx);
  }

 private:
  objects::LabelSink& labels_;
  DType dtype_;
};

class CellposeMethod final : public ObjectMethod {
 public:
  static Result<std::shared_ptr<const ObjectMethod>> New(const spec::CellposeFlowDynamics& op, const Axes& axes) {
    if (axes.is_volume()) TEGULA_TRY(objects::CheckCellpose(DType::kF32, {3, 1, 1, 1}));
    return std::shared_ptr<const ObjectMethod>(new CellposeMethod(op));
  }

  DType dtype() const noexcept override { return op_.output_dtype; }
  Status Thin(const View& values_tczyx) const override {
    const Shape &shape = values_tczyx.shape(), &strides = values_tczyx.strides();
    objects::ThinCellpose({values_tczyx.data(),
                           values_tczyx.dtype(),
                           {shape[1], shape[3], shape[4]},
                           {strides[1], strides[3], strides[4]}},
                          Options());
    return Ok();
  }
  Status Find(const objects::PixelBlocks& values, const objects::ObjectWork& work,
              objects::LabelSink& labels) const override {
    NarrowLabels narrow(labels, op_.output_dtype);
    return objects::LabelCells(Options(), values, work, narrow);
  }

 private:
  explicit CellposeMethod(const spec::CellposeFlowDynamics& op) : op_(op) {}
  objects::CellposeOptions Options() const noexcept {
    return {op_.cellprob_threshold, op_.flow_threshold, op_.do_3d, op_.min_size};
  }
  spec::CellposeFlowDynamics op_;
};

Result<std::shared_ptr<const ObjectMethod>> BindMethod(const spec::OpDescription& op, const Axes& axes,
                                                       const Limits& limits) {
  if (const auto* stardist = std::get_if<spec::StardistPostprocessing>(&op))
    return StarDistMethod::New(*stardist, axes, limits);
  return CellposeMethod::New(std::get<spec::CellposeFlowDynamics>(op), axes);
}

// The image that comes of a network's output of this size.
Result<BlockGrid> FinishedGrid(const PerAxis<std::int64_t>& network, const PerAxis<std::int64_t>& scale,
                               const Limits& limits) {
  BlockGrid grid;
  for (const GridAxis axis : kGridAxes) {
    if (network[axis] > limits.axis_size / scale[axis])
      return ExhaustedError(fmt::format("{} times {} pixels along {} are more than an image can have", network[axis],
                                        scale[axis], GridAxisName(axis)));
    grid.size[axis] = network[axis] * scale[axis];
    grid.block[axis] = std::max<std::int64_t>(1, grid.size[axis]);
  }
  return grid;
}

Result<Tensor> RunOnImages(const spec::OpDescription& op, const spec::TensorDescription& tensor, const Tensor& raw,
                           const Executor& executor, const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(const Axes axes, Axes::Of(tensor));
  TEGULA_ASSIGN_OR_RETURN(const std::shared_ptr<const ObjectMethod> method, BindMethod(op, axes, limits));
  TEGULA_ASSIGN_OR_RETURN(Tensor floats, Tensor::Allocate(DType::kF32, raw.shape(), limits));
  ConvertCopy(raw.view(), floats.view());
  const Tensor& in = floats;
  PerAxis<std::int64_t> size = {{1, 1, 1, 1}};
  for (const GridAxis axis : kGridAxes)
    if (axes.space[axis] >= 0) size[axis] = raw.shape()[axes.space[axis]];
  TEGULA_ASSIGN_OR_RETURN(const BlockGrid grid, FinishedGrid(size, method->scale(), limits));
  Shape shape = raw.shape();
  shape[axes.channel] = 1;
  for (const GridAxis axis : kGridAxes)
    if (axes.space[axis] >= 0) shape[axes.space[axis]] = grid.size[axis];
  TEGULA_ASSIGN_OR_RETURN(Tensor result, Tensor::Allocate(method->dtype(), shape, limits));
  for (std::int64_t& edge : size.of) edge = std::max<std::int64_t>(1, edge);
  SilentProgress progress;
  const RunContext context{executor, progress, {}, limits};
  for (std::int64_t i = 0; i < axes.images(raw.shape()); ++i) {
    objects::MemoryScratch scratch(limits);
    objects::TensorLabels labels(grid, axes.Image(result.view(), i));
    TEGULA_TRY(method->Find(objects::TensorBlocks(axes.Image(in.view(), i), size), {context, scratch}, labels));
  }
  return result;
}

std::string NameOf(const spec::OpDescription& op) { return fmt::format("operation {}", spec::OpId(op)); }

}  // namespace

Result<std::shared_ptr<const ObjectMethod>> ObjectMethod::Bind(const spec::OpDescription& op,
                                                               const spec::TensorDescription& tensor,
                                                               const Limits& limits) {
  const auto bind = [&]() -> Result<std::shared_ptr<const ObjectMethod>> {
    TEGULA_ASSIGN_OR_RETURN(const Axes axes, Axes::Of(tensor));
    return BindMethod(op, axes, limits);
  };
  return bind().Context(NameOf(op));
}

Result<Tensor> RunObjectOp(const spec::OpDescription& op, const spec::TensorDescription& tensor, const Tensor& raw,
                           const Executor& executor, const Limits& limits) {
  TEGULA_ASSERT(raw.shape().rank() == static_cast<int>(tensor.axes.size()));
  return RunOnImages(op, tensor, raw, executor, limits).Context(NameOf(op));
}

}  // namespace tegula::pipeline
