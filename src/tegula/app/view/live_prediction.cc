#include "tegula/app/view/live_prediction.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

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

// The command line that makes the same of the whole image.
std::string CommandOf(const LiveRequest& request, const std::string& tile, const PerAxis<std::int64_t>& frames) {
  const image::BindingRequest& binding = request.binding;
  std::string command;
  if (request.classifier) {
    command = fmt::format("tegula predict --classifier {} {} -o prediction", ShellWord(request.classifier->name),
                          ShellWord(request.image));
  } else {
    command = fmt::format("tegula predict {} {} -o prediction --tile {}", ShellWord(request.model),
                          ShellWord(request.image), tile);
    if (!binding.channels.empty()) command += " --channels " + ShellWord(Join(binding.channels, ","));
    if (binding.level) command += fmt::format(" --level {}", *binding.level);
    if (binding.pixel_size_um) command += fmt::format(" --pixel-size {}", *binding.pixel_size_um);
    if (binding.downsample) command += fmt::format(" --downsample {}", *binding.downsample);
    if (!request.output.empty()) command += " --outputs " + ShellWord(request.output);
  }
  // A stack that the model takes whole is predicted whole.
  if (frames[GridAxis::kZ] > 1) command += fmt::format(" --z {}", request.plane.z);
  if (frames[GridAxis::kT] > 1) command += fmt::format(" --t {}", request.plane.t);
  return command;
}

}  // namespace

Result<std::shared_ptr<LivePrediction>> LivePrediction::Open(const LiveRequest& request, const LivePrediction* other,
                                                             engines::Registry& registry, KeptWindows& kept,
                                                             const RunContext& lasting, const RunContext& context) {
  std::shared_ptr<LivePrediction> live(new LivePrediction(kept, lasting));
  if (other != nullptr) {
    live->model_ = other->model_;
  } else {
    TEGULA_ASSIGN_OR_RETURN(spec::Package package, OpenModel(request.model, request.engine.cache, lasting));
    live->model_ = std::make_shared<LiveModel>(LiveModel{std::move(package), std::nullopt});
  }
  TEGULA_TRY(live->Prepare(request, other, registry, context));
  return live;
}

// The steps of Predict (predict.cc), in its order.
Status LivePrediction::Prepare(const LiveRequest& request, const LivePrediction* other, engines::Registry& registry,
                               const RunContext& context) {
  const spec::ModelDescription& model = model_->package.description();
  image_ = request.image;
  plane_ = request.plane;
  const Classifier* const classifier = request.classifier ? &*request.classifier : nullptr;
  if (classifier != nullptr && other == nullptr)
    TEGULA_TRY(CheckPackage(TitleOf(*classifier), classifier->network, model_->package));
  const std::vector<std::string> ids = request.output.empty() ? std::vector<std::string>{model.outputs.front().id}
                                                              : std::vector<std::string>{request.output};
  TEGULA_ASSIGN_OR_RETURN(wanted_.outputs, pipeline::FindOutputs(model, ids));
  TEGULA_TRY(pipeline::CheckApplicable(model, wanted_.outputs));
  TEGULA_TRY(CheckIsLocal(model.outputs[wanted_.outputs.front()]));
  wanted_.tiling.border = spec::PadsByHalo(model) ? tiling::Border::kPad : tiling::Border::kNetwork;
  TEGULA_ASSIGN_OR_RETURN(normalisation_, Normalisation::Open("image", model, 1));
  image::Access access = AccessTo(context_);
  access.cache_bytes = request.cache_bytes;
  TEGULA_ASSIGN_OR_RETURN(feeds_, Feeds::Open(model, request.image, request.binding, {}, access));
  const auto frame = [&](GridAxis axis, std::int64_t plane) { return feeds_->frames()[axis] > 1 ? plane : 0; };
  TEGULA_TRY(app::CheckPlane(feeds_->leading().source->info(), request.plane.z, request.plane.t));
  TEGULA_ASSIGN_OR_RETURN(frame_,
                          feeds_->FrameAt(frame(GridAxis::kT, request.plane.t), frame(GridAxis::kZ, request.plane.z)));
  decisions_ = feeds_->leading().bound.info().decisions;
  if (!model_->proven) {
    context.progress.Update("choosing an engine", 0, 1, "engines");
    TEGULA_ASSIGN_OR_RETURN(model_->proven, SelectNetwork(model_->package, request.engine, registry, context));
  }
  if (classifier != nullptr)
    TEGULA_TRY(
        CheckSame(TitleOf(*classifier),
                  DifferencesTo(classifier->network,
                                NetworkOf(*model_->proven, model_->package.description_sha256(), request.engine))));
  decisions_.push_back(ProofOf(model_->proven->check));
  if (other != nullptr) {
    wanted_.tiling = other->wanted_.tiling;
    tile_words_ = other->tile_words_;
  } else {
    TEGULA_TRY(ChooseWindows(request, context));
  }
  command_ = CommandOf(request, tile_words_, feeds_->frames());
  if (classifier != nullptr && classifier->axes.empty())
    decisions_.push_back(
        fmt::format("windows: {} here; {} leaves them to where it is applied, where values agree as far "
                    "as tiles do, not bit by bit",
                    tile_words_, TitleOf(*classifier)));

  const bool wants_statistics = !ops::RequiredStatistics(model)->empty();
  const image::BoundInfo& info = feeds_->leading().bound.info();
  const bool has_pyramid = feeds_->leading().source->info().levels.size() > 1;
  if (wants_statistics && has_pyramid && info.height() * info.width() > kReadAtOnce) {
    std::vector<std::unique_ptr<image::BoundImage>> small;
    TEGULA_ASSIGN_OR_RETURN(statistics_, normalisation_->Of(context, Shrunk(kPreviewEdge, small)));
    is_preview_ = true;
  } else {
    TEGULA_ASSIGN_OR_RETURN(const tiling::TilePlan plan, pipeline::PlanFor(model, frame_.feeds, wanted_));
    TEGULA_ASSIGN_OR_RETURN(statistics_, normalisation_->Of(context, frame_.feeds, plan.is_patches()));
  }
  TEGULA_ASSIGN_OR_RETURN(
      exact_, LiveWindows::Bind(model, *model_->proven->network, frame_.feeds, statistics_, wanted_, kept_));
  return Ok();
}

