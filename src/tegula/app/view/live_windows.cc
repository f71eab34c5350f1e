#include "tegula/app/view/live_windows.h"

#include <fmt/format.h>

#include "tegula/tensor/kernels.h"

namespace tegula::app {
namespace {

// Of outputs that follow from the whole image there is no part.
Status CheckIsLocal(const pipeline::Prediction& prediction) {
  if (!prediction.needs_second_pass()) return Ok();
  return UnsupportedError(fmt::format(
      "output {} is normalised by statistics of the whole prediction, so there is no part of it to look at; "
      "run `tegula predict` on the image",
      prediction.output().id));
}

}  // namespace

Result<engines::Session*> LiveSessions::For(const pipeline::Prediction& prediction) {
  for (const auto& [shapes, session] : rows_)
    if (shapes == prediction.network_shapes()) return session.get();
  TEGULA_ASSIGN_OR_RETURN(std::unique_ptr<engines::Session> session, prediction.NewSession());
  if (rows_.size() == kMost) rows_.erase(rows_.begin());
  rows_.emplace_back(prediction.network_shapes(), std::move(session));
  return rows_.back().second.get();
}

Result<std::unique_ptr<LiveWindows>> LiveWindows::Bind(const spec::ModelDescription& model,
                                                       const engines::Network& network,
                                                       std::vector<pipeline::InputFeed> feeds,
                                                       const ops::Statistics& statistics,
                                                       const pipeline::PredictionRequest& wanted, KeptWindows& kept) {
  std::unique_ptr<LiveWindows> live(new LiveWindows(std::move(feeds), kept));
  TEGULA_TRY(live->Rebind(model, network, statistics, wanted));
  live->output_ = live->prediction_->values();
  const tiling::TilePlan& plan = live->prediction_->plan();
  for (std::int64_t i = 0; i < plan.tiles(); ++i) live->writes_.push_back(plan.tile(i).pieces.front().write);
  return live;
}

Status LiveWindows::Rebind(const spec::ModelDescription& model, const engines::Network& network,
                           const ops::Statistics& statistics, const pipeline::PredictionRequest& wanted) {
  TEGULA_ASSIGN_OR_RETURN(pipeline::Prediction prediction,
                          pipeline::Prediction::Bind(model, network, feeds_, statistics, wanted));
  TEGULA_TRY(CheckIsLocal(prediction));
  prediction_.emplace(std::move(prediction));
  kept_.Forget(owner_);
  return Ok();
}

// All planes of a window are kept: who looks at one of a stack soon looks at the next.
Result<KeptWindows::Window> LiveWindows::Make(std::size_t window, const Maker& maker) {
  if (KeptWindows::Window kept = kept_.Find(owner_, window)) return kept;
  const Turns::Turn turn = maker.turns.Take(maker.is_gone);
  if (!turn) return CancelledError();
  if (KeptWindows::Window kept = kept_.Find(owner_, window)) return kept;  // made while this one waited
  std::shared_ptr<Tensor> made;
  const auto take = [&](std::size_t, const Block&, const ConstView& use_tczyx) -> Status {
    TEGULA_ASSIGN_OR_RETURN(Tensor values_tczyx, Tensor::Allocate(use_tczyx.dtype(), use_tczyx.shape()));
    ConvertCopy(use_tczyx, values_tczyx.view());
    made = std::make_shared<Tensor>(std::move(values_tczyx));
    return Ok();
  };
  SilentProgress silent;
  const SerialExecutor here;
  const RunContext context{here, silent, maker.context.stop, maker.context.limits, maker.context.offline};
  // By what it writes: at the far edge two may be made of the same window.
  const auto state_of = [&](const tiling::Tile& tile) {
    return tile.pieces.front().write == writes_[window] ? pipeline::TileState::kMissing
                                                        : pipeline::TileState::kNotAsked;
  };
  TEGULA_ASSIGN_OR_RETURN(engines::Session* const session, maker.sessions.For(*prediction_));
  ++made_;
  TEGULA_TRY(prediction_->Run(context, *session, state_of, take));
  kept_.Keep(owner_, window, made);
  return KeptWindows::Window(std::move(made));
}

Result<Tensor> LiveWindows::Values(const Box& box, std::int64_t t, std::int64_t z, const Maker& maker) {
  TEGULA_ASSIGN_OR_RETURN(Tensor values_cyx,
                          Tensor::Allocate(output_.dtype, {output_.channels, box.height(), box.width()}));
  for (std::size_t number = 0; number < writes_.size(); ++number) {
    const Block& write = writes_[number];
    const Box from = PlaneBox(write), part = Intersect(from, box);
    if (part.empty() || !write[GridAxis::kT].Contains(t) || !write[GridAxis::kZ].Contains(z)) continue;
    TEGULA_ASSIGN_OR_RETURN(const KeptWindows::Window window, Make(number, maker));
    const ConstView plane =
        window->view().Slice(0, t - write[GridAxis::kT].begin, 1).Slice(2, z - write[GridAxis::kZ].begin, 1);
    const Shape& shape = plane.shape();
    const ConstView plane_cyx(plane.data(), plane.dtype(), {shape[1], shape[3], shape[4]},
                              {plane.strides()[1], plane.strides()[3], plane.strides()[4]});
    const auto crop = [&](auto view, const Box& of) {
      return view.Slice(1, part.y.begin - of.y.begin, part.height()).Slice(2, part.x.begin - of.x.begin, part.width());
    };
    ConvertCopy(crop(plane_cyx, from), crop(values_cyx.view(), box));
  }
  return values_cyx;
}

}  // namespace tegula::app
