#include "tegula/app/view/open_images.h"

#include <algorithm>

namespace tegula::app {

Result<std::shared_ptr<const image::Source>> OpenImages::Get(const std::string& name) {
  std::shared_ptr<Slot> slot;
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(slots_.begin(), slots_.end(), [&](const auto& row) { return row.first == name; });
    if (found != slots_.end()) {
      slots_.splice(slots_.begin(), slots_, found);
    } else {
      slots_.emplace_front(name, std::make_shared<Slot>());
      if (slots_.size() > kMost) slots_.pop_back();
    }
    slot = slots_.front().second;
  }
  const std::lock_guard lock(slot->opening);
  if (slot->source) return slot->source;
  Result<std::unique_ptr<image::Source>> opened = image::Open(name, access_);
  if (opened.ok()) {
    slot->source = std::move(*opened);
    return slot->source;
  }
  // Not remembered: it may be there the next time.
  const std::lock_guard forget(mutex_);
  slots_.remove_if([&](const auto& row) { return row.second == slot; });
  return opened.error();
}

}  // namespace tegula::app
