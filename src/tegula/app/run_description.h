// app/run_description.h — what a run's record says about it, in the words of the modules that decided it.
#pragma once

#include <string>

#include "tegula/app/image_run.h"
#include "tegula/ops/statistics.h"
#include "tegula/outputs/run_record.h"
#include "tegula/pipeline/prediction.h"

namespace tegula::app {

/// Program, machine, model, engine and how the model did on its test tensors.
void DescribeModel(const PredictJob& job, outputs::RunRecord& record);
/// The leading image, named `name`, and what the model is given of it.
void DescribeImage(const std::string& name, const Feeds& feeds, outputs::RunRecord& record);
void DescribeStatistics(const ops::Statistics& statistics, outputs::RunRecord& record);
/// Windows of one of `frames` planes that are predicted alike, of which `asked` are asked for, and how exact that makes
/// the result.
void DescribePlan(const PredictJob& job, const pipeline::Prediction& prediction, std::int64_t frames,
                  std::int64_t asked, outputs::RunRecord& record);
/// The region, whose statistics were taken, and how many objects touch its edge.
void DescribeRegion(const PredictJob& job, const RunRegion& region, const ops::Statistics& statistics,
                    std::int64_t touching, outputs::RunRecord& record);
/// Of all outputs, as far as they are asked for.
double MegapixelsOf(const pipeline::Prediction& prediction, std::int64_t frames, const RunRegion& region);

/// What the workers spent their time on.
void DescribeWorkers(const pipeline::StageSeconds& seconds, outputs::RunRecord& record);
/// Where the stores that stay lie on the image, as later commands measure in them.
void DescribePlaces(const PredictJob& job, const image::BoundInfo& info, const pipeline::Prediction& prediction,
                    outputs::RunRecord& record);

}  // namespace tegula::app
