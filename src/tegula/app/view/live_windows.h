// app/view/live_windows.h — a bound prediction of which single windows are made, when somebody wants to see them.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "tegula/app/view/kept_windows.h"
#include "tegula/app/view/turns.h"
#include "tegula/core/run_context.h"
#include "tegula/engines/engine.h"
#include "tegula/pipeline/prediction.h"

namespace tegula::app {

/// Sessions by the shapes of the windows that they take, for several predictions by one network. Whoever has the turn
/// uses it.
class LiveSessions {
 public:
  /// Errors of the network. Valid until the next call.
  Result<engines::Session*> For(const pipeline::Prediction& prediction);

 private:
  static constexpr std::size_t kMost = 3;
  std::vector<std::pair<std::vector<Shape>, std::unique_ptr<engines::Session>>> rows_;  // newest last
};

/// Thread-safe once it is bound, with the turns given: Rebind has to have the turn.
class LiveWindows {
 public:
  /// Borrows everything for as long as it lives. Errors of Prediction::Bind; kUnsupported for an output that is only
  /// known when the whole image is predicted.
  static Result<std::unique_ptr<LiveWindows>> Bind(const spec::ModelDescription& model, const engines::Network& network,
                                                   std::vector<pipeline::InputFeed> feeds,
                                                   const ops::Statistics& statistics,
                                                   const pipeline::PredictionRequest& wanted, KeptWindows& kept);
  ~LiveWindows() { kept_.Forget(owner_); }
  LiveWindows(const LiveWindows&) = delete;

  const pipeline::OutputInfo& output() const noexcept { return output_; }
  /// Windows that the whole image has, and that the network has been given so far.
  std::int64_t windows() const noexcept { return static_cast<std::int64_t>(writes_.size()); }
  std::int64_t made() const noexcept { return made_; }
  bool is_patches() const noexcept { return prediction_->plan().is_patches(); }

  /// The same windows with other statistics. What was kept is forgotten.
  Status Rebind(const spec::ModelDescription& model, const engines::Network& network, const ops::Statistics& statistics,
                const pipeline::PredictionRequest& wanted);

  /// How a window is made: whose turn it is, by which sessions, and whether anybody waits still.
  struct Maker {
    Turns& turns;
    LiveSessions& sessions;
    const RunContext& context;
    const std::function<bool()>& is_gone;
  };
  /// Values of a box of one plane of the output, which lies inside, as (channel, y, x) in its own element type. Windows
  /// that are missing are made, one at a time, the last asked for first; kCancelled if nobody waits any more.
  Result<Tensor> Values(const Box& box, std::int64_t t, std::int64_t z, const Maker& maker);

 private:
  LiveWindows(std::vector<pipeline::InputFeed> feeds, KeptWindows& kept)
      : feeds_(std::move(feeds)), kept_(kept), owner_(kept.NewOwner()) {}
  Result<KeptWindows::Window> Make(std::size_t window, const Maker& maker);

  const std::vector<pipeline::InputFeed> feeds_;
  KeptWindows& kept_;
  const std::uint64_t owner_;
  std::optional<pipeline::Prediction> prediction_;  // changed and used by whoever has the turn
  pipeline::OutputInfo output_;
  std::vector<Block> writes_;  // of the output, by the plan's number of the tile
  std::atomic<std::int64_t> made_ = 0;
};

}  // namespace tegula::app
