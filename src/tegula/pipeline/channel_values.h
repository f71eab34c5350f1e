// pipeline/channel_values.h — the statistics of one channel over an object, from its values in (y, x) order.
//
// Nearly all objects lie within the rows at hand: their values are copied and looked at as often as need be. For the
// few that are taller, the same numbers come from several passes over the map (tall_regions.h); both give the same
// bits, so that a result does not depend on how many rows are at hand.
#pragma once

#include <span>
#include <vector>

#include "tegula/objects/measure/measurements.h"
#include "tegula/ops/quantile.h"

namespace tegula::pipeline {

/// Appends the values that are numbers; -0 becomes 0.
void AppendNumbers(std::span<const float> row, std::vector<float>& values);

/// `percentiles` as MeasurementPlan::percentiles(): none if only the mean is wanted. `values` are reordered.
objects::ChannelStatistics StatisticsOf(std::vector<float>& values, std::span<const double> percentiles);

/// Statistics without a single value.
objects::ChannelStatistics NoStatistics(std::span<const double> percentiles);

}  // namespace tegula::pipeline
