// pipeline/object_ops.h — operations that turn a whole network output into an image of numbered objects.
//
// They are no part of an op chain: they look at all pixels together and change shape, type and number of channels. The
// methods are in objects/; here outputs in a model's axis order meet them.
#pragma once

#include <memory>

#include "tegula/core/executor.h"
#include "tegula/core/limits.h"
#include "tegula/core/status.h"
#include "tegula/objects/pixel_blocks.h"
#include "tegula/spec/model_description.h"
#include "tegula/tensor/tensor.h"

namespace tegula::pipeline {

/// One op with its arguments. Immutable and thread-safe. Errors name the op.
class ObjectMethod {
 public:
  virtual ~ObjectMethod() = default;
  /// An op for which spec::MakesObjects holds, for outputs with the axes of `tensor`. kInvalid if axes or arguments do
  /// not fit, kUnsupported for what it is not defined for.
  static Result<std::shared_ptr<const ObjectMethod>> Bind(const spec::OpDescription& op,
                                                          const spec::TensorDescription& tensor,
                                                          const Limits& limits = {});

  /// The element type of the numbers.
  virtual DType dtype() const noexcept = 0;
  /// Pixels of the finished image per pixel of the network's output.
  virtual PerAxis<std::int64_t> scale() const noexcept { return {{1, 1, 1, 1}}; }
  /// Sets what Find never looks at to zero, so that it costs next to nothing to store. `values_tczyx` is float32, any
  /// part of an output.
  virtual Status Thin(const View& values_tczyx) const = 0;
  /// Whether Find reads whole blocks of the values, each once or twice, so that nothing is won by keeping them.
  virtual bool reads_blocks_alone() const noexcept { return false; }
  /// Gives `labels` the objects of one image, whose whole output (float32, of one plane in time) is `values`. The
  /// numbers do not depend on blocks, workers or memory.
  virtual Status Find(const objects::PixelBlocks& values, const objects::ObjectWork& work,
                      objects::LabelSink& labels) const = 0;
};

/// Applies an op for which spec::MakesObjects holds to `raw`, which has the axes of `tensor` and the network's sizes.
/// The result has one channel, the sizes of the image, and the axis order of `tensor`; every position of the batch is
/// an image of its own. Errors of ObjectMethod.
Result<Tensor> RunObjectOp(const spec::OpDescription& op, const spec::TensorDescription& tensor, const Tensor& raw,
                           const Executor& executor, const Limits& limits = {});

}  // namespace tegula::pipeline
