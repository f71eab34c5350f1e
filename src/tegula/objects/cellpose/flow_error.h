// objects/cellpose/flow_error.h — how well objects agree with the flows they were made from.
//
// A network draws flows to the middle of what it believes to be an object. If the flows within a found object do not
// look like those of an object of that shape, it is none.
#pragma once

#include <stop_token>
#include <vector>

#include "tegula/core/executor.h"
#include "tegula/core/status.h"
#include "tegula/objects/cellpose/flow_field.h"
#include "tegula/objects/label_map.h"

namespace tegula::objects {

/// For each number from 0 to the largest the mean squared difference between the flow of the network and that of an
/// object of this shape; 0 for numbers that no pixel has, NaN if a flow is. Both flows are in steps, so that two
/// opposite ones differ by 4. The flow of a shape runs up the gradient of heat that spreads within it from its middle
/// pixel. After cellpose.metrics.flow_error and dynamics.masks_to_flows_cpu of cellpose 3.1.1.2, to the last bit.
/// Time: for each object its pixels times twice the sum of the sides of its box. Memory: 24 bytes per pixel of the
/// largest box and worker. kCancelled.
Result<std::vector<double>> FlowErrors(const LabelMap& labels, const FlowField& field, const Executor& executor,
                                       std::stop_token stop);

}  // namespace tegula::objects
