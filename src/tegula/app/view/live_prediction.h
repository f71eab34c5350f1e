// app/view/live_prediction.h — a model's prediction of the part of an image that is looked at, made window by window.
//
// The pixels are those that `predict` writes with the same windows (TileWords), by the same plan, statistics and
// network: only which windows are made, and when, is decided by who looks. What was made is kept as far as memory is
// allowed for it.
//
// Two things may stand in for it, and whoever shows them has to say so:
//   Statistics of a small picture, where a model wants those of the whole image, until Settle has taken the true ones:
//   so long is_preview() holds.
//   Preview, a prediction of the image at a coarser scale than the model wants: there at once for a large part of the
//   image, but not what the model gives; small things are missing.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tegula/app/classifier.h"
#include "tegula/app/feeds.h"
#include "tegula/app/normalisation.h"
#include "tegula/app/prove.h"
#include "tegula/app/view/live_windows.h"
#include "tegula/core/run_context.h"
#include "tegula/engines/registry.h"
#include "tegula/spec/package.h"

namespace tegula::app {

/// A plane of the image, from 0.
struct LivePlane {
  std::int64_t t = 0, z = 0;
};

struct LiveRequest {
  std::string image;
  std::string model;
  image::BindingRequest binding;
  std::string output;  ///< an id; empty: the model's first
  LivePlane plane;
  PerAxis<std::optional<std::int64_t>> tile;  ///< windows, as `predict --tile` takes them; kWindow where not given
  std::optional<Classifier> classifier;       ///< that decided all of this, and which network it must be
  EngineRequest engine;
  std::int64_t cache_bytes = image::Access{}.cache_bytes;  ///< that decoded tiles of the image may take
};

/// A model whose network has been proven, for predictions of several planes. Immutable.
struct LiveModel {
  spec::Package package;
  std::optional<ProvenNetwork> proven;
};

/// Thread-safe once it is open.
class LivePrediction {
 public:
  /// Windows are no larger than this unless the model must: one is to be there within a second.
  static constexpr std::int64_t kWindow = 512;
  /// Pixels of the output that Values gives at once, at most.
  static constexpr std::int64_t kMostPixels = std::int64_t{2048} * 2048;
  /// Halvings of the image's scale that Preview takes at most.
  static constexpr int kMostHalvings = 12;

  /// Everything that can be refused is refused here: errors of `predict`, and kUnsupported for outputs that are only
  /// known when the whole image is predicted. `other` is a prediction by the same model of the same image, whose
  /// network is used, or null. Borrows registry, `kept` and `lasting` for as long as it lives; `context` is of this
  /// call.
  static Result<std::shared_ptr<LivePrediction>> Open(const LiveRequest& request, const LivePrediction* other,
                                                      engines::Registry& registry, KeptWindows& kept,
                                                      const RunContext& lasting, const RunContext& context);
  LivePrediction(const LivePrediction&) = delete;

  const pipeline::OutputInfo& output() const noexcept { return exact_->output(); }
  /// Of a pixel of the output, in pixels of the image's level 0; and where the output's first pixel begins.
  double pixel_y() const noexcept;
  double pixel_x() const noexcept;
  double origin_y() const noexcept;
  double origin_x() const noexcept;
  const spec::ModelDescription& model() const noexcept { return model_->package.description(); }
  /// As it was named, the plane that the prediction was opened for, and the size of its pixels.
  const std::string& image() const noexcept { return image_; }
  LivePlane plane() const noexcept { return plane_; }
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
  /// Windows that the network has been given so far, for the prediction and for previews, and that the whole image has.
  std::int64_t windows_made() const noexcept { return exact_->made(); }
  std::int64_t previews_made() const;
  std::int64_t windows() const noexcept { return exact_->windows(); }
  /// Whether there are previews: not of maps whose pixels are patches.
  bool has_previews() const noexcept { return !exact_->is_patches(); }
  /// Whether it has this plane of the image: of a stack that the model takes plane by plane only the one that it was
  /// opened for, of one that it takes whole all.
  bool Has(LivePlane plane) const noexcept;

  /// Takes the statistics of the whole image if a preview has stood in for them. kCancelled.
  Status Settle(const RunContext& context);

  /// Values of a box of the output, as (channel, y, x) in its own element type. Windows that are missing are made, one
  /// at a time, the last asked for first, unless `is_gone` says that nobody waits any more: then kCancelled. kInvalid
  /// for boxes that are empty, outside, or larger than kMostPixels, and for planes that it does not have.
  Result<Tensor> Values(const Box& box, LivePlane plane, const std::function<bool()>& is_gone);
  /// A tile of the output's pyramid (rendering.h), float32: means of what Values gives. kUnsupported for levels so
  /// coarse that a tile would need more than kMostPixels.
  Result<Tensor> Tile(int level, std::int64_t tile_y, std::int64_t tile_x, LivePlane plane,
                      const std::function<bool()>& is_gone);
  /// The same tile as the model gives it for the image at this level's scale; not a number where that has no pixels.
  /// One window of it stands in for four, sixteen ... of the prediction. kUnsupported for the last level, of which
  /// Tile is as fast, and without previews.
  Result<Tensor> Preview(int level, std::int64_t tile_y, std::int64_t tile_x, LivePlane plane,
                         const std::function<bool()>& is_gone);

 private:
  // The image at a coarser scale, and what is predicted of it.
  struct Coarse {
    std::vector<std::unique_ptr<image::BoundImage>> images;
    std::unique_ptr<LiveWindows> windows;
    double step_y = 1, step_x = 1;  // pixels of the output per pixel of the preview
  };

  LivePrediction(KeptWindows& kept, const RunContext& context) : kept_(kept), context_(context), turns_(1) {}
  Status Prepare(const LiveRequest& request, const LivePrediction* other, engines::Registry& registry,
                 const RunContext& context);
  Status ChooseWindows(const LiveRequest& request, const RunContext& context);
  // The feeds with their images so small.
  std::vector<pipeline::InputFeed> Shrunk(std::int64_t max_edge,
                                          std::vector<std::unique_ptr<image::BoundImage>>& images) const;
  Result<std::shared_ptr<Coarse>> CoarseAt(int halvings, const std::function<bool()>& is_gone);
  Status CheckPlane(LivePlane plane) const;
  std::int64_t OutputPlane(GridAxis axis, std::int64_t of_image) const noexcept;

  KeptWindows& kept_;
  const RunContext& context_;
  std::shared_ptr<LiveModel> model_;
  std::optional<Feeds> feeds_;
  Feeds::Frame frame_;
  std::optional<Normalisation> normalisation_;
  pipeline::PredictionRequest wanted_;
  std::vector<std::string> decisions_;
  std::string image_, tile_words_, command_;
  LivePlane plane_;
  std::atomic<bool> is_preview_ = false;
  std::atomic<int> generation_ = 0;
  Turns turns_;                 // of the sessions
  LiveSessions sessions_;       // used by whoever has the turn
  ops::Statistics statistics_;  // the same
  std::unique_ptr<LiveWindows> exact_;
  mutable std::mutex mutex_;                       // of what follows
  std::map<int, std::shared_ptr<Coarse>> coarse_;  // by halvings
  std::int64_t previews_of_before_ = 0;            // made for previews that are gone
};

}  // namespace tegula::app
