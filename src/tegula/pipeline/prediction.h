// pipeline/prediction.h — a model applied to images of any size, tile by tile, with the whole-image answer.
//
// Everything that can be wrong is found when the Prediction is bound: axes, sizes, channels, ops, the tile plan, the
// shapes that the network is compiled for. Run then carries each tile through read, preprocess, infer, postprocess and
// write on one worker. While one worker holds the session others read ahead and write behind, so all stages overlap,
// and what is in memory is at most one tile per worker: the workers are the bound of every queue between the stages.
//
// Where a window holds patches (tiling/axis_plan.h), each patch is a sample of its own, as it would be to the
// reference: statistics that are not given are taken of the patch, and the network sees several at once if it can.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tegula/core/run_context.h"
#include "tegula/engines/engine.h"
#include "tegula/image/binding.h"
#include "tegula/ops/chain.h"
#include "tegula/ops/statistics.h"
#include "tegula/outputs/palette.h"
#include "tegula/pipeline/instance_pass.h"
#include "tegula/pipeline/layout.h"
#include "tegula/spec/model_description.h"
#include "tegula/tiling/plan.h"

namespace tegula::pipeline {

/// Seconds that workers spent in each stage, summed over workers.
struct StageSeconds {
  double read = 0, preprocess = 0, wait_for_network = 0, infer = 0, postprocess = 0, write = 0;
  StageSeconds& operator+=(const StageSeconds& other) noexcept;
};

/// What an input of the model is fed with: an image, or the same value (or tensor, for inputs without t, z, y and x)
/// for all windows. Borrows.
struct InputFeed {
  const image::BoundImage* image = nullptr;
  double value = 0;
  const Tensor* tensor = nullptr;
};

/// The grid of an output.
struct OutputInfo {
  std::string id;
  std::size_t index = 0;  ///< of the description's outputs
  DType dtype = DType::kF32;
  std::int64_t channels = 1;
  std::vector<std::string> channel_names;
  std::vector<outputs::Rgb> channel_colours = {};  ///< empty: the palette's
  bool is_instances = false;                       ///< numbers of objects, 0 for none
  PerAxis<std::int64_t> size = {{1, 1, 1, 1}};
  PerAxis<std::int64_t> chunk = {{1, 1, 1, 1}};
  PerAxis<double> scale = {{1, 1, 1, 1}};  ///< output pixels per pixel of the leading image
  PerAxis<double> origin = {};             ///< where output pixel 0 begins, in pixels of the leading image

  std::int64_t height() const noexcept { return size[GridAxis::kY]; }
  std::int64_t width() const noexcept { return size[GridAxis::kX]; }
};

/// Takes the pixels of one tile of the output with this number (of those that are made): `use_tczyx` belongs to
/// `write`. Called from several workers at once, once per tile and output, in any order.
using TileSink = FunctionRef<Status(std::size_t output, const Block& write, const ConstView& use_tczyx)>;
/// Only what is missing is made; what nobody asked for is not counted either.
enum class TileState : std::uint8_t { kMissing, kDone, kNotAsked };
using TileFilter = FunctionRef<TileState(const tiling::Tile& tile)>;

/// Whether every op of the model runs; kUnsupported names the first that does not.
Status CheckOps(const spec::ModelDescription& model);
/// The outputs of these ids, all if there are none. kNotFound with the ids there are.
Result<std::vector<std::size_t>> FindOutputs(const spec::ModelDescription& model, const std::vector<std::string>& ids);
/// Whether these outputs of the model can be made of images at all, as far as its description tells: sizes that can be
/// tiled, ops and statistics that run. kUnsupported with the reason.
Status CheckApplicable(const spec::ModelDescription& model, const std::vector<std::size_t>& outputs);
/// The same for all outputs.
Status CheckApplicable(const spec::ModelDescription& model);

/// What is asked of a prediction.
struct PredictionRequest {
  std::vector<std::size_t> outputs;  ///< indices of the description's outputs
  tiling::TileRequest tiling;
  /// Tiles are handed over as the network gives them, without postprocessing. Not patches, which are samples of their
  /// own.
  bool is_raw = false;
  std::int64_t patches_at_once = 16;  ///< at most, where the network takes any number
};

/// The tile plan alone: what can be refused about sizes before anything is read or loaded. Errors as Prediction::Bind.
Result<tiling::TilePlan> PlanFor(const spec::ModelDescription& model, std::span<const InputFeed> feeds,
                                 const PredictionRequest& request);

/// What a model will do to images. Borrows model, network and feeds' images. Immutable and thread-safe.
class Prediction {
 public:
  /// One feed per input of the description; optional inputs at the end may be missing. `statistics` are all those of
  /// the inputs, and those of the outputs that are known. kUnsupported for what cannot be tiled; kInvalid if images,
  /// model and request do not fit together.
  static Result<Prediction> Bind(const spec::ModelDescription& model, const engines::Network& network,
                                 std::span<const InputFeed> feeds, const ops::Statistics& statistics,
                                 const PredictionRequest& request);

