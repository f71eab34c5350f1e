#include "tegula/app/view/live_predictions.h"

#include <fmt/format.h>

#include <algorithm>

#include "tegula/app/request_words.h"
#include "tegula/core/files.h"

namespace tegula::app {
namespace {

std::string Short(const std::string& text) { return Sha256OfBytes(text).substr(0, 16); }

// A classifier says the rest itself.
std::string KindOf(const LiveRequest& request) {
  const image::BindingRequest& binding = request.binding;
  return Short(fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}", request.image, request.model, request.output,
                           binding.pixel_size_um.value_or(0), binding.downsample.value_or(0),
                           binding.level.value_or(-1), SizesText(request.tile), fmt::join(binding.channels, "\n"),
                           request.classifier ? ToJson(*request.classifier) : ""));
}

}  // namespace

LivePredictions::Named LivePredictions::Of(const LiveRequest& request) {
  const std::string kind = KindOf(request);
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(kept_.begin(), kept_.end(),
                                  [&](const Row& row) { return row.kind == kind && row.live->Has(request.plane); });
  if (found == kept_.end()) return {};
  kept_.splice(kept_.begin(), kept_, found);
  return {kept_.front().name, kept_.front().live};
}

std::shared_ptr<LivePrediction> LivePredictions::Like(const LiveRequest& request) {
  const std::string kind = KindOf(request);
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(kept_.begin(), kept_.end(), [&](const Row& row) { return row.kind == kind; });
  return found == kept_.end() ? nullptr : found->live;
}

std::string LivePredictions::Add(const LiveRequest& request, std::shared_ptr<LivePrediction> live) {
  const std::string kind = KindOf(request);
  std::string name = Short(fmt::format("{}\n{}\n{}", kind, request.plane.z, request.plane.t));
  const std::lock_guard lock(mutex_);
  kept_.remove_if([&](const Row& row) { return row.name == name; });
  kept_.push_front({kind, name, std::move(live)});
  if (kept_.size() > kMost) kept_.pop_back();
  return name;
}

Result<std::shared_ptr<LivePrediction>> LivePredictions::Find(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(kept_.begin(), kept_.end(), [&](const Row& row) { return row.name == name; });
  if (found == kept_.end())
    return NotFoundError(fmt::format("the prediction {} is not open any more; open it again", name));
  kept_.splice(kept_.begin(), kept_, found);
  return kept_.front().live;
}

}  // namespace tegula::app
