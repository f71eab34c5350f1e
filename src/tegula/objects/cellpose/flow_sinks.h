// objects/cellpose/flow_sinks.h — which pixels belong together because the flow carries them to one place.
//
// Where many paths end there is a sink. Each sink takes in the pixels around it in which more than a stray path ends,
// and all pixels that end in one of these are one object. Whether a pixel is a sink, and which sink takes it in, is
// decided by what is a few pixels around it, so both can be done part by part; only the order of the sinks is of the
// whole image.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "tegula/core/limits.h"
#include "tegula/core/status.h"
#include "tegula/objects/cellpose/flow_ends.h"
#include "tegula/objects/pixel_blocks.h"
#include "tegula/tensor/tensor.h"

namespace tegula::objects {

/// A pixel in which more than ten paths end, and in no pixel within two of it more.
struct FlowSink {
  std::int64_t y = 0, x = 0;
  std::int32_t paths = 0;
};

/// A part of the image with how many paths end in each of its pixels, int32 of (y, x).
struct FlowCounts {
  Box box;
  ConstView counts_yx;

  std::int32_t at(std::int64_t y, std::int64_t x) const noexcept {
    return counts_yx.as<std::int32_t>()[(y - box.y.begin) * counts_yx.strides()[0] + x - box.x.begin];
  }
};

/// The sinks of an image, numbered from 1. Immutable and thread-safe.
class FlowSinks {
 public:
  /// Adds the sinks in `box` to `sinks`, in (y, x) order. Counts reach two pixels further, as far as there are any.
  static void Find(const FlowCounts& counts, const Box& box, std::vector<FlowSink>& sinks);

  /// All sinks of an image, in any order. Their numbers are in ascending order of their paths, those with as many in
  /// the order in which torch.argsort (2.13, Linux) leaves them.
  explicit FlowSinks(std::vector<FlowSink> sinks);
  /// Those that the ends of all pixels make.
  static Result<FlowSinks> Of(const FlowEnds& ends, const RunContext& context);

  std::int64_t size() const noexcept { return static_cast<std::int64_t>(sinks_.size()); }
  /// In the order of their numbers.
  std::vector<FlowSink> Numbered() const;

  /// The number of the sink that takes in each pixel of `box`, 0 for none: uint32 of (y, x). A sink reaches up to five
  /// pixels far over pixels in which more than two paths end; where sinks meet, the later one has the pixels. Counts
  /// reach five pixels further than the box, as far as there are any.
  Result<Tensor> Grow(const FlowCounts& counts, const Box& box, const Limits& limits) const;

 private:
  struct Numbered1 {
    FlowSink sink;
    std::uint32_t number;
  };
  std::vector<Numbered1> sinks_;  // in (y, x) order
};

/// The number of the sink in which each pixel's path ends, 0 for none, as blocks of uint32 in `work.scratch`; blocks
/// that are there already are taken as they are. After cellpose.dynamics.get_masks_torch of cellpose 3.1.1.2.
Result<std::unique_ptr<PixelBlocks>> LabelBySinks(const FlowEnds& ends, const FlowSinks& sinks, const ObjectWork& work);

}  // namespace tegula::objects
