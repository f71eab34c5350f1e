#include "tegula/pipeline/prediction.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>

#include "tegula/pipeline/prediction_clock.h"
#include "tegula/pipeline/whole.h"
#include "tegula/spec/object_output.h"
#include "tegula/tensor/kernels.h"

namespace tegula::pipeline {
namespace {

std::string ToText(const PerAxis<std::int64_t>& size) {
  std::string text;
  for (const GridAxis axis : kGridAxes) {
    if (size[axis] == 1 && axis != GridAxis::kY && axis != GridAxis::kX) continue;
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", GridAxisName(axis), size[axis]);
  }
  return text;
}

OutputInfo DescribeOutput(const spec::TensorDescription& tensor, std::size_t index, std::size_t number,
                          const TensorLayout& layout, const tiling::TilePlan& plan) {
  OutputInfo info;
  info.id = tensor.id;
  info.index = index;
  info.channels = layout.channels();
  info.channel_names = ChannelNamesOf(tensor, info.channels);
  info.size = plan.size_of(number);
  info.chunk = plan.chunk_of(number);
  for (const GridAxis axis : kGridAxes) {
    info.scale[axis] = plan.axes[axis].outputs[number].scale;
    info.origin[axis] = plan.axes[axis].outputs[number].origin;
  }
  return info;
}

// The numbers of objects: one channel, in pixels of the image. They are painted block by block, whatever the tiles.
OutputInfo DescribeInstances(const OutputInfo& values, const spec::TensorDescription& tensor, const InstancePass& pass,
                             const tiling::ModelGrid& grid, const PerAxis<std::int64_t>& image, std::size_t number) {
  constexpr std::int64_t kLongestChunk = 512;
  OutputInfo info = values;
  info.dtype = pass.dtype();
  info.channels = 1;
  info.is_instances = true;
  const spec::Axis* channel = tensor.FindAxis(spec::AxisType::kChannel);
  info.channel_names = channel->channel_names.empty() ? std::vector{tensor.id} : channel->channel_names;
  info.channel_names.resize(1);
  for (const GridAxis axis : kGridAxes) {
    if (!grid.axes[axis]) continue;
    const tiling::OutputRule& rule = grid.axes[axis]->outputs[number];
    info.size[axis] =
        CeilDiv(image[axis] * rule.scale.num * rule.finished, rule.scale.den) + rule.offset * rule.finished;
    info.scale[axis] *= static_cast<double>(rule.finished);
    info.chunk[axis] *= rule.finished;
    while (info.chunk[axis] > kLongestChunk) info.chunk[axis] = CeilDiv(info.chunk[axis], 2);
  }
  return info;
}

// Ops that are applied tile by tile.
std::span<const spec::OpDescription> ValueOps(const spec::TensorDescription& tensor) {
  const std::optional<spec::ObjectOps> objects = spec::FindObjectOps(tensor);
  return objects ? objects->before : std::span<const spec::OpDescription>(tensor.ops);
}

// Stand-ins for statistics that are not known yet, so that all that can be wrong with an op is found before the first
// tile. Positions along tiled axes are refused by Bind whatever their number.
ops::Statistics WithStandIns(ops::Statistics statistics, const std::vector<ops::StatisticRequest>& missing,
                             const Shape& shape, const std::vector<bool>& tiled) {
  for (const ops::StatisticRequest& request : missing) {
    Shape kept = shape;
    for (int a = 0; a < kept.rank(); ++a)
      if (request.reduced[static_cast<std::size_t>(a)] || tiled[static_cast<std::size_t>(a)]) kept[a] = 1;
    const auto values = static_cast<std::size_t>(kept.elements());
    statistics.Set({request, kept, std::vector<double>(values, 1.0)});
  }
  return statistics;
}

Status CheckFeeds(const spec::ModelDescription& model, std::span<const InputFeed> feeds) {
  if (feeds.size() > model.inputs.size())
    return InvalidError(fmt::format("the model has {} inputs, but {} were given", model.inputs.size(), feeds.size()));
  for (std::size_t i = feeds.size(); i < model.inputs.size(); ++i)
    if (!model.inputs[i].optional)
      return InvalidError(fmt::format("nothing was given for input {} of the model; name it with --input {}=IMAGE",
                                      model.inputs[i].id, model.inputs[i].id));
  return Ok();
}

// The size of the leading image along all axes; others must agree with it.
Result<PerAxis<std::int64_t>> LeadingSize(const spec::ModelDescription& model, const tiling::ModelGrid& grid,
                                          std::span<const InputFeed> feeds) {
  PerAxis<std::int64_t> size = {{1, 1, 1, 1}};
  for (const GridAxis axis : kGridAxes) {
    if (!grid.axes[axis]) continue;
    const std::size_t lead = grid.lead[axis];
    if (lead >= feeds.size() || feeds[lead].image == nullptr)
      return InvalidError(fmt::format("input {} decides where windows lie along {}, so it needs an image",
                                      model.inputs[lead].id, GridAxisName(axis)));
    size[axis] = feeds[lead].image->info().size[axis];
  }
  for (std::size_t i = 0; i < feeds.size(); ++i) {
    if (feeds[i].image == nullptr) continue;
    PerAxis<std::int64_t> wanted;
    for (const GridAxis axis : kGridAxes) wanted[axis] = grid.inputs[i][axis].SizeAt(size[axis]);
    if (feeds[i].image->info().size != wanted)
      return InvalidError(
          fmt::format("the image for input {} has {} pixels, but beside the other inputs it must have {}",
                      model.inputs[i].id, ToText(feeds[i].image->info().size), ToText(wanted)));
  }
  return size;
}

// Pixels of an output that ops meet at once: of patches one.
PerAxis<std::int64_t> StepOf(const tiling::TilePlan& plan, std::size_t number) {
  PerAxis<std::int64_t> step = plan.step_of(number);
  for (const GridAxis axis : kGridAxes)
    if (plan.axes[axis].is_patches()) step[axis] = 1;
  return step;
}

struct Grids {
  tiling::ModelGrid grid;
  tiling::TilePlan plan;
};

Result<Grids> PlanGrids(const spec::ModelDescription& model, std::span<const InputFeed> feeds,
                        const PredictionRequest& request) {
  TEGULA_TRY(CheckFeeds(model, feeds));
  Grids grids;
  TEGULA_ASSIGN_OR_RETURN(grids.grid, tiling::GridOf(model, request.outputs, request.tiling));
  TEGULA_ASSIGN_OR_RETURN(const PerAxis<std::int64_t> size, LeadingSize(model, grids.grid, feeds));
  TEGULA_ASSIGN_OR_RETURN(grids.plan, tiling::PlanTiles(grids.grid, size, request.tiling));
  return grids;
}

}  // namespace

StageSeconds& StageSeconds::operator+=(const StageSeconds& other) noexcept {
  for (double StageSeconds::*stage : {&StageSeconds::read, &StageSeconds::preprocess, &StageSeconds::wait_for_network,
                                      &StageSeconds::infer, &StageSeconds::postprocess, &StageSeconds::write})
    this->*stage += other.*stage;
  return *this;
}

Status CheckOps(const spec::ModelDescription& model) {
  for (const spec::TensorDescription& tensor : model.inputs) TEGULA_TRY(ops::CheckOps(tensor));
  for (const spec::TensorDescription& tensor : model.outputs) TEGULA_TRY(ops::CheckOps(tensor));
  TEGULA_TRY(ops::RequiredStatistics(model));
  return Ok();
}

Result<std::vector<std::size_t>> FindOutputs(const spec::ModelDescription& model, const std::vector<std::string>& ids) {
  std::vector<std::size_t> outputs;
  std::vector<std::string> there;
  for (std::size_t i = 0; i < model.outputs.size(); ++i) {
    there.push_back(model.outputs[i].id);
    if (ids.empty() || std::find(ids.begin(), ids.end(), model.outputs[i].id) != ids.end()) outputs.push_back(i);
  }
  for (const std::string& id : ids)
    if (model.FindOutput(id) == nullptr)
      return NotFoundError(fmt::format("the model has no output {}; it has {}", id, fmt::join(there, ", ")));
  return outputs;
}

Status CheckApplicable(const spec::ModelDescription& model, const std::vector<std::size_t>& outputs) {
  for (const spec::TensorDescription& input : model.inputs) {
    TEGULA_TRY(ops::CheckOps(input));
    TEGULA_TRY(TensorLayout::Of(input));
  }
  TEGULA_TRY(ops::RequiredStatistics(model));
  for (const std::size_t index : outputs) {
    const spec::TensorDescription& output = model.outputs[index];
    TEGULA_TRY(ops::CheckOps(output));
    if (spec::FindObjectOps(output)) TEGULA_TRY(InstancePass::Bind(output));
    for (const spec::Axis& axis : output.axes)
      if (std::holds_alternative<spec::DataDependentSize>(axis.size))
        return UnsupportedError(fmt::format(
            "output {} has as many positions along {} as the data decide, so it cannot be put together from tiles{}",
            output.id, axis.id, model.outputs.size() > 1 ? "; choose other outputs with --outputs" : ""));
    TEGULA_ASSIGN_OR_RETURN(const TensorLayout layout, TensorLayout::Of(output));
    if (layout.channels() == 0)
      return UnsupportedError(fmt::format("output {} does not say how many channels it has", output.id));
  }
  TEGULA_TRY(tiling::GridOf(model, outputs));
  return Ok();
}

Status CheckApplicable(const spec::ModelDescription& model) {
  TEGULA_ASSIGN_OR_RETURN(const std::vector<std::size_t> all, FindOutputs(model, {}));
  return CheckApplicable(model, all);
}

Result<tiling::TilePlan> PlanFor(const spec::ModelDescription& model, std::span<const InputFeed> feeds,
                                 const PredictionRequest& request) {
  TEGULA_ASSIGN_OR_RETURN(Grids grids, PlanGrids(model, feeds, request));
  return std::move(grids.plan);
}

Result<Prediction::Input> Prediction::BindInput(std::size_t index, const InputFeed& feed,
                                                const ops::Statistics& statistics) const {
  const spec::TensorDescription& description = model_->inputs[index];
  TEGULA_ASSIGN_OR_RETURN(TensorLayout layout, TensorLayout::Of(description));
  Input input{&description, feed, std::move(layout), {}, {}, {}, {}, BatchAxisOf(description)};
  for (const GridAxis axis : kGridAxes) {
    input.window[axis] = grid_.inputs[index][axis].SizeAt(plan_.axes[axis].window);
    input.network[axis] = grid_.inputs[index][axis].SizeAt(plan_.axes[axis].network_size());
  }
  const std::int64_t channels = feed.image != nullptr ? feed.image->info().channels : input.layout.channels();
  if (channels == 0)
    return InvalidError(
        fmt::format("input {} does not say how many channels it has, so it needs an image", description.id));
  Shape shape = input.layout.ShapeOf(channels, input.network);
  if (feed.image == nullptr && input.batch_axis >= 0) shape[input.batch_axis] = batch_;
  const DType raw = feed.image != nullptr    ? feed.image->info().dtype
                    : feed.tensor != nullptr ? feed.tensor->dtype()
                                             : description.data.dtype;
  TEGULA_ASSIGN_OR_RETURN(
      ops::Chain chain,
      ops::Chain::Bind(description.ops, {description.id, AxisIds(description), shape, raw, input.layout.TiledAxes()},
                       statistics)
          .Context("preprocessing of input " + description.id));
  if (feed.image != nullptr) {
    input.before = std::move(chain);
    return input;
  }
  TEGULA_ASSIGN_OR_RETURN(Tensor values, Tensor::Allocate(raw, shape));
  if (feed.tensor != nullptr) {
    if (feed.tensor->shape() != shape)
      return InvalidError(fmt::format("the tensor for input {} is {}, but windows need {}", description.id,
                                      ToString(feed.tensor->shape()), ToString(shape)));
    ConvertCopy(feed.tensor->view(), values.view());
  } else {
    Shape none = shape;
    for (int axis = 0; axis < none.rank(); ++axis) none[axis] = 0;
    ConvertCopy(ConstView(reinterpret_cast<const std::byte*>(&feed.value), DType::kF64, shape, none), values.view());
  }
  TEGULA_ASSIGN_OR_RETURN(input.constant, Tensor::Allocate(chain.output_dtype(), shape));
  const Tensor& filled = values;
  TEGULA_TRY(chain.Run(filled.view(), input.constant.view()));
  return input;
}

Result<Prediction::Output> Prediction::BindOutput(std::size_t number, const ops::Statistics& statistics) const {
  const std::size_t index = grid_.outputs[number];
  const spec::TensorDescription& description = model_->outputs[index];
  TEGULA_ASSIGN_OR_RETURN(TensorLayout layout, TensorLayout::Of(description));
  const OutputInfo values = DescribeOutput(description, index, number, layout, plan_);
  Output output{&description, values, values, layout, {}, {}, DType::kF32, {}, BatchAxisOf(description)};
  if (index < network_->outputs().size()) output.raw_dtype = network_->outputs()[index].dtype;
  TEGULA_ASSIGN_OR_RETURN(const std::vector<ops::StatisticRequest> requests, ops::RequiredStatistics(*model_));
  output.missing = ops::RequestsOf(description.id, requests);
  std::erase_if(output.missing, [&](const ops::StatisticRequest& wanted) { return statistics.Find(wanted).ok(); });
  const Shape shape = layout.ShapeOf(values.channels, StepOf(plan_, number));
  const ops::ChainInput raw{description.id, AxisIds(description), shape, output.raw_dtype, layout.TiledAxes()};
  TEGULA_ASSIGN_OR_RETURN(ops::Chain after, ops::Chain::Bind(ValueOps(description), raw,
                                                             WithStandIns(statistics, output.missing, shape, raw.tiled))
                                                .Context("postprocessing of output " + description.id));
  output.info.dtype = output.values.dtype = after.output_dtype();
  if (spec::FindObjectOps(description)) {
    TEGULA_ASSIGN_OR_RETURN(output.instances, InstancePass::Bind(description));
    PerAxis<std::int64_t> image;
    for (const GridAxis axis : kGridAxes) image[axis] = plan_.axes[axis].image;
    output.values.dtype = DType::kF32;  // what the methods take
    output.info = DescribeInstances(output.values, description, *output.instances, grid_, image, number);
  }
  if (!output.missing.empty() || is_raw_) {
    TEGULA_ASSIGN_OR_RETURN(after, ops::Chain::Bind({}, raw, statistics));
  }
  output.after = std::move(after);
  return output;
}

Result<Prediction> Prediction::Bind(const spec::ModelDescription& model, const engines::Network& network,
                                    std::span<const InputFeed> feeds, const ops::Statistics& statistics,
                                    const PredictionRequest& request) {
  TEGULA_TRY(CheckApplicable(model, request.outputs));
  TEGULA_ASSIGN_OR_RETURN(Grids grids, PlanGrids(model, feeds, request));
  Prediction prediction;
  prediction.model_ = &model;
  prediction.network_ = &network;
  prediction.grid_ = std::move(grids.grid);
  prediction.plan_ = std::move(grids.plan);
  prediction.is_raw_ = request.is_raw && !prediction.plan_.is_patches();
  ops::Statistics known = statistics;
  if (prediction.plan_.is_patches()) {
    prediction.batch_ = prediction.BatchOf(feeds, request.patches_at_once);
    TEGULA_ASSIGN_OR_RETURN(known, prediction.WithStandInsOfPatches(feeds, statistics));
  }
  for (std::size_t i = 0; i < feeds.size(); ++i) {
    TEGULA_ASSIGN_OR_RETURN(Input input, prediction.BindInput(i, feeds[i], known));
    const std::int64_t channels = feeds[i].image != nullptr ? feeds[i].image->info().channels : input.layout.channels();
    prediction.shapes_.push_back(input.layout.ShapeOf(channels, input.network));
    if (input.batch_axis >= 0) prediction.shapes_.back()[input.batch_axis] = prediction.batch_;
    prediction.dtypes_.push_back(input.before ? input.before->output_dtype() : input.constant.dtype());
    prediction.inputs_.push_back(std::move(input));
  }
  for (std::size_t number = 0; number < prediction.grid_.outputs.size(); ++number) {
    TEGULA_ASSIGN_OR_RETURN(Output output, prediction.BindOutput(number, known));
    prediction.outputs_.push_back(std::move(output));
  }
  return prediction;
}

Result<ops::Chain> Prediction::BindPostprocessing(std::size_t number, const ops::Statistics& statistics) const {
  const Output& output = outputs_[number];
  return BindPostprocessing(number, statistics, ValueOps(*output.description), output.raw_dtype);
}

Result<ops::Chain> Prediction::BindPostprocessing(std::size_t number, const ops::Statistics& statistics,
                                                  std::span<const spec::OpDescription> ops, DType from) const {
  const Output& output = outputs_[number];
  const Shape shape = output.layout.ShapeOf(output.values.channels, StepOf(plan_, number));
  return ops::Chain::Bind(ops, {output.info.id, AxisIds(*output.description), shape, from, output.layout.TiledAxes()},
                          statistics)
      .Context("postprocessing of output " + output.info.id);
}

std::int64_t Prediction::context(GridAxis axis) const noexcept {
  return grid_.axes[axis] ? grid_.axes[axis]->context : 0;
}
std::int64_t Prediction::stride_grid(GridAxis axis) const noexcept {
  return grid_.axes[axis] ? grid_.axes[axis]->grid : 1;
}

std::int64_t Prediction::InputOverlap(const Input& input, GridAxis axis) const noexcept {
  const std::vector<tiling::Window>& windows = plan_.axes[axis].windows;
  const Rational scale = grid_.inputs[static_cast<std::size_t>(&input - inputs_.data())][axis].scale;
  if (windows.size() < 2) return 0;
  return scale.Floor(std::max<std::int64_t>(0, windows[0].input.end - windows[1].input.begin));
}

Result<Tensor> Prediction::ReadInput(const RunContext& context, const Input& input, const tiling::Tile& tile) const {
  const image::BoundInfo& info = input.feed.image->info();
  const auto index = static_cast<std::size_t>(&input - inputs_.data());
  Block in_image;
  for (const GridAxis axis : kGridAxes) {
    const Rational scale = grid_.inputs[index][axis].scale;
    const std::int64_t begin = grid_.inputs[index][axis].has_axis
                                   ? scale.Floor(tile.input[axis].begin) - scale.Floor(plan_.axes[axis].pad_before)
                                   : 0;
    in_image[axis] = {begin, begin + input.window[axis]};
  }
  TEGULA_ASSIGN_OR_RETURN(
      Tensor raw, Tensor::Allocate(info.dtype, input.layout.ShapeOf(info.channels, input.window), context.limits));
  const spec::PadDescription& pad = input.description->pad;
  TEGULA_TRY(input.feed.image->ReadPadded(in_image, pad.mode, pad.value, input.layout.ImageOf(raw.view()),
                                          {InputOverlap(input, GridAxis::kY), InputOverlap(input, GridAxis::kX)}));
  return raw;
}

Result<Tensor> Prediction::PrepareInput(const RunContext& context, const Input& input, const tiling::Tile& tile,
                                        Clock& clock) const {
  double since = MonotonicSeconds();
  TEGULA_ASSIGN_OR_RETURN(const Tensor raw, ReadInput(context, input, tile));
  clock.Add(&StageSeconds::read, since);
  TEGULA_ASSIGN_OR_RETURN(Tensor ready, Tensor::Allocate(input.before->output_dtype(), raw.shape(), context.limits));
  TEGULA_TRY(input.before->Run(raw.view(), ready.view()));
  clock.Add(&StageSeconds::preprocess, since);
  return ready;
}

Result<Tensor> Prediction::Postprocess(const RunContext& context, const Output& output, const tiling::TilePiece& piece,
                                       std::size_t number, const Tensor& raw) const {
  const TensorLayout& layout = output.layout;
  const Shape expected = layout.ShapeOf(output.values.channels, plan_.window_of(number));
  if (raw.shape() != expected || raw.dtype() != output.raw_dtype)
    return InvalidError(fmt::format(
        "the network returns {} {} for output {}, but by its description a window gives {} {}", DTypeName(raw.dtype()),
        ToString(raw.shape()), output.info.id, DTypeName(output.raw_dtype), ToString(expected)));
  const Shape used = layout.ShapeOf(output.values.channels, SizeOf(piece.use));
  TEGULA_ASSIGN_OR_RETURN(Tensor result, Tensor::Allocate(output.after->output_dtype(), used, context.limits));
  TEGULA_TRY(output.after->Run(layout.CropOf(raw.view(), piece.use), result.view()));
  if (!output.instances || !output.missing.empty()) return result;
  if (result.dtype() != output.values.dtype) {
    TEGULA_ASSIGN_OR_RETURN(Tensor floats, Tensor::Allocate(output.values.dtype, used, context.limits));
    ConvertCopy(std::as_const(result).view(), floats.view());
    result = std::move(floats);
  }
  TEGULA_TRY(output.instances->method().Thin(layout.ImageOf(result.view())));
  return result;
}

Result<std::unique_ptr<engines::Session>> Prediction::NewSession() const {
  return network_->NewSession(shapes_, dtypes_);
}

Status Prediction::PredictTile(const RunContext& context, engines::Session& session, std::mutex& session_mutex,
                               Clock& clock, const tiling::Tile& tile, TileSink sink) const {
  std::vector<Tensor> prepared(inputs_.size());
  std::vector<ConstView> views;
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (inputs_[i].before) {
      TEGULA_ASSIGN_OR_RETURN(prepared[i], PrepareInput(context, inputs_[i], tile, clock));
    }
    const Tensor& ready = inputs_[i].before ? prepared[i] : inputs_[i].constant;
    views.push_back(ready.view());
  }
  double since = MonotonicSeconds();
  std::vector<Tensor> raw;
  {
    const std::lock_guard lock(session_mutex);
    clock.Add(&StageSeconds::wait_for_network, since);
    if (context.stop.stop_requested()) return CancelledError();
    TEGULA_ASSIGN_OR_RETURN(raw, session.Run(views, context.stop));
    clock.Add(&StageSeconds::infer, since);
  }
  prepared.clear();
  if (raw.size() != model_->outputs.size())
    return InvalidError(fmt::format("the network returns {} tensors, but the model describes {} outputs", raw.size(),
                                    model_->outputs.size()));
  for (std::size_t number = 0; number < outputs_.size(); ++number) {
    const tiling::TilePiece& piece = tile.pieces[number];
    if (piece.empty()) continue;
    const Output& output = outputs_[number];
    Tensor given = std::move(raw[output.info.index]);
    TEGULA_ASSIGN_OR_RETURN(const Tensor result, Postprocess(context, output, piece, number, given));
    given = {};  // it is larger than the result, and writing takes long
    clock.Add(&StageSeconds::postprocess, since);
    TEGULA_TRY(sink(number, piece.write, output.layout.ImageOf(result.view())));
    clock.Add(&StageSeconds::write, since);
  }
  return Ok();
}

