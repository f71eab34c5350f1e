// app/view/live_prediction.h — a model's prediction of the part of an image that is looked at, made window by window.
//
// The pixels are those that `predict` writes with the same windows (TileWords), by the same plan, statistics and
// network: only which windows are made, and when, is decided by who looks. What was made is kept as far as memory is
// allowed for it.
//
// Where a model wants statistics of the whole image, those of a small picture of it stand in until Settle has taken the
// true ones: then is_preview() holds, and what is shown has to be told to be a preview.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "tegula/app/feeds.h"
#include "tegula/app/normalisation.h"
#include "tegula/app/prove.h"
#include "tegula/app/view/turns.h"
#include "tegula/core/run_context.h"
#include "tegula/engines/registry.h"
#include "tegula/pipeline/prediction.h"
#include "tegula/spec/package.h"

namespace tegula::app {

struct LiveRequest {
  std::string image;
  std::string model;
  image::BindingRequest binding;
  std::string output;  ///< an id; empty: the model's first
  std::int64_t z = 0, t = 0;
  EngineRequest engine;
};

/// Thread-safe once it is open.
class LivePrediction {
 public:
  /// Windows are no larger than this unless the model must: one is to be there within a second.
  static constexpr std::int64_t kWindow = 512;
  static constexpr std::int64_t kKeptBytes = 256 << 20;
  /// Pixels of the output that Values gives at once, at most.
  static constexpr std::int64_t kMostPixels = std::int64_t{2048} * 2048;

  /// Everything that can be refused is refused here: errors of `predict`, and kUnsupported for outputs that are only
  /// known when the whole image is predicted. Borrows registry and `lasting` for as long as it lives; `context` is of
  /// this call.
  static Result<std::shared_ptr<LivePrediction>> Open(const LiveRequest& request, engines::Registry& registry,
                                                      const RunContext& lasting, const RunContext& context);
  LivePrediction(const LivePrediction&) = delete;

  const pipeline::OutputInfo& output() const noexcept { return *output_; }
  /// Of a pixel of the output, in pixels of the image's level 0; and where the output's first pixel begins.
  double pixel_y() const noexcept;
  double pixel_x() const noexcept;
  double origin_y() const noexcept;
  double origin_x() const noexcept;
  const spec::ModelDescription& model() const noexcept { return package_.description(); }
  /// As it was named, and the size of its pixels.
  const std::string& image() const noexcept { return image_; }
  const std::optional<image::PixelSize>& pixel_size() const noexcept {
    return feeds_->leading().source->info().pixel_size;
  }
  const std::vector<std::string>& decisions() const noexcept { return decisions_; }
  /// What `predict --tile` is to be given for the same pixels: "y=512,x=512"; and all of the command line.
  const std::string& tile_words() const noexcept { return tile_words_; }
  const std::string& command() const noexcept { return command_; }
  bool is_preview() const noexcept { return is_preview_; }
  /// How often what was made has become wrong: 0, or 1 after Settle of a preview.
  int generation() const noexcept { return generation_; }
  /// Windows that the network has been given so far, and that the whole image has.
  std::int64_t windows_made() const noexcept { return windows_made_; }
  std::int64_t windows() const noexcept { return static_cast<std::int64_t>(writes_.size()); }

  /// Takes the statistics of the whole image if a preview has stood in for them. kCancelled.
  Status Settle(const RunContext& context);

  /// Values of a box of the output, as (channel, y, x) in its own element type. Windows that are missing are made, one
  /// at a time, the last asked for first, unless `is_gone` says that nobody waits any more: then kCancelled. kInvalid
  /// for boxes that are empty, outside, or larger than kMostPixels.
  Result<Tensor> Values(const Box& box, const std::function<bool()>& is_gone);
  /// A tile of the output's pyramid (rendering.h), float32: means of what Values gives. kUnsupported for levels so
  /// coarse that a tile would need more than kMostPixels.
  Result<Tensor> Tile(int level, std::int64_t tile_y, std::int64_t tile_x, const std::function<bool()>& is_gone);

 private:
  using Window = std::shared_ptr<const Tensor>;
  struct Bound {
    std::optional<pipeline::Prediction> prediction;
    std::unique_ptr<engines::Session> session;
  };

  LivePrediction(spec::Package package, const RunContext& context)
      : package_(std::move(package)), context_(context), turns_(1) {}
  Status Prepare(const LiveRequest& request, engines::Registry& registry, const RunContext& context);
  Status ChooseWindows(const LiveRequest& request, const RunContext& context);
  Status Bind(const ops::Statistics& statistics);
  std::vector<std::size_t> WindowsOf(const Box& box) const;
  Result<Window> Make(std::size_t window, const std::function<bool()>& is_gone);
  Window Kept(std::size_t window);
  void Keep(std::size_t window, Window made);

  spec::Package package_;
  const RunContext& context_;
  std::optional<ProvenNetwork> proven_;
  std::optional<Feeds> feeds_;
  Feeds::Frame frame_;
  std::optional<Normalisation> normalisation_;
  pipeline::PredictionRequest wanted_;
  std::optional<pipeline::OutputInfo> output_;
  std::vector<std::string> decisions_;
  std::string image_, tile_words_, command_;
  std::vector<Block> writes_;  // of the output, by the plan's number of the tile
  std::atomic<bool> is_preview_ = false;
  std::atomic<int> generation_ = 0;
  std::atomic<std::int64_t> windows_made_ = 0;
  Turns turns_;                   // of the session
  Bound bound_;                   // changed and used by whoever has the turn
  std::mutex mutex_;              // of what follows
  std::list<std::size_t> order_;  // newest first
  std::unordered_map<std::size_t, std::pair<Window, std::list<std::size_t>::iterator>> kept_;
  std::int64_t kept_bytes_ = 0;
};

}  // namespace tegula::app
