#include "tegula/pipeline/prediction.h"

#include <fmt/format.h>

#include <mutex>

#include "tegula/core/platform.h"
#include "tegula/pipeline/whole.h"
#include "tegula/tensor/kernels.h"

namespace tegula::pipeline {
namespace {

Status CheckOneTensorEach(const spec::ModelDescription& model) {
  if (model.inputs.size() == 1 && model.outputs.size() == 1) return Ok();
  return UnsupportedError(
      fmt::format("the model has {} inputs and {} outputs; so far models with one of each are applied to images",
                  model.inputs.size(), model.outputs.size()));
}

OutputInfo DescribeOutput(const spec::TensorDescription& tensor, const PlaneLayout& layout,
                          const tiling::TilePlan& plan, const tiling::AxisRules& y, const tiling::AxisRules& x,
                          DType dtype) {
  OutputInfo info;
  info.id = tensor.id;
  info.dtype = dtype;
  info.channels = layout.channels();
  info.height = plan.y.output;
  info.width = plan.x.output;
  if (const spec::Axis* channel = tensor.FindAxis(spec::AxisType::kChannel))
    info.channel_names = channel->channel_names;
  for (auto i = static_cast<std::int64_t>(info.channel_names.size()); i < info.channels; ++i)
    info.channel_names.push_back(info.channels == 1 ? tensor.id : fmt::format("channel{}", i));
  info.scale_y = y.scale.value();
  info.scale_x = x.scale.value();
  info.origin_y = plan.y.origin;
  info.origin_x = plan.x.origin;
  return info;
}

// Stand-ins for statistics that are not known yet, so that all that can be wrong with an op is found before the first
// tile. Positions along y and x are refused by Bind whatever their number.
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

}  // namespace

Status CheckOps(const spec::ModelDescription& model) {
  for (const spec::TensorDescription& tensor : model.inputs) TEGULA_TRY(ops::CheckOps(tensor));
  for (const spec::TensorDescription& tensor : model.outputs) TEGULA_TRY(ops::CheckOps(tensor));
  TEGULA_TRY(ops::RequiredStatistics(model));
  return Ok();
}

Status CheckApplicable(const spec::ModelDescription& model) {
  TEGULA_TRY(CheckOneTensorEach(model));
  TEGULA_TRY(CheckOps(model));
  for (const spec::OpDescription& op : model.outputs.front().ops)
    if (spec::MakesObjects(op))
      return UnsupportedError(
          fmt::format("{} makes objects of the whole output {}, which so far is done for test tensors only: take the "
                      "operation out of the description to get what the network gives",
                      spec::OpId(op), model.outputs.front().id));
  TEGULA_TRY(PlaneLayout::Of(model.inputs.front()));
  TEGULA_ASSIGN_OR_RETURN(const PlaneLayout out, PlaneLayout::Of(model.outputs.front()));
  if (out.channels() == 0)
    return UnsupportedError(fmt::format("output {} does not say how many channels it has", model.outputs.front().id));
  for (const char* axis : {"y", "x"}) TEGULA_TRY(tiling::RulesOf(model, axis));
  return Ok();
}

Result<tiling::TilePlan> PlanFor(const spec::ModelDescription& model, const image::BoundImage& image,
                                 const tiling::TileRequest& request) {
  TEGULA_ASSIGN_OR_RETURN(const tiling::AxisRules y, tiling::RulesOf(model, "y", request));
  TEGULA_ASSIGN_OR_RETURN(const tiling::AxisRules x, tiling::RulesOf(model, "x", request));
  return tiling::PlanTiles(y, x, image.info().height, image.info().width, request);
}

// Adds up where the workers' time goes.
struct Prediction::Clock {
  std::mutex mutex;
  StageSeconds total;
  void Add(double StageSeconds::*stage, double& since) {
    const double now = MonotonicSeconds();
    const std::lock_guard lock(mutex);
    total.*stage += now - since;
    since = now;
  }
};

Result<Prediction> Prediction::Bind(const spec::ModelDescription& model, const engines::Network& network,
                                    const image::BoundImage& image, const ops::Statistics& statistics,
                                    const tiling::TileRequest& request) {
  TEGULA_TRY(CheckApplicable(model));
  const spec::TensorDescription& in = model.inputs.front();
  const spec::TensorDescription& out = model.outputs.front();
  const image::BoundInfo& info = image.info();
  TEGULA_ASSIGN_OR_RETURN(PlaneLayout in_layout, PlaneLayout::Of(in));
  TEGULA_ASSIGN_OR_RETURN(PlaneLayout out_layout, PlaneLayout::Of(out));
  TEGULA_ASSIGN_OR_RETURN(const tiling::AxisRules y, tiling::RulesOf(model, "y", request));
  TEGULA_ASSIGN_OR_RETURN(const tiling::AxisRules x, tiling::RulesOf(model, "x", request));
  TEGULA_ASSIGN_OR_RETURN(tiling::TilePlan plan, tiling::PlanTiles(y, x, info.height, info.width, request));

  const Shape window = in_layout.ShapeOf(info.channels, plan.y.window, plan.x.window);
  TEGULA_ASSIGN_OR_RETURN(
      ops::Chain before,
      ops::Chain::Bind(in.ops, {in.id, AxisIds(in), window, info.dtype, in_layout.TiledAxes()}, statistics)
          .Context("preprocessing of input " + in.id));
  const DType network_dtype = network.outputs().empty() ? DType::kF32 : network.outputs().front().dtype;
  TEGULA_ASSIGN_OR_RETURN(const std::vector<ops::StatisticRequest> requests, ops::RequiredStatistics(model));
  std::vector<ops::StatisticRequest> missing = ops::RequestsOf(out.id, requests);
  std::erase_if(missing, [&](const ops::StatisticRequest& wanted) { return statistics.Find(wanted).ok(); });
  const Shape result = out_layout.ShapeOf(out_layout.channels(), plan.y.write_step, plan.x.write_step);
  const ops::ChainInput raw{out.id, AxisIds(out), result, network_dtype, out_layout.TiledAxes()};
  TEGULA_ASSIGN_OR_RETURN(ops::Chain after,
                          ops::Chain::Bind(out.ops, raw, WithStandIns(statistics, missing, result, raw.tiled))
                              .Context("postprocessing of output " + out.id));
  const DType final_dtype = after.output_dtype();
  if (!missing.empty()) {
    TEGULA_ASSIGN_OR_RETURN(after, ops::Chain::Bind({}, raw, statistics));
  }

  Prediction prediction(std::move(in_layout), std::move(out_layout), std::move(before), std::move(after));
  prediction.model_ = &model;
  prediction.network_ = &network;
  prediction.image_ = &image;
  prediction.network_dtype_ = network_dtype;
  prediction.output_ = DescribeOutput(out, prediction.out_layout_, plan, y, x, final_dtype);
  prediction.missing_ = std::move(missing);
  prediction.rules_y_ = y;
  prediction.rules_x_ = x;
  prediction.plan_ = std::move(plan);
  return prediction;
}

Result<ops::Chain> Prediction::BindPostprocessing(const ops::Statistics& statistics) const {
  const spec::TensorDescription& out = model_->outputs.front();
  const Shape shape = out_layout_.ShapeOf(output_.channels, plan_.y.write_step, plan_.x.write_step);
  return ops::Chain::Bind(out.ops, {out.id, AxisIds(out), shape, network_dtype_, out_layout_.TiledAxes()}, statistics)
      .Context("postprocessing of output " + out.id);
}

Result<Tensor> Prediction::ReadWindow(const RunContext& context, const tiling::Tile& tile) const {
  const image::BoundInfo& info = image_->info();
  TEGULA_ASSIGN_OR_RETURN(
      Tensor raw,
      Tensor::Allocate(info.dtype, in_layout_.ShapeOf(info.channels, tile.input.height(), tile.input.width()),
                       context.limits));
  const Box in_image{tile.input.y.Shifted(-plan_.y.pad_before), tile.input.x.Shifted(-plan_.x.pad_before)};
  const spec::PadDescription& pad = model_->inputs.front().pad;
  TEGULA_TRY(image_->ReadPadded(in_image, pad.mode, pad.value, in_layout_.PlanesOf(raw.view())));
  return raw;
}

Result<Tensor> Prediction::Postprocess(const RunContext& context, const tiling::Tile& tile, const Tensor& raw) const {
  const Shape expected = out_layout_.ShapeOf(output_.channels, plan_.y.window_output, plan_.x.window_output);
  if (raw.shape() != expected || raw.dtype() != network_dtype_)
    return InvalidError(fmt::format(
        "the network returns {} {} for output {}, but by its description a window gives {} {}", DTypeName(raw.dtype()),
        ToString(raw.shape()), output_.id, DTypeName(network_dtype_), ToString(expected)));
  const Shape used = out_layout_.ShapeOf(output_.channels, tile.use.height(), tile.use.width());
  TEGULA_ASSIGN_OR_RETURN(Tensor cropped, Tensor::Allocate(raw.dtype(), used, context.limits));
  ConvertCopy(out_layout_.PlanesOf(raw.view())
                  .Slice(1, tile.use.y.begin, tile.use.height())
                  .Slice(2, tile.use.x.begin, tile.use.width()),
              out_layout_.PlanesOf(cropped.view()));
  TEGULA_ASSIGN_OR_RETURN(Tensor result, Tensor::Allocate(after_.output_dtype(), used, context.limits));
  const Tensor& finished = cropped;
  TEGULA_TRY(after_.Run(finished.view(), result.view()));
  return result;
}

Result<StageSeconds> Prediction::Run(const RunContext& context, TileSink sink) const {
  const Shape window = network_shape();
  const DType ready = network_dtype();
  TEGULA_ASSIGN_OR_RETURN(const std::unique_ptr<engines::Session> session,
                          network_->NewSession(std::span(&window, 1), std::span(&ready, 1)));
  std::mutex session_mutex;
  Clock clock;
  std::atomic<std::int64_t> done{0};

  const auto predict = [&](const tiling::Tile& tile) -> Status {
    double since = MonotonicSeconds();
    TEGULA_ASSIGN_OR_RETURN(const Tensor raw, ReadWindow(context, tile));
    clock.Add(&StageSeconds::read, since);
    TEGULA_ASSIGN_OR_RETURN(Tensor input, Tensor::Allocate(ready, raw.shape(), context.limits));
    TEGULA_TRY(before_.Run(raw.view(), input.view()));
    clock.Add(&StageSeconds::preprocess, since);
    std::vector<Tensor> outputs;
    {
      const std::lock_guard lock(session_mutex);
      clock.Add(&StageSeconds::wait_for_network, since);
      if (context.stop.stop_requested()) return CancelledError();
      const ConstView view = input.view();
      TEGULA_ASSIGN_OR_RETURN(outputs, session->Run(std::span(&view, 1), context.stop));
      clock.Add(&StageSeconds::infer, since);
    }
    if (outputs.size() != 1)
      return InvalidError(
          fmt::format("the network returns {} tensors, but the model describes one output", outputs.size()));
    TEGULA_ASSIGN_OR_RETURN(const Tensor result, Postprocess(context, tile, outputs.front()));
    clock.Add(&StageSeconds::postprocess, since);
    TEGULA_TRY(sink(tile.write, out_layout_.PlanesOf(result.view())));
    clock.Add(&StageSeconds::write, since);
    context.progress.Update("predicting", ++done, plan_.tiles(), "tiles");
    return Ok();
  };
  const auto one = [&](std::int64_t index, int) -> Status {
    const tiling::Tile tile = plan_.tile(index);
    return predict(tile).Context(fmt::format("tile at y={} x={}", tile.write.y.begin, tile.write.x.begin));
  };
  TEGULA_TRY(ForEach(context.executor, plan_.tiles(), context.stop, one));
  return clock.total;
}

}  // namespace tegula::pipeline