Result<StageSeconds> Prediction::Run(const RunContext& context, engines::Session& session, TileFilter state_of,
                                     TileSink sink) const {
  std::vector<std::int64_t> open;
  std::int64_t asked = 0;
  for (std::int64_t index = 0; index < plan_.tiles(); ++index) {
    const TileState state = state_of(plan_.tile(index));
    if (state == TileState::kMissing) open.push_back(index);
    if (state != TileState::kNotAsked) ++asked;
  }
  std::mutex session_mutex;
  Clock clock;
  std::atomic<std::int64_t> done{asked - static_cast<std::int64_t>(open.size())};

  const auto one = [&](std::int64_t item, int) -> Status {
    const tiling::Tile tile = plan_.tile(open[static_cast<std::size_t>(item)]);
    const Block& at = tile.pieces.front().write;
    Status status = plan_.is_patches() ? PredictPatches(context, session, session_mutex, clock, tile, sink)
                                       : PredictTile(context, session, session_mutex, clock, tile, sink);
    if (status.ok()) context.progress.Update("predicting", ++done, asked, "tiles");
    return std::move(status).Context(fmt::format("tile at y={} x={}", at[GridAxis::kY].begin, at[GridAxis::kX].begin));
  };
  TEGULA_TRY(ForEach(context.executor, static_cast<std::int64_t>(open.size()), context.stop, one));
  return clock.total;
}

Result<StageSeconds> Prediction::Run(const RunContext& context, TileSink sink) const {
  TEGULA_ASSIGN_OR_RETURN(const std::unique_ptr<engines::Session> session, NewSession());
  return Run(
      context, *session, [](const tiling::Tile&) { return TileState::kMissing; }, sink);
}

}  // namespace tegula::pipeline
