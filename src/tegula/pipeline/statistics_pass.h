// pipeline/statistics_pass.h — images, or a finished output, read once (or as often as exact percentiles of floats
// need) to learn what the ops of a model want to know before they run.
#pragma once

#include <span>

#include "tegula/core/run_context.h"
#include "tegula/image/binding.h"
#include "tegula/objects/annotations/polygon_mask.h"
#include "tegula/ops/statistics.h"
#include "tegula/outputs/store_part.h"
#include "tegula/pipeline/layout.h"
#include "tegula/spec/model_description.h"

namespace tegula::pipeline {

/// Edge of the fixed grid of blocks over which floating sums are reduced; it does not depend on the tile plan, so
/// neither do the statistics.
inline constexpr std::int64_t kStatisticsBlock = 1024;

/// Of which pixels of an image statistics are taken. Borrows both.
struct StatisticsSource {
  const image::BoundImage* image = nullptr;
  /// With the model's halo around the image, as bioimageio.core 0.11 does: pixels at the border count twice.
  bool padded = false;
  /// Only pixels, of every plane, whose centres lie in it (in pixels of level 0); null: all. Not together with
  /// `padded`.
  const objects::PolygonMask* mask = nullptr;
};

/// The answers to `requests`, all of `input`, over all pixels of all images together. Images are
/// statistically one: of several, channels must agree, and what is asked for may not keep t, z, y or x. Without
/// requests no image is read. kInvalid if a mask holds no pixel; kUnsupported for statistics per row or column of
/// several images or of a mask; errors of reading.
Result<ops::Statistics> ComputeStatistics(const RunContext& context, const spec::ModelDescription& model,
                                          const spec::TensorDescription& input,
                                          std::vector<ops::StatisticRequest> requests,
                                          std::span<const StatisticsSource> images);

/// The same of one whole image for the first input, and everything that its ops need of it.
Result<ops::Statistics> ComputeStatistics(const RunContext& context, const spec::ModelDescription& model,
                                          const image::BoundImage& image);

/// The answers to `requests`, all of the tensor that lies in `store` and has `layout`.
Result<ops::Statistics> ComputeStatistics(const RunContext& context, const TensorLayout& layout,
                                          std::vector<ops::StatisticRequest> requests, const outputs::StorePart& store);

}  // namespace tegula::pipeline
