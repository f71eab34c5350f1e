// pipeline/prediction.h — a model applied to an image of any size, tile by tile, with the whole-image answer.
//
// Everything that can be wrong is found when the Prediction is bound: axes, sizes, channels, ops, the tile plan, the
// shape that the network is compiled for. Run then carries each tile through read, preprocess, infer, postprocess and
// write on one worker. While one worker holds the session others read ahead and write behind, so all stages overlap,
// and what is in memory is at most one tile per worker: the workers are the bound of every queue between the stages.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "tegula/core/run_context.h"
#include "tegula/engines/engine.h"
#include "tegula/image/binding.h"
#include "tegula/ops/chain.h"
#include "tegula/ops/statistics.h"
#include "tegula/pipeline/layout.h"
#include "tegula/spec/model_description.h"
#include "tegula/tiling/plan.h"

namespace tegula::pipeline {

/// Seconds that workers spent in each stage, summed over workers.
struct StageSeconds {
  double read = 0, preprocess = 0, wait_for_network = 0, infer = 0, postprocess = 0, write = 0;
};

/// The grid of the result.
struct OutputInfo {
  std::string id;
  DType dtype = DType::kF32;
  std::int64_t channels = 1;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<std::string> channel_names;
  double scale_y = 1, scale_x = 1;    ///< output pixels per pixel of the bound image
  double origin_y = 0, origin_x = 0;  ///< where output pixel (0, 0) begins, in pixels of the bound image
};

/// Takes the pixels of one tile: `use_cyx` belongs to `write` of the output. Called from several workers at
/// once, once per tile, in any order.
using TileSink = FunctionRef<Status(const Box& write, const ConstView& use_cyx)>;

/// Whether every op of the model runs; kUnsupported names the first that does not.
Status CheckOps(const spec::ModelDescription& model);
/// Whether the model can be applied to images at all, as far as its description tells: one input and one output,
/// planes, sizes that can be tiled, ops and statistics that run. kUnsupported with the reason.
Status CheckApplicable(const spec::ModelDescription& model);

/// The tile plan alone: what can be refused about sizes before anything is read or loaded. Errors as Prediction::Bind.
Result<tiling::TilePlan> PlanFor(const spec::ModelDescription& model, const image::BoundImage& image,
                                 const tiling::TileRequest& request);

/// What a model will do to an image. Borrows model, network and image. Immutable and thread-safe, but Run once at a
/// time.
class Prediction {
 public:
  /// `statistics` are all those of the input, and those of the output that are known. kUnsupported for models with
  /// several inputs or outputs or with axes beyond batch, channel, y and x; kInvalid if image, model and request do not
  /// fit together.
  static Result<Prediction> Bind(const spec::ModelDescription& model, const engines::Network& network,
                                 const image::BoundImage& image, const ops::Statistics& statistics,
                                 const tiling::TileRequest& request);

  const tiling::TilePlan& plan() const noexcept { return plan_; }
  const OutputInfo& output() const noexcept { return output_; }
  const PlaneLayout& output_layout() const noexcept { return out_layout_; }
  /// What the network returns, before any postprocessing.
  DType raw_dtype() const noexcept { return network_dtype_; }
  /// The statistics of the whole raw output that its postprocessing wants and that were not given. If there are any,
  /// Run hands over raw tiles, which second_pass.h finishes.
  const std::vector<ops::StatisticRequest>& missing_statistics() const noexcept { return missing_; }
  bool needs_second_pass() const noexcept { return !missing_.empty(); }
  /// The ops of the output for tiles of any size, with all statistics.
  Result<ops::Chain> BindPostprocessing(const ops::Statistics& statistics) const;
  /// Shape and element type of what the network is given for each tile, in the model's axis order.
  Shape network_shape() const { return in_layout_.ShapeOf(image_->info().channels, plan_.y.window, plan_.x.window); }
  DType network_dtype() const noexcept { return before_.output_dtype(); }
  /// What the plan was made with, in input pixels.
  std::int64_t context_y() const noexcept { return rules_y_.context; }
  std::int64_t context_x() const noexcept { return rules_x_.context; }
  std::int64_t grid_y() const noexcept { return rules_y_.grid; }
  std::int64_t grid_x() const noexcept { return rules_x_.grid; }

  /// Predicts every tile and hands it to `sink`. Errors carry the tile's place; after one, or a stop request, no
  /// further tile starts.
  Result<StageSeconds> Run(const RunContext& context, TileSink sink) const;

 private:
  struct Clock;
  Prediction(PlaneLayout in_layout, PlaneLayout out_layout, ops::Chain before, ops::Chain after)
      : in_layout_(std::move(in_layout)),
        out_layout_(std::move(out_layout)),
        before_(std::move(before)),
        after_(std::move(after)) {}
  Result<Tensor> ReadWindow(const RunContext& context, const tiling::Tile& tile) const;
  Result<Tensor> Postprocess(const RunContext& context, const tiling::Tile& tile, const Tensor& raw) const;

  const spec::ModelDescription* model_ = nullptr;
  const engines::Network* network_ = nullptr;
  const image::BoundImage* image_ = nullptr;
  PlaneLayout in_layout_;
  PlaneLayout out_layout_;
  ops::Chain before_;
  ops::Chain after_;
  DType network_dtype_ = DType::kF32;
  std::vector<ops::StatisticRequest> missing_;
  tiling::AxisRules rules_y_, rules_x_;
  tiling::TilePlan plan_;
  OutputInfo output_;
};

}  // namespace tegula::pipeline