// Windows that are soon there, named so that `predict` can be told to take the same.
Status LivePrediction::ChooseWindows(const LiveRequest& request, const RunContext& context) {
  const spec::ModelDescription& model = model_->package.description();
  tiling::TileRequest& tiling = wanted_.tiling;
  tiling.tile = request.tile;
  for (const GridAxis axis : {GridAxis::kY, GridAxis::kX})
    if (!tiling.tile[axis]) tiling.max_tile[axis] = kWindow;
  tiling::TileRequest measured = tiling;
  TEGULA_ASSIGN_OR_RETURN(const ContextDecision decision,
                          DecideContext(model_->package, *model_->proven, *feeds_, wanted_.outputs, request.engine,
                                        nullptr, MemoryBudget::Of(0), context, measured));
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
  return Ok();
}

std::vector<pipeline::InputFeed> LivePrediction::Shrunk(std::int64_t max_edge,
                                                        std::vector<std::unique_ptr<image::BoundImage>>& images) const {
  std::vector<pipeline::InputFeed> feeds = frame_.feeds;
  for (pipeline::InputFeed& feed : feeds) {
    if (feed.image == nullptr) continue;
    images.push_back(std::make_unique<image::BoundImage>(feed.image->Shrunk(max_edge)));
    feed.image = images.back().get();
  }
  return feeds;
}

Status LivePrediction::Settle(const RunContext& context) {
  if (!is_preview_) return Ok();
  TEGULA_ASSIGN_OR_RETURN(ops::Statistics statistics, normalisation_->Of(context, frame_.feeds));
  const Turns::Turn turn = turns_.Take([&]() { return context.stop.stop_requested(); });
  if (!turn) return CancelledError();
  if (!is_preview_) return Ok();  // by another that waited
  TEGULA_TRY(exact_->Rebind(model_->package.description(), *model_->proven->network, statistics, wanted_));
  statistics_ = std::move(statistics);
  const std::lock_guard lock(mutex_);
  for (const auto& [halvings, coarse] : coarse_) previews_of_before_ += coarse->windows->made();
  coarse_.clear();
  is_preview_ = false;
  ++generation_;
  return Ok();
}

