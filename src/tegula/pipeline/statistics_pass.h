// pipeline/statistics_pass.h — the whole image read once (or as often as exact percentiles of floats need) to
// learn what the ops of a model want to know before the first tile.
#pragma once

#include "tegula/core/run_context.h"
#include "tegula/image/binding.h"
#include "tegula/ops/statistics.h"
#include "tegula/spec/model_description.h"

namespace tegula::pipeline {

/// Edge of the fixed grid of blocks over which floating sums are reduced; it does not depend on the tile plan, so
/// neither do the statistics.
inline constexpr std::int64_t kStatisticsBlock = 1024;

/// Statistics of the raw bound image, before any op and before any padding. Empty if the model asks for none; then the
/// image is not read. Errors of reading, and what ops::RequiredStatistics refuses.
Result<ops::Statistics> ComputeStatistics(const RunContext& context, const spec::ModelDescription& model,
                                          const image::BoundImage& image);

}  // namespace tegula::pipeline
