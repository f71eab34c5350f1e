#include "tegula/app/view/live_predictions.h"

#include <fmt/format.h>

#include <algorithm>

#include "tegula/core/files.h"

namespace tegula::app {

std::string LivePredictions::NameOf(const LiveRequest& request) {
  return Sha256OfBytes(fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}", request.image, request.model, request.output,
                                   request.z, request.t, request.binding.pixel_size_um.value_or(0),
                                   fmt::join(request.binding.channels, "\n")))
      .substr(0, 16);
}

void LivePredictions::Add(const std::string& name, std::shared_ptr<LivePrediction> live) {
  const std::lock_guard lock(mutex_);
  kept_.remove_if([&](const auto& row) { return row.first == name; });
  kept_.emplace_front(name, std::move(live));
  if (kept_.size() > kMost) kept_.pop_back();
}

Result<std::shared_ptr<LivePrediction>> LivePredictions::Find(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(kept_.begin(), kept_.end(), [&](const auto& row) { return row.first == name; });
  if (found == kept_.end())
    return NotFoundError(fmt::format("the prediction {} is not open any more; open it again", name));
  kept_.splice(kept_.begin(), kept_, found);
  return kept_.front().second;
}

}  // namespace tegula::app
