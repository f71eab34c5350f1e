// objects/measure/neighbours.h — how near the objects around an object are.
#pragma once

#include <span>
#include <vector>

#include "tegula/core/executor.h"
#include "tegula/core/status.h"
#include "tegula/objects/annotations/point.h"
#include "tegula/objects/measure/measurements.h"

namespace tegula::objects {

/// For each of some centroids (in units): how far the nearest other is, and how many others lie within `radius`, the
/// distance itself included. The same whatever the workers. Memory: 8 bytes per point beside the answer; cost: the
/// pairs within the radius, and a search of the nearest in cells of about two points. kCancelled.
Result<std::vector<NeighbourFacts>> NeighboursOf(std::span<const Point> centroids, double radius,
                                                 const Executor& executor, std::stop_token stop = {});

}  // namespace tegula::objects
