#include <fmt/format.h>

#include <algorithm>

#include "tegula/pipeline/prediction.h"
#include "tegula/pipeline/prediction_clock.h"
#include "tegula/pipeline/whole.h"
#include "tegula/spec/object_output.h"
#include "tegula/tensor/kernels.h"

namespace tegula::pipeline {
namespace {

bool TakesAnyBatch(const spec::TensorDescription& tensor, int axis) {
  return axis >= 0 && !std::holds_alternative<spec::FixedSize>(tensor.axes[static_cast<std::size_t>(axis)].size);
}

}  // namespace

// A patch of a window: its place, and what is known of it alone.
struct Prediction::Patch {
  PerAxis<std::int64_t> number = {};  // within the window; 0 along axes without patches
  ops::Statistics statistics;
};

std::int64_t Prediction::BatchOf(std::span<const InputFeed> feeds, std::int64_t most) const {
  std::int64_t patches = 1;
  for (const tiling::AxisPlan& axis : plan_.axes.of) patches *= axis.is_patches() ? axis.outputs.front().window : 1;
  for (std::size_t i = 0; i < feeds.size(); ++i) {
    const int axis = BatchAxisOf(model_->inputs[i]);
    if (!TakesAnyBatch(model_->inputs[i], axis)) return 1;
    if (i >= network_->inputs().size()) continue;
    const engines::Port& port = network_->inputs()[i];
    if (port.has_shape && axis < port.shape.rank() && port.shape[axis] >= 0) return port.shape[axis];
  }
  for (const spec::TensorDescription& output : model_->outputs)
    if (!TakesAnyBatch(output, BatchAxisOf(output))) return 1;
  return std::min(patches, most);
}

// So that all that can be wrong with ops is found before the first patch.
Result<ops::Statistics> Prediction::WithStandInsOfPatches(std::span<const InputFeed> feeds,
                                                          const ops::Statistics& statistics) {
  given_ = statistics;
  of_patch_.clear();
  TEGULA_ASSIGN_OR_RETURN(const std::vector<ops::StatisticRequest> requests, ops::RequiredStatistics(*model_));
  ops::Statistics known = statistics;
  for (const ops::StatisticRequest& request : requests) {
    if (statistics.Find(request).ok()) continue;
    Shape kept;
    const auto add = [&](const spec::TensorDescription& tensor, std::int64_t channels) {
      std::vector<std::int64_t> sizes;
      for (std::size_t a = 0; a < tensor.axes.size(); ++a)
        sizes.push_back(!request.reduced[a] && tensor.axes[a].type == spec::AxisType::kChannel ? channels : 1);
      kept = Shape(sizes);
    };
    for (std::size_t i = 0; i < feeds.size(); ++i)
      if (model_->inputs[i].id == request.tensor_id)
        add(model_->inputs[i], feeds[i].image != nullptr ? feeds[i].image->info().channels : 1);
    for (const spec::TensorDescription& output : model_->outputs)
      if (output.id == request.tensor_id) add(output, std::max<std::int64_t>(1, spec::NetworkChannels(output)));
    of_patch_.push_back(request);
    known.Set({request, kept, std::vector<double>(static_cast<std::size_t>(kept.elements()), 1.0)});
  }
  return known;
}

Status Prediction::PreparePatch(const Input& input, std::size_t index, const ConstView& window, Patch& patch,
                                const View& ready) const {
  Block where;
  for (const GridAxis axis : kGridAxes) {
    const tiling::InputRule& rule = grid_.inputs[index][axis];
    const std::int64_t begin = rule.has_axis ? rule.scale.Floor(patch.number[axis] * plan_.axes[axis].stride) : 0;
    where[axis] = {begin, begin + input.network[axis]};
  }
  // Ops and statistics take tensors in model order, so the pixels of the patch are put together.
  TEGULA_ASSIGN_OR_RETURN(
      Tensor pixels,
      Tensor::Allocate(window.dtype(), input.layout.ShapeOf(input.feed.image->info().channels, input.network)));
  ConvertCopy(Crop(input.layout.ImageOf(window), where), input.layout.ImageOf(pixels.view()));
  const Tensor& raw = pixels;
  if (of_patch_.empty()) return input.before->Run(raw.view(), ready);
  TEGULA_TRY(AddStatistics(of_patch_, input.description->id, raw.view(), patch.statistics));
  TEGULA_ASSIGN_OR_RETURN(const ops::Chain chain, ops::Chain::Bind(input.description->ops,
                                                                   {input.description->id, AxisIds(*input.description),
                                                                    raw.shape(), raw.dtype()},
                                                                   patch.statistics));
  return chain.Run(raw.view(), ready);
}

Status Prediction::FinishPatch(const Output& output, const ConstView& raw, Patch& patch, const View& map,
                               const Block& use) const {
  const Shape& shape = raw.shape();
  TEGULA_ASSIGN_OR_RETURN(Tensor finished, Tensor::Allocate(output.info.dtype, shape));
  if (of_patch_.empty()) {
    TEGULA_TRY(output.after->Run(raw, finished.view()));
  } else {
    TEGULA_TRY(AddStatistics(of_patch_, output.info.id, raw, patch.statistics));
    TEGULA_ASSIGN_OR_RETURN(
        const ops::Chain chain,
        ops::Chain::Bind(output.description->ops,
                         {output.info.id, AxisIds(*output.description), shape, output.raw_dtype}, patch.statistics));
    TEGULA_TRY(chain.Run(raw, finished.view()));
  }
  Block to;
  for (const GridAxis axis : kGridAxes) {
    const std::int64_t at = patch.number[axis];
    to[axis] = plan_.axes[axis].is_patches() ? Interval{at, at + 1} : Interval{0, use[axis].size()};
  }
  const Tensor& values = finished;
  ConvertCopy(Crop(output.layout.ImageOf(values.view()), use), Crop(map, to));
  return Ok();
}

Status Prediction::PredictPatches(const RunContext& context, engines::Session& session, std::mutex& session_mutex,
                                  Clock& clock, const tiling::Tile& tile, TileSink sink) const {
  double since = MonotonicSeconds();
  std::vector<Tensor> windows(inputs_.size()), batch(inputs_.size());
  std::vector<ConstView> views;
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (inputs_[i].before) {
      TEGULA_ASSIGN_OR_RETURN(windows[i], ReadInput(context, inputs_[i], tile));
      TEGULA_ASSIGN_OR_RETURN(batch[i], Tensor::Allocate(dtypes_[i], shapes_[i], context.limits));
    }
    const Tensor& ready = inputs_[i].before ? batch[i] : inputs_[i].constant;
    views.push_back(ready.view());
  }
  clock.Add(&StageSeconds::read, since);

