#include "tegula/image/tile_cache.h"

#include <algorithm>
#include <utility>

#include "tegula/core/random.h"

namespace tegula::image {
namespace {

constexpr std::size_t kMostSpares = 4;
constexpr std::int64_t kLargestSpare = 3 << 20;  // a tile of 1024² pixels of three colours

// Pixels of `tile` in `box` along one axis, doubled; what lies where a neighbour reads too counts once.
std::int64_t HalvesTaken(Interval tile, Interval box, std::int64_t overlap, Interval image) noexcept {
  const Interval alone{box.begin == image.begin ? box.begin : box.begin + overlap,
                       box.end == image.end ? box.end : box.end - overlap};
  return Intersect(tile, box).size() + Intersect(tile, alone).size();
}

}  // namespace

TileShare TileShare::Of(const Box& tile, const Box& box, Overlap overlap, const Box& image) noexcept {
  return {HalvesTaken(tile.y, box.y, overlap.y, image.y) * HalvesTaken(tile.x, box.x, overlap.x, image.x),
          4 * tile.area()};
}

void TileCache::Spares::Put(Tensor tensor) {
  if (tensor.bytes() > kLargestSpare) return;
  const std::lock_guard lock(mutex_);
  if (tensors_.size() == kMostSpares) tensors_.erase(tensors_.begin());
  tensors_.push_back(std::move(tensor));
}

std::optional<Tensor> TileCache::Spares::Take(DType dtype, const Shape& shape) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(tensors_.rbegin(), tensors_.rend(), [&](const Tensor& tensor) {
    return tensor.dtype() == dtype && tensor.shape() == shape;
  });
  if (found == tensors_.rend()) return std::nullopt;
  Tensor tensor = std::move(*found);
  tensors_.erase(std::next(found).base());
  return tensor;
}

std::size_t TileCache::Hash::operator()(Key key) const noexcept {
  return static_cast<std::size_t>(Mix(Mix(key.page) ^ key.tile));
}

Result<TileCache::Tile> TileCache::Get(Key key, FunctionRef<Result<Tensor>()> decode, TileShare share) {
  const std::shared_ptr<Slot> slot = Touch(key);
  const std::lock_guard lock(slot->decoding);
  if (slot->tile == nullptr) {
    Result<Tensor> decoded = decode();
    if (!decoded.ok()) {
      Forget(key, slot);
      return std::move(decoded).error();
    }
    const auto recycle = [spares = spares_](Tensor* tensor) {
      spares->Put(std::move(*tensor));
      delete tensor;
    };
    slot->tile = Tile(new Tensor(std::move(decoded).value()), recycle);
    Account(key, slot);
  }
  Take(key, slot, share);
  return slot->tile;
}

Result<Tensor> TileCache::Allocate(DType dtype, const Shape& shape) {
  if (std::optional<Tensor> spare = spares_->Take(dtype, shape)) return std::move(*spare);
  return Tensor::Allocate(dtype, shape);
}

bool TileCache::Has(Key key) const {
  const std::lock_guard lock(mutex_);
  return index_.contains(key);
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
    if (entry->slot != slot && entry->slot->bytes > 0) Erase(entry++);
  }
}

void TileCache::Take(Key key, const std::shared_ptr<Slot>& slot, TileShare share) {
  const std::lock_guard lock(mutex_);
  const auto found = index_.find(key);
  if (found == index_.end() || found->second->slot != slot) return;
  found->second->taken += share.taken;
  if (TileShare{found->second->taken, share.whole}.is_all()) Erase(found->second);
}

void TileCache::Forget(Key key, const std::shared_ptr<Slot>& slot) {
  const std::lock_guard lock(mutex_);
  const auto found = index_.find(key);
  if (found != index_.end() && found->second->slot == slot) Erase(found->second);
}

void TileCache::Erase(std::list<Entry>::iterator entry) {
  bytes_ -= entry->slot->bytes;
  index_.erase(entry->key);
  entries_.erase(entry);
}

}  // namespace tegula::image
