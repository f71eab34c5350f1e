// objects/cellpose/flow_error.h — how well objects agree with the flows they were made from.
//
// A network draws flows to the middle of what it believes to be an object. If the flows within a found object do not
// look like those of an object of that shape, it is none.
#pragma once

#include <vector>

#include "tegula/objects/cellpose/cell_map.h"
#include "tegula/objects/pixel_blocks.h"

namespace tegula::objects {

/// For each number of cells() the mean squared difference between the flow of the network and that of an object of this
/// shape; 0 for numbers that no pixel has, NaN if a flow is. Both flows are in steps, so that two opposite ones differ
/// by 4. The flow of a shape runs up the gradient of heat that spreads within it from its middle pixel. After
/// cellpose.metrics.flow_error and dynamics.masks_to_flows_cpu of cellpose 3.1.1.2, to the last bit. `values` are the
/// network's whole output, float32 of (flow along y, flow along x, logit).
/// Time: for each object its pixels times twice the sum of the sides of its box. Memory: about 50 bytes per pixel of
/// the largest box and worker; kExhausted, with what is needed, if that is more than `work.memory_bytes`. Errors of
/// reading; kCancelled.
Result<std::vector<double>> FlowErrors(const CellMap& cells, const PixelBlocks& values, double logit_threshold,
                                       const ObjectWork& work);

}  // namespace tegula::objects
