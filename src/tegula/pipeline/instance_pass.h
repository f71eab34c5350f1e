// pipeline/instance_pass.h — outputs that become images of numbered objects.
//
// What the network gives for such an output lies in a scratch store when the last tile is predicted. The method looks
// at it block by block (pipeline/object_ops.h), and the numbers go into the store that stays.
#pragma once

#include <memory>
#include <vector>

#include "tegula/core/files.h"
#include "tegula/core/run_context.h"
#include "tegula/outputs/store_part.h"
#include "tegula/pipeline/object_ops.h"
#include "tegula/spec/model_description.h"

namespace tegula::pipeline {

class RegionOfInterest;

/// The op of an output that makes objects, and the ops after it, bound. Borrows the description. Immutable and
/// thread-safe.
class InstancePass {
 public:
  /// Of an output for which spec::FindObjectOps finds an op. Errors of ObjectMethod::Bind and of binding the ops after
  /// it, which only change numbers one by one.
  static Result<InstancePass> Bind(const spec::TensorDescription& output, const Limits& limits = {});

  const ObjectMethod& method() const noexcept { return *method_; }
  /// The element type of the finished numbers.
  DType dtype() const noexcept { return dtype_; }

  /// Makes the finished numbers in `labels` from `values`, a part of a store of float32 with all that the network
  /// gives. What the method keeps on the way goes to the folder `scratch`, which is removed at the end; chunks that are
  /// in either already stay as they are, so a pass that was cut off goes on where it was. May use `memory_bytes` (0:
  /// what it takes) beside its pixels. With a region only objects that belong to it (instances_inside.h) stay. Scores
  /// of objects, if the method has some, are left in ScoresFile(scratch). kInvalid for more objects than the element
  /// type can number; errors of the method and the stores; kCancelled.
  Status Run(const RunContext& context, const outputs::StorePart& values, const outputs::StorePart& labels,
             const RegionOfInterest* region, const Path& scratch, std::int64_t memory_bytes) const;

 private:
  InstancePass() = default;
  const spec::TensorDescription* output_ = nullptr;
  std::shared_ptr<const ObjectMethod> method_;
  DType dtype_ = DType::kI32;
};

/// Beside the folder `scratch` of a pass, which goes.
Path ScoresFile(const Path& scratch);
/// By number from 1 on; nothing where objects have no scores, or no longer the numbers that the method gave them. kIo.
Result<std::vector<float>> ReadScores(const Path& scratch);

}  // namespace tegula::pipeline
