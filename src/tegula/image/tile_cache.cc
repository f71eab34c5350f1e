#include "tegula/image/tile_cache.h"

#include <utility>

#include "tegula/core/random.h"

namespace tegula::image {

std::size_t TileCache::Hash::operator()(Key key) const noexcept {
  return static_cast<std::size_t>(Mix(Mix(key.page) ^ key.tile));
}

Result<TileCache::Tile> TileCache::Get(Key key, FunctionRef<Result<Tensor>()> decode) {
  const std::shared_ptr<Slot> slot = Touch(key);
  const std::lock_guard lock(slot->decoding);
  if (slot->tile != nullptr) return slot->tile;
  Result<Tensor> decoded = decode();
  if (!decoded.ok()) {
    Forget(key, slot);
    return std::move(decoded).error();
  }
  slot->tile = std::make_shared<const Tensor>(std::move(decoded).value());
  Account(key, slot);
  return slot->tile;
}

std::int64_t TileCache::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

std::shared_ptr<TileCache::Slot> TileCache::Touch(Key key) {
  const std::lock_guard lock(mutex_);
  if (const auto found = index_.find(key); found != index_.end()) {
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->slot;
  }
  entries_.push_front({key, std::make_shared<Slot>()});
  index_.emplace(key, entries_.begin());
  return entries_.front().slot;
}

void TileCache::Account(Key key, const std::shared_ptr<Slot>& slot) {
  const std::lock_guard lock(mutex_);
  const auto found = index_.find(key);
  if (found == index_.end() || found->second->slot != slot) return;  // dropped while it was decoded
  slot->bytes = slot->tile->bytes();
  bytes_ += slot->bytes;
  // From the oldest on; what is being decoded or was decoded just now stays.
  for (auto entry = entries_.end(); bytes_ > budget_ && entry != entries_.begin();) {
    --entry;
    if (entry->slot == slot || entry->slot->bytes == 0) continue;
    bytes_ -= entry->slot->bytes;
    index_.erase(entry->key);
    entry = entries_.erase(entry);
  }
}

void TileCache::Forget(Key key, const std::shared_ptr<Slot>& slot) {
  const std::lock_guard lock(mutex_);
  const auto found = index_.find(key);
  if (found == index_.end() || found->second->slot != slot) return;
  entries_.erase(found->second);
  index_.erase(found);
}

}  // namespace tegula::image