double LivePrediction::pixel_y() const noexcept {
  return feeds_->leading().bound.info().downsample_y / output().scale[GridAxis::kY];
}
double LivePrediction::pixel_x() const noexcept {
  return feeds_->leading().bound.info().downsample_x / output().scale[GridAxis::kX];
}
double LivePrediction::origin_y() const noexcept {
  return feeds_->leading().bound.info().downsample_y * output().origin[GridAxis::kY];
}
double LivePrediction::origin_x() const noexcept {
  return feeds_->leading().bound.info().downsample_x * output().origin[GridAxis::kX];
}

std::int64_t LivePrediction::previews_made() const {
  const std::lock_guard lock(mutex_);
  std::int64_t made = previews_of_before_;
  for (const auto& [halvings, coarse] : coarse_) made += coarse->windows->made();
  return made;
}

bool LivePrediction::Has(LivePlane plane) const noexcept {
  const image::ImageInfo& info = feeds_->leading().source->info();
  if (plane.t < 0 || plane.z < 0 || plane.t >= info.size_t || plane.z >= info.size_z) return false;
  const PerAxis<std::int64_t>& frames = feeds_->frames();
  return (frames[GridAxis::kT] == 1 || plane.t == frame_.t) && (frames[GridAxis::kZ] == 1 || plane.z == frame_.z);
}

Status LivePrediction::CheckPlane(LivePlane plane) const {
  if (Has(plane)) return Ok();
  return InvalidError(fmt::format("this prediction does not have the plane z {} and t {} of the image; open one for it",
                                  plane.z, plane.t));
}

// Of the output the plane in which a plane of the image lies. Planes that went together into one have that one.
std::int64_t LivePrediction::OutputPlane(GridAxis axis, std::int64_t of_image) const noexcept {
  if (feeds_->frames()[axis] > 1) return 0;
  const pipeline::OutputInfo& info = output();
  const double middle = static_cast<double>(of_image) + 0.5 - info.origin[axis];
  const auto plane = static_cast<std::int64_t>(std::floor(middle * info.scale[axis]));
  return std::clamp<std::int64_t>(plane, 0, info.size[axis] - 1);
}

Result<Tensor> LivePrediction::Values(const Box& box, LivePlane plane, const std::function<bool()>& is_gone) {
  TEGULA_TRY(CheckPlane(plane));
  const Box whole{{0, output().height()}, {0, output().width()}};
  if (box.empty() || !whole.Contains(box) || box.area() > kMostPixels)
    return InvalidError(
        fmt::format("the prediction has {} x {} pixels (width x height), of which at most {} are given "
                    "at once, so there is no box x {} to {}, y {} to {}",
                    whole.width(), whole.height(), kMostPixels, box.x.begin, box.x.end, box.y.begin, box.y.end));
  return exact_->Values(box, OutputPlane(GridAxis::kT, plane.t), OutputPlane(GridAxis::kZ, plane.z),
                        {turns_, sessions_, context_, is_gone});
}

Result<Tensor> LivePrediction::Tile(int level, std::int64_t tile_y, std::int64_t tile_x, LivePlane plane,
                                    const std::function<bool()>& is_gone) {
  const std::int64_t height = output().height(), width = output().width();
  const int levels = ShownLevels(height, width);
  TEGULA_ASSIGN_OR_RETURN(const Box box, ShownBox(height, width, level, tile_y, tile_x));
  const std::int64_t step = std::int64_t{1} << (levels - 1 - level);
  if (box.area() * step * step > kMostPixels)
    return UnsupportedError("this is too much to predict at once; look closer");
  const Box of{{box.y.begin * step, std::min(height, box.y.end * step)},
               {box.x.begin * step, std::min(width, box.x.end * step)}};
  TEGULA_ASSIGN_OR_RETURN(const Tensor values_cyx, Values(of, plane, is_gone));
  TEGULA_ASSIGN_OR_RETURN(Tensor floats_cyx, Tensor::Allocate(DType::kF32, values_cyx.shape()));
  ConvertCopy(values_cyx.view(), floats_cyx.view());
  if (step == 1) return floats_cyx;
  TEGULA_ASSIGN_OR_RETURN(Tensor means_cyx,
                          Tensor::Allocate(DType::kF32, {output().channels, box.height(), box.width()}));
  const image::AxisGrid y{of.height(), box.height(), static_cast<double>(step)};
  const image::AxisGrid x{of.width(), box.width(), static_cast<double>(step)};
  const auto read = [&](const Box& part, const View& out_cyx) -> Status {
    ConvertCopy(floats_cyx.view().Slice(1, part.y.begin, part.height()).Slice(2, part.x.begin, part.width()), out_cyx);
    return Ok();
  };
  TEGULA_TRY(image::Resample(y, x, {{0, box.height()}, {0, box.width()}}, read, means_cyx.view()));
  return means_cyx;
}

