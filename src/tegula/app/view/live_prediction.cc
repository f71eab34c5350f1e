#include "tegula/app/view/live_prediction.h"

#include <fmt/format.h>

#include <algorithm>

#include "tegula/app/context.h"
#include "tegula/app/image_access.h"
#include "tegula/app/image_run.h"
#include "tegula/app/model_source.h"
#include "tegula/app/select.h"
#include "tegula/app/view/rendering.h"
#include "tegula/core/shell_word.h"
#include "tegula/core/text.h"
#include "tegula/spec/object_output.h"
#include "tegula/spec/sizes.h"
#include "tegula/tensor/kernels.h"

namespace tegula::app {
namespace {

constexpr std::int64_t kPreviewEdge = 1024;
constexpr std::int64_t kReadAtOnce = std::int64_t{4096} * 2048;  // pixels of which the statistics are taken at once

// Of outputs that follow from the whole image there is no part.
Status CheckIsLocal(const spec::TensorDescription& output) {
  if (const auto objects = spec::FindObjectOps(output))
    return UnsupportedError(
        fmt::format("{} makes the objects of output {} of the whole prediction, so there is no part of it to look at; "
                    "run `tegula predict` on the image",
                    spec::OpId(*objects->op), output.id));
  return Ok();
}

Status CheckIsLocal(const pipeline::Prediction& prediction) {
  if (!prediction.needs_second_pass()) return Ok();
  return UnsupportedError(fmt::format(
      "output {} is normalised by statistics of the whole prediction, so there is no part of it to look at; "
      "run `tegula predict` on the image",
      prediction.output().id));
}

// The command line that makes the same of the whole image.
std::string CommandOf(const LiveRequest& request, const PerAxis<std::int64_t>& frames, const std::string& tile) {
  const image::BindingRequest& binding = request.binding;
  std::string command = fmt::format("tegula predict {} {} -o prediction --tile {}", ShellWord(request.model),
                                    ShellWord(request.image), tile);
  if (!binding.channels.empty()) command += " --channels " + ShellWord(Join(binding.channels, ","));
  if (binding.pixel_size_um) command += fmt::format(" --pixel-size {}", *binding.pixel_size_um);
  if (!request.output.empty()) command += " --outputs " + ShellWord(request.output);
  if (frames[GridAxis::kZ] > 1) command += fmt::format(" --z {}", request.z);
  if (frames[GridAxis::kT] > 1) command += fmt::format(" --t {}", request.t);
  return command;
}

Box BoxOf(const Block& block) { return {block[GridAxis::kY], block[GridAxis::kX]}; }

}  // namespace

Result<std::shared_ptr<LivePrediction>> LivePrediction::Open(const LiveRequest& request, engines::Registry& registry,
                                                             const RunContext& lasting, const RunContext& context) {
  TEGULA_ASSIGN_OR_RETURN(spec::Package package, OpenModel(request.model, request.engine.cache, lasting));
  std::shared_ptr<LivePrediction> live(new LivePrediction(std::move(package), lasting));
  TEGULA_TRY(live->Prepare(request, registry, context));
  return live;
}

// The steps of Predict (predict.cc), in its order.
Status LivePrediction::Prepare(const LiveRequest& request, engines::Registry& registry, const RunContext& context) {
  const spec::ModelDescription& model = package_.description();
  image_ = request.image;
  const std::vector<std::string> ids = request.output.empty() ? std::vector<std::string>{model.outputs.front().id}
                                                              : std::vector<std::string>{request.output};
  TEGULA_ASSIGN_OR_RETURN(wanted_.outputs, pipeline::FindOutputs(model, ids));
  TEGULA_TRY(pipeline::CheckApplicable(model, wanted_.outputs));
  TEGULA_TRY(CheckIsLocal(model.outputs[wanted_.outputs.front()]));
  wanted_.tiling.border = spec::PadsByHalo(model) ? tiling::Border::kPad : tiling::Border::kNetwork;
  TEGULA_ASSIGN_OR_RETURN(normalisation_, Normalisation::Open("image", model, 1));
  TEGULA_ASSIGN_OR_RETURN(feeds_, Feeds::Open(model, request.image, request.binding, {}, AccessTo(context_)));
  if (request.t >= feeds_->frames()[GridAxis::kT] || request.z >= feeds_->frames()[GridAxis::kZ])
    return UnsupportedError("the prediction of stacks is shown for their first planes only");
  TEGULA_ASSIGN_OR_RETURN(frame_, feeds_->FrameAt(request.t, request.z));
  decisions_ = feeds_->leading().bound.info().decisions;
  context.progress.Update("choosing an engine", 0, 1, "engines");
  TEGULA_ASSIGN_OR_RETURN(proven_, SelectNetwork(package_, request.engine, registry, context));
  decisions_.push_back(ProofOf(proven_->check));
  TEGULA_TRY(ChooseWindows(request, context));

  const bool wants_statistics = !ops::RequiredStatistics(model)->empty();
  const image::BoundInfo& info = feeds_->leading().bound.info();
  const bool has_pyramid = feeds_->leading().source->info().levels.size() > 1;
  if (wants_statistics && has_pyramid && info.height() * info.width() > kReadAtOnce) {
    std::vector<std::unique_ptr<image::BoundImage>> small;
    std::vector<pipeline::InputFeed> feeds = frame_.feeds;
    for (pipeline::InputFeed& feed : feeds) {
      if (feed.image == nullptr) continue;
      small.push_back(std::make_unique<image::BoundImage>(feed.image->Shrunk(kPreviewEdge)));
      feed.image = small.back().get();
    }
    TEGULA_ASSIGN_OR_RETURN(const ops::Statistics statistics, normalisation_->Of(context, feeds));
    is_preview_ = true;
    return Bind(statistics);
  }
  TEGULA_ASSIGN_OR_RETURN(const tiling::TilePlan plan, pipeline::PlanFor(model, frame_.feeds, wanted_));
  TEGULA_ASSIGN_OR_RETURN(const ops::Statistics statistics,
                          normalisation_->Of(context, frame_.feeds, plan.is_patches()));
  return Bind(statistics);
}

// Windows that are soon there, named so that `predict` can be told to take the same.
Status LivePrediction::ChooseWindows(const LiveRequest& request, const RunContext& context) {
  const spec::ModelDescription& model = package_.description();
  tiling::TileRequest& tiling = wanted_.tiling;
  for (const GridAxis axis : {GridAxis::kY, GridAxis::kX}) tiling.max_tile[axis] = kWindow;
  tiling::TileRequest measured = tiling;
  TEGULA_ASSIGN_OR_RETURN(const ContextDecision decision,
                          DecideContext(package_, *proven_, *feeds_, wanted_.outputs, request.engine, nullptr,
                                        MemoryBudget::Of(0), context, measured));
  if (!decision.warning.empty()) decisions_.push_back(decision.warning);
  Result<tiling::TilePlan> plan = pipeline::PlanFor(model, frame_.feeds, {wanted_.outputs, measured});
  if (!plan.ok()) {
    // The context does not leave room in such a window.
    for (const GridAxis axis : {GridAxis::kY, GridAxis::kX}) measured.max_tile[axis].reset();
    plan = pipeline::PlanFor(model, frame_.feeds, {wanted_.outputs, measured});
    TEGULA_TRY(plan);
  }
  tiling = measured;
  TEGULA_ASSIGN_OR_RETURN(const tiling::ModelGrid grid, tiling::GridOf(model, wanted_.outputs, tiling));
  for (const GridAxis axis : kGridAxes) {
    tiling.max_tile[axis].reset();
    if (!grid.axes[axis]) continue;
    tiling.tile[axis] = plan->axes[axis].window;
    tile_words_ += fmt::format("{}{}={}", tile_words_.empty() ? "" : ",", GridAxisName(axis), plan->axes[axis].window);
  }
  command_ = CommandOf(request, feeds_->frames(), tile_words_);
  return Ok();
}

Status LivePrediction::Bind(const ops::Statistics& statistics) {
  Bound bound;
  TEGULA_ASSIGN_OR_RETURN(bound.prediction, pipeline::Prediction::Bind(package_.description(), *proven_->network,
                                                                       frame_.feeds, statistics, wanted_));
  TEGULA_TRY(CheckIsLocal(*bound.prediction));
  if (bound_.session) {
    bound.session = std::move(bound_.session);  // of the same shapes
  } else {
    TEGULA_ASSIGN_OR_RETURN(bound.session, bound.prediction->NewSession());
  }
  if (!output_) {
    output_ = bound.prediction->values();
    const tiling::TilePlan& plan = bound.prediction->plan();
    for (std::int64_t i = 0; i < plan.tiles(); ++i) writes_.push_back(plan.tile(i).pieces.front().write);
  }
  bound_ = std::move(bound);
  return Ok();
}

Status LivePrediction::Settle(const RunContext& context) {
  if (!is_preview_) return Ok();
  TEGULA_ASSIGN_OR_RETURN(const ops::Statistics statistics, normalisation_->Of(context, frame_.feeds));
  const Turns::Turn turn = turns_.Take([&]() { return context.stop.stop_requested(); });
  if (!turn) return CancelledError();
  TEGULA_TRY(Bind(statistics));
  const std::lock_guard lock(mutex_);
  kept_.clear();
  order_.clear();
  kept_bytes_ = 0;
  is_preview_ = false;
  ++generation_;
  return Ok();
}

double LivePrediction::pixel_y() const noexcept {
  return feeds_->leading().bound.info().downsample_y / output_->scale[GridAxis::kY];
}
double LivePrediction::pixel_x() const noexcept {
  return feeds_->leading().bound.info().downsample_x / output_->scale[GridAxis::kX];
}
double LivePrediction::origin_y() const noexcept {
  return feeds_->leading().bound.info().downsample_y * output_->origin[GridAxis::kY];
}
double LivePrediction::origin_x() const noexcept {
  return feeds_->leading().bound.info().downsample_x * output_->origin[GridAxis::kX];
}

std::vector<std::size_t> LivePrediction::WindowsOf(const Box& box) const {
  std::vector<std::size_t> windows;
  for (std::size_t i = 0; i < writes_.size(); ++i) {
    // Of a stack that the model takes whole the first plane is shown.
    const bool is_first = (writes_[i][GridAxis::kZ].begin == 0 && writes_[i][GridAxis::kT].begin == 0);
    if (is_first && !Intersect(BoxOf(writes_[i]), box).empty()) windows.push_back(i);
  }
  return windows;
}

LivePrediction::Window LivePrediction::Kept(std::size_t window) {
  const std::lock_guard lock(mutex_);
  const auto found = kept_.find(window);
  if (found == kept_.end()) return nullptr;
  order_.splice(order_.begin(), order_, found->second.second);
  return found->second.first;
}

void LivePrediction::Keep(std::size_t window, Window made) {
  const std::lock_guard lock(mutex_);
  kept_bytes_ += made->bytes();
  order_.push_front(window);
  kept_[window] = {std::move(made), order_.begin()};
  while (kept_bytes_ > kKeptBytes && order_.size() > 1) {
    const auto oldest = kept_.find(order_.back());
    kept_bytes_ -= oldest->second.first->bytes();
    kept_.erase(oldest);
    order_.pop_back();
  }
}

Result<LivePrediction::Window> LivePrediction::Make(std::size_t window, const std::function<bool()>& is_gone) {
  if (Window kept = Kept(window)) return kept;
  const Turns::Turn turn = turns_.Take(is_gone);
  if (!turn) return CancelledError();
  if (Window kept = Kept(window)) return kept;  // made while this one waited
  const pipeline::Prediction& prediction = *bound_.prediction;
  const tiling::Tile wanted = prediction.plan().tile(static_cast<std::int64_t>(window));
  std::shared_ptr<Tensor> made;
  const auto take = [&](std::size_t, const Block&, const ConstView& use_tczyx) -> Status {
    const Shape& shape = use_tczyx.shape();
    const ConstView plane = use_tczyx.Slice(0, 0, 1).Slice(2, 0, 1);
    TEGULA_ASSIGN_OR_RETURN(Tensor values_cyx, Tensor::Allocate(plane.dtype(), {shape[1], shape[3], shape[4]}));
    ConvertCopy(ConstView(plane.data(), plane.dtype(), {shape[1], shape[3], shape[4]},
                          {plane.strides()[1], plane.strides()[3], plane.strides()[4]}),
                values_cyx.view());
    made = std::make_shared<Tensor>(std::move(values_cyx));
    return Ok();
  };
  SilentProgress silent;
  const SerialExecutor here;
  const RunContext context{here, silent, context_.stop, context_.limits, context_.offline};
  const auto state_of = [&](const tiling::Tile& tile) {
    return tile.input == wanted.input ? pipeline::TileState::kMissing : pipeline::TileState::kNotAsked;
  };
  ++windows_made_;
  TEGULA_TRY(prediction.Run(context, *bound_.session, state_of, take));
  Keep(window, made);
  return Window(std::move(made));
}

Result<Tensor> LivePrediction::Values(const Box& box, const std::function<bool()>& is_gone) {
  const Box whole{{0, output_->height()}, {0, output_->width()}};
  if (box.empty() || !whole.Contains(box) || box.area() > kMostPixels)
    return InvalidError(
        fmt::format("the prediction has {} x {} pixels (width x height), of which at most {} are given "
                    "at once, so there is no box x {} to {}, y {} to {}",
                    whole.width(), whole.height(), kMostPixels, box.x.begin, box.x.end, box.y.begin, box.y.end));
  TEGULA_ASSIGN_OR_RETURN(Tensor values_cyx,
                          Tensor::Allocate(output_->dtype, {output_->channels, box.height(), box.width()}));
  for (const std::size_t number : WindowsOf(box)) {
    TEGULA_ASSIGN_OR_RETURN(const Window window, Make(number, is_gone));
    const Box from = BoxOf(writes_[number]), part = Intersect(from, box);
    const auto crop = [&](auto view, const Box& of) {
      return view.Slice(1, part.y.begin - of.y.begin, part.height()).Slice(2, part.x.begin - of.x.begin, part.width());
    };
    ConvertCopy(crop(window->view(), from), crop(values_cyx.view(), box));
  }
  return values_cyx;
}

Result<Tensor> LivePrediction::Tile(int level, std::int64_t tile_y, std::int64_t tile_x,
                                    const std::function<bool()>& is_gone) {
  const std::int64_t height = output_->height(), width = output_->width();
  const int levels = ShownLevels(height, width);
  TEGULA_ASSIGN_OR_RETURN(const Box box, ShownBox(height, width, level, tile_y, tile_x));
  const std::int64_t step = std::int64_t{1} << (levels - 1 - level);
  if (box.area() * step * step > kMostPixels)
    return UnsupportedError("this is too much to predict at once; look closer");
  const Box of{{box.y.begin * step, std::min(height, box.y.end * step)},
               {box.x.begin * step, std::min(width, box.x.end * step)}};
  TEGULA_ASSIGN_OR_RETURN(const Tensor values_cyx, Values(of, is_gone));
  TEGULA_ASSIGN_OR_RETURN(Tensor floats_cyx, Tensor::Allocate(DType::kF32, values_cyx.shape()));
  ConvertCopy(values_cyx.view(), floats_cyx.view());
  if (step == 1) return floats_cyx;
  TEGULA_ASSIGN_OR_RETURN(Tensor means_cyx,
                          Tensor::Allocate(DType::kF32, {output_->channels, box.height(), box.width()}));
  const image::AxisGrid y{of.height(), box.height(), static_cast<double>(step)};
  const image::AxisGrid x{of.width(), box.width(), static_cast<double>(step)};
  const auto read = [&](const Box& part, const View& out_cyx) -> Status {
    ConvertCopy(floats_cyx.view().Slice(1, part.y.begin, part.height()).Slice(2, part.x.begin, part.width()), out_cyx);
    return Ok();
  };
  TEGULA_TRY(image::Resample(y, x, {{0, box.height()}, {0, box.width()}}, read, means_cyx.view()));
  return means_cyx;
}

}  // namespace tegula::app