  // All outputs have the same patches; those that are only there to fill the last window are left out.
  std::vector<Tensor> maps;
  for (std::size_t o = 0; o < outputs_.size(); ++o) {
    const PerAxis<std::int64_t> size = SizeOf(tile.pieces[o].write);
    TEGULA_ASSIGN_OR_RETURN(Tensor map,
                            Tensor::Allocate(outputs_[o].info.dtype,
                                             Shape{size[GridAxis::kT], outputs_[o].info.channels, size[GridAxis::kZ],
                                                   size[GridAxis::kY], size[GridAxis::kX]},
                                             context.limits));
    maps.push_back(std::move(map));
  }
  std::vector<Patch> patches(1, Patch{.number = {}, .statistics = given_});
  for (const GridAxis axis : kGridAxes) {
    if (!plan_.axes[axis].is_patches()) continue;
    std::vector<Patch> product;
    for (const Patch& patch : patches)
      for (std::int64_t n = 0; n < tile.pieces.front().write[axis].size(); ++n) {
        product.push_back(patch);
        product.back().number[axis] = n;
      }
    patches = std::move(product);
  }

  for (std::size_t first = 0; first < patches.size(); first += static_cast<std::size_t>(batch_)) {
    const std::size_t count = std::min(static_cast<std::size_t>(batch_), patches.size() - first);
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      if (!inputs_[i].before) continue;
      const View ready = batch[i].view();
      const Tensor& window = windows[i];
      for (std::size_t b = 0; b < count; ++b)
        TEGULA_TRY(PreparePatch(
            inputs_[i], i, window.view(), patches[first + b],
            inputs_[i].batch_axis < 0 ? ready : ready.Slice(inputs_[i].batch_axis, static_cast<std::int64_t>(b), 1)));
    }
    clock.Add(&StageSeconds::preprocess, since);
    std::vector<Tensor> raw;
    {
      const std::lock_guard lock(session_mutex);
      clock.Add(&StageSeconds::wait_for_network, since);
      if (context.stop.stop_requested()) return CancelledError();
      TEGULA_ASSIGN_OR_RETURN(raw, session.Run(views, context.stop));
      clock.Add(&StageSeconds::infer, since);
    }
    if (raw.size() != model_->outputs.size())
      return InvalidError(fmt::format("the network returns {} tensors, but the model describes {} outputs", raw.size(),
                                      model_->outputs.size()));
    for (std::size_t o = 0; o < outputs_.size(); ++o) {
      const Output& output = outputs_[o];
      const Tensor& all = raw[output.info.index];
      Block use = tile.pieces[o].use;
      for (const GridAxis axis : kGridAxes)
        if (plan_.axes[axis].is_patches()) use[axis] = {0, 1};
      PerAxis<std::int64_t> seen = plan_.window_of(o);
      for (const GridAxis axis : kGridAxes)
        if (plan_.axes[axis].is_patches()) seen[axis] = 1;
      Shape expected = output.layout.ShapeOf(output.info.channels, seen);
      if (output.batch_axis >= 0) expected[output.batch_axis] = batch_;
      if (all.shape() != expected || all.dtype() != output.raw_dtype)
        return InvalidError(
            fmt::format("the network returns {} {} for output {}, but by its description {} patches give {} {}",
                        DTypeName(all.dtype()), ToString(all.shape()), output.info.id, batch_,
                        DTypeName(output.raw_dtype), ToString(expected)));
      for (std::size_t b = 0; b < count; ++b)
        TEGULA_TRY(FinishPatch(
            output,
            output.batch_axis < 0 ? all.view() : all.view().Slice(output.batch_axis, static_cast<std::int64_t>(b), 1),
            patches[first + b], maps[o].view(), use));
    }
    clock.Add(&StageSeconds::postprocess, since);
  }
  for (std::size_t o = 0; o < outputs_.size(); ++o) {
    const Tensor& map = maps[o];
    TEGULA_TRY(sink(o, tile.pieces[o].write, map.view()));
  }
  clock.Add(&StageSeconds::write, since);
  return Ok();
}

}  // namespace tegula::pipeline