Result<std::shared_ptr<LivePrediction::Coarse>> LivePrediction::CoarseAt(int halvings,
                                                                         const std::function<bool()>& is_gone) {
  const auto find = [&]() -> std::shared_ptr<Coarse> {
    const std::lock_guard lock(mutex_);
    const auto found = coarse_.find(halvings);
    return found == coarse_.end() ? nullptr : found->second;
  };
  if (std::shared_ptr<Coarse> coarse = find()) return coarse;
  const Turns::Turn turn = turns_.Take(is_gone);
  if (!turn) return CancelledError();
  if (std::shared_ptr<Coarse> coarse = find()) return coarse;
  const image::BoundInfo& info = feeds_->leading().bound.info();
  const double longer = std::max(static_cast<double>(info.height()), static_cast<double>(info.width()));
  const auto edge = static_cast<std::int64_t>(std::ceil(std::ldexp(longer, -halvings)));
  const auto coarse = std::make_shared<Coarse>();
  const std::vector<pipeline::InputFeed> feeds = Shrunk(edge, coarse->images);
  TEGULA_ASSIGN_OR_RETURN(coarse->windows, LiveWindows::Bind(model_->package.description(), *model_->proven->network,
                                                             feeds, statistics_, wanted_, kept_));
  const image::BoundInfo& small = coarse->images.front()->info();
  coarse->step_y = small.downsample_y / info.downsample_y;
  coarse->step_x = small.downsample_x / info.downsample_x;
  const std::lock_guard lock(mutex_);
  coarse_[halvings] = coarse;
  return coarse;
}

Result<Tensor> LivePrediction::Preview(int level, std::int64_t tile_y, std::int64_t tile_x, LivePlane plane,
                                       const std::function<bool()>& is_gone) {
  TEGULA_TRY(CheckPlane(plane));
  const int levels = ShownLevels(output().height(), output().width()), halvings = levels - 1 - level;
  TEGULA_ASSIGN_OR_RETURN(const Box box, ShownBox(output().height(), output().width(), level, tile_y, tile_x));
  if (!has_previews() || halvings < 1 || halvings > kMostHalvings)
    return UnsupportedError(fmt::format("there is no preview of level {}; ask for its tile", level));
  TEGULA_ASSIGN_OR_RETURN(const std::shared_ptr<Coarse> coarse, CoarseAt(halvings, is_gone));
  const pipeline::OutputInfo& info = coarse->windows->output();
  TEGULA_ASSIGN_OR_RETURN(Tensor values_cyx, Tensor::Allocate(DType::kF32, {info.channels, box.height(), box.width()}));
  for (float& value : values_cyx.values<float>()) value = std::numeric_limits<float>::quiet_NaN();
  // Where the preview's first pixel begins, to its nearest pixel: valid convolutions lose more of a coarser image.
  const auto offset = [&](GridAxis axis, double step) {
    return std::llround((info.origin[axis] * step - output().origin[axis]) * output().scale[axis] / step);
  };
  const std::int64_t dy = offset(GridAxis::kY, coarse->step_y), dx = offset(GridAxis::kX, coarse->step_x);
  const Box there{box.y.Shifted(-dy), box.x.Shifted(-dx)};
  const Box part = Intersect(there, Box{{0, info.height()}, {0, info.width()}});
  if (part.empty()) return values_cyx;
  TEGULA_ASSIGN_OR_RETURN(const Tensor made_cyx, coarse->windows->Values(part, OutputPlane(GridAxis::kT, plane.t),
                                                                         OutputPlane(GridAxis::kZ, plane.z),
                                                                         {turns_, sessions_, context_, is_gone}));
  ConvertCopy(made_cyx.view(), values_cyx.view()
                                   .Slice(1, part.y.begin - there.y.begin, part.height())
                                   .Slice(2, part.x.begin - there.x.begin, part.width()));
  return values_cyx;
}

}  // namespace tegula::app
