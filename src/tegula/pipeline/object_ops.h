// pipeline/object_ops.h — operations that turn a whole network output into an image of numbered objects.
//
// They are no part of an op chain: they look at all pixels together and change shape, type and number of channels. The
// methods are in objects/; here tensors in a model's axis order meet them.
#pragma once

#include "tegula/core/executor.h"
#include "tegula/core/limits.h"
#include "tegula/core/status.h"
#include "tegula/spec/model_description.h"
#include "tegula/tensor/tensor.h"

namespace tegula::pipeline {

/// Applies an op for which spec::MakesObjects holds to `raw`, which has the axes of `tensor` and the network's sizes.
/// The result has one channel, the sizes of the image, and the axis order of `tensor`; every position of the batch is
/// an image of its own. kInvalid if axes or sizes do not fit the op, kUnsupported for what it is not defined for.
Result<Tensor> RunObjectOp(const spec::OpDescription& op, const spec::TensorDescription& tensor, const Tensor& raw,
                           const Executor& executor, const Limits& limits = {});

}  // namespace tegula::pipeline
