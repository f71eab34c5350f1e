// objects/cellpose/flow_ends.h — where the paths of all pixels of an image end, kept block by block.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "tegula/objects/box_index.h"
#include "tegula/objects/pixel_blocks.h"

namespace tegula::objects {

/// Immutable and thread-safe.
class FlowEnds {
 public:
  /// Follows the flows of a whole output, float32 of (flow along y, flow along x, logit), for `steps` steps. The ends
  /// are kept in `work.scratch`; blocks that are there already are taken as they are. Each block is walked in a window
  /// around it; paths that leave it go on wherever they lead. Errors of reading and writing; kCancelled.
  static Result<FlowEnds> Follow(const PixelBlocks& values, double logit_threshold, int steps, const ObjectWork& work);

  const BlockGrid& grid() const noexcept { return ends_->grid(); }
  /// The smallest box around the ends of a block's pixels; empty if there are none.
  const Box& HullOf(std::int64_t block) const noexcept { return hulls_[static_cast<std::size_t>(block)]; }
  /// The ends of a block's pixels: int32 of (y and x, y, x), kNoEnd for none.
  Result<Tensor> Read(std::int64_t block, const Limits& limits) const;
  /// How many ends lie in each pixel of a box: int32 of (y, x).
  Result<Tensor> CountIn(const Box& box, const Limits& limits) const;

 private:
  explicit FlowEnds(std::unique_ptr<PixelBlocks> ends);
  std::unique_ptr<PixelBlocks> ends_;
  std::vector<Box> hulls_;
  BoxIndex index_;  // of the hulls
};

}  // namespace tegula::objects
