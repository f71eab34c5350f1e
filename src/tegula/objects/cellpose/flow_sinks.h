// objects/cellpose/flow_sinks.h — which pixels belong together because the flow carries them to one place.
//
// Where many paths end there is a sink. Each sink takes in the pixels around it in which more than a stray path ends,
// and all pixels that end in one of these are one object. Counts of different parts of an image can be added; sinks are
// found once all are counted.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tegula/core/limits.h"
#include "tegula/core/status.h"
#include "tegula/objects/label_map.h"
#include "tegula/tensor/tensor.h"

namespace tegula::objects {

/// A pixel in which more than ten paths end, and in no pixel within two of it more.
struct FlowSink {
  std::int64_t pixel = 0;
  std::int32_t paths = 0;
};

/// Adds to `counts_yx` how many of the `ends` lie in each pixel.
void CountEnds(std::span<const std::int32_t> ends, std::span<std::int32_t> counts_yx) noexcept;

/// The sinks in ascending order of their paths, those with as many in the order in which torch.argsort (2.13, Linux)
/// leaves them. `counts_yx` is int32.
std::vector<FlowSink> FindSinks(const ConstView& counts_yx);

/// Gives each pixel that `sinks` take in the number of its sink, counted from 1. A sink reaches up to five pixels far
/// over pixels in which more than two paths end; where sinks meet, the later one has the pixels.
Result<LabelMap> GrowSinks(const ConstView& counts_yx, std::span<const FlowSink> sinks, const Limits& limits);

/// The numbers of the sinks in which the pixels end whose ends are given: one object per sink. After
/// cellpose.dynamics.get_masks_torch of cellpose 3.1.1.2.
Result<LabelMap> LabelsOfSinks(const ConstView& ends_yx, const Limits& limits);

}  // namespace tegula::objects