  const tiling::TilePlan& plan() const noexcept { return plan_; }
  const tiling::ModelGrid& grid() const noexcept { return grid_; }
  /// The outputs that are made, in the order of the request.
  std::size_t outputs() const noexcept { return outputs_.size(); }
  const OutputInfo& output(std::size_t number = 0) const noexcept { return outputs_[number].info; }
  /// What is made of an output tile by tile: the output itself, unless objects are made of it, which are finer and
  /// fewer. Its layout is that of the tensor that the network returns.
  const OutputInfo& values(std::size_t number = 0) const noexcept { return outputs_[number].values; }
  const TensorLayout& output_layout(std::size_t number = 0) const noexcept { return outputs_[number].layout; }
  /// How objects are made of an output whose values are all there; null if they are not.
  const InstancePass* instances(std::size_t number = 0) const noexcept {
    return outputs_[number].instances ? &*outputs_[number].instances : nullptr;
  }
  /// What the network returns, before any postprocessing.
  DType raw_dtype(std::size_t number = 0) const noexcept { return outputs_[number].raw_dtype; }
  /// The statistics of the whole raw output that its postprocessing wants and that were not given. If there are any,
  /// Run hands over raw tiles of this output, which second_pass.h finishes.
  const std::vector<ops::StatisticRequest>& missing_statistics(std::size_t number = 0) const noexcept {
    return outputs_[number].missing;
  }
  bool needs_second_pass(std::size_t number = 0) const noexcept { return !outputs_[number].missing.empty(); }
  /// Whether Run hands over raw tiles because the request said so.
  bool is_raw() const noexcept { return is_raw_; }
  /// The ops of an output for tiles of any size, with all statistics; those before objects are made.
  Result<ops::Chain> BindPostprocessing(std::size_t number, const ops::Statistics& statistics) const;
  /// Some of them, for what the ones before them made of a raw tile.
  Result<ops::Chain> BindPostprocessing(std::size_t number, const ops::Statistics& statistics,
                                        std::span<const spec::OpDescription> ops, DType from) const;
  /// Shapes and element types of what the network is given for each tile, in the model's axis order.
  const std::vector<Shape>& network_shapes() const noexcept { return shapes_; }
  const std::vector<DType>& network_dtypes() const noexcept { return dtypes_; }
  /// What the plan was made with, in pixels of the leading input; 0 and 1 along axes the model lacks.
  std::int64_t context(GridAxis axis) const noexcept;
  std::int64_t stride_grid(GridAxis axis) const noexcept;

  /// A session for the windows of this prediction. Errors of the network.
  Result<std::unique_ptr<engines::Session>> NewSession() const;
  /// Predicts every tile that `state_of` says is missing and hands it to `sink`. Errors carry the tile's place; after
  /// one, or a stop request, no further tile starts. One run at a time uses a session.
  Result<StageSeconds> Run(const RunContext& context, engines::Session& session, TileFilter state_of,
                           TileSink sink) const;
  Result<StageSeconds> Run(const RunContext& context, TileSink sink) const;

 private:
  struct Clock;
  struct Input {
    const spec::TensorDescription* description = nullptr;
    InputFeed feed;
    TensorLayout layout;
    std::optional<ops::Chain> before;  // of images
    Tensor constant;                   // what the network gets where there is no image
    PerAxis<std::int64_t> window = {};
    PerAxis<std::int64_t> network = {};  // of the window, what the network sees at once
    int batch_axis = -1;
  };
  struct Output {
    const spec::TensorDescription* description = nullptr;
    OutputInfo info, values;
    TensorLayout layout;
    std::optional<ops::Chain> after;
    std::optional<InstancePass> instances;
    DType raw_dtype = DType::kF32;
    std::vector<ops::StatisticRequest> missing;
    int batch_axis = -1;
  };
  struct Patch;

  Prediction() = default;
  Result<Input> BindInput(std::size_t index, const InputFeed& feed, const ops::Statistics& statistics) const;
  Result<Output> BindOutput(std::size_t number, const ops::Statistics& statistics) const;
  std::int64_t BatchOf(std::span<const InputFeed> feeds, std::int64_t most) const;
  Result<ops::Statistics> WithStandInsOfPatches(std::span<const InputFeed> feeds, const ops::Statistics& statistics);
  /// Pixels of an input that two neighbouring windows both read.
  std::int64_t InputOverlap(const Input& input, GridAxis axis) const noexcept;
  Result<Tensor> ReadInput(const RunContext& context, const Input& input, const tiling::Tile& tile) const;
  Result<Tensor> PrepareInput(const RunContext& context, const Input& input, const tiling::Tile& tile,
                              Clock& clock) const;
  Result<Tensor> Postprocess(const RunContext& context, const Output& output, const tiling::TilePiece& piece,
                             std::size_t number, const Tensor& raw) const;
  Status PredictTile(const RunContext& context, engines::Session& session, std::mutex& session_mutex, Clock& clock,
                     const tiling::Tile& tile, TileSink sink) const;
  // prediction_patches.cc
  Status PredictPatches(const RunContext& context, engines::Session& session, std::mutex& session_mutex, Clock& clock,
                        const tiling::Tile& tile, TileSink sink) const;
  Status PreparePatch(const Input& input, std::size_t index, const ConstView& window, Patch& patch,
                      const View& ready) const;
  Status FinishPatch(const Output& output, const ConstView& raw, Patch& patch, const View& map, const Block& use) const;

  const spec::ModelDescription* model_ = nullptr;
  const engines::Network* network_ = nullptr;
  tiling::ModelGrid grid_;
  tiling::TilePlan plan_;
  std::vector<Input> inputs_;
  std::vector<Output> outputs_;
  std::vector<Shape> shapes_;
  std::vector<DType> dtypes_;
  bool is_raw_ = false;
  std::int64_t batch_ = 1;  // patches that the network sees at once
  // Of patches: what is known of the whole, and what each patch decides.
  ops::Statistics given_;
  std::vector<ops::StatisticRequest> of_patch_;
};

}  // namespace tegula::pipeline
