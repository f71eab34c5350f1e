// app/run_prediction.h — the first half of a run: what the network gives for an image, in the stores of its folder.
//
// Planes that the model takes one by one are frames of the same stores. Tiles that are there already are not made
// again, so a run that was cut off goes on where it ended; what decides their values beside the job, the statistics of
// a frame, is kept beside the stores until the run is done.
#pragma once

#include <memory>
#include <vector>

#include "tegula/app/feeds.h"
#include "tegula/app/image_run.h"
#include "tegula/app/run_output.h"
#include "tegula/app/run_region.h"
#include "tegula/app/staging.h"
#include "tegula/app/stopwatch.h"
#include "tegula/outputs/run_record.h"
#include "tegula/pipeline/prediction.h"

namespace tegula::app {

/// One thread at a time. Borrows all that it is made of.
class RunPrediction {
 public:
  RunPrediction(const PredictJob& job, const Feeds& feeds, const RunRegion& region, const RunContext& context)
      : job_(job), feeds_(feeds), region_(region), context_(context) {}
  RunPrediction(const RunPrediction&) = delete;

  /// Predicts all that is asked for into stores in `staging`, numbered objects included, and tells `record` how: plan,
  /// places, stages. `is_patches` is what the plan of `wanted` says. kCancelled; kUnsupported for values that an output
  /// cannot be stored as; errors of source, engine and stores.
  Status Make(Staging& staging, const pipeline::PredictionRequest& wanted, bool is_patches, outputs::RunRecord& record,
              Stopwatch& watch);

  /// Once it is made.
  const std::vector<RunOutput>& outputs() const noexcept { return outputs_; }
  /// The first output's.
  const pipeline::OutputInfo& info() const noexcept { return info_; }
  /// Of each frame, after those of whole outputs were taken.
  const std::vector<ops::Statistics>& statistics() const noexcept { return statistics_; }
  /// Of all outputs, as far as they are asked for.
  double megapixels() const noexcept { return megapixels_; }
  /// The planes of an output that belong to a frame.
  RunOutput::Part PartOf(std::size_t output, const Feeds::Frame& frame) const;

 private:
  Status MakeValues(Staging& staging, const pipeline::PredictionRequest& wanted, bool is_patches,
                    outputs::RunRecord& record, Stopwatch& watch);
  Status MakeInstances(const Staging& staging, outputs::RunRecord& record, Stopwatch& watch) const;
  Status OpenStores(Staging& staging, const pipeline::Prediction& prediction);
  Result<ops::Statistics> StatisticsOf(const Staging& staging, const Feeds::Frame& frame, bool is_patches) const;
  Result<pipeline::StageSeconds> PredictFrame(const Feeds::Frame& frame, const pipeline::Prediction& prediction,
                                              engines::Session& session) const;
  Status FinishOutputs(const Feeds::Frame& frame, const pipeline::Prediction& prediction,
                       ops::Statistics& statistics) const;
  std::vector<RunOutput::Part> PartsOf(const Feeds::Frame& frame) const;

  const PredictJob& job_;
  const Feeds& feeds_;
  const RunRegion& region_;
  const RunContext& context_;
  std::vector<RunOutput> outputs_;
  pipeline::OutputInfo info_;
  std::vector<ops::Statistics> statistics_;
  double megapixels_ = 0;
};

}  // namespace tegula::app
