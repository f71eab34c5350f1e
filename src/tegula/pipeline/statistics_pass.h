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

/// Of which pixels statistics are taken.
enum class StatisticsOf : std::uint8_t {
  kImage,   ///< the whole image, as the format says
  kPadded,  ///< the image with the model's halo around it, as bioimageio.core 0.11 does: pixels at the border count
            ///< twice
};

/// Statistics of the raw bound image, before any op. Empty if the model asks for none; then the image is not read.
/// Errors of reading, and what ops::RequiredStatistics refuses.
Result<ops::Statistics> ComputeStatistics(const RunContext& context, const spec::ModelDescription& model,
                                          const image::BoundImage& image, StatisticsOf of = StatisticsOf::kImage);

}  // namespace tegula::pipeline
