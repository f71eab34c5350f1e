#include "tegula/image/tile_cache.h"

#include <algorithm>
#include <utility>

#include "tegula/core/random.h"
#include "tegula/tensor/kernels.h"

namespace tegula::image {
namespace {

constexpr std::int64_t kSpareBytes = 8 << 20;
constexpr std::int64_t kFew = 8;  // of a tile's rows, as a divisor

Interval RowsOf(const TileRead& read, std::size_t band) noexcept {
  const std::int64_t begin = static_cast<std::int64_t>(band) * read.band_height;
  return {begin, std::min(begin + read.band_height, read.shape_yxs[0])};
}

bool Wants(const TileRead& read, std::size_t band) noexcept {
  return !Intersect(RowsOf(read, band), read.box.y).empty();
}

// Where no neighbour reads; may be reversed.
Interval Alone(Interval box, std::int64_t overlap, Interval image) noexcept {
  return {box.begin == image.begin ? box.begin : box.begin + overlap,
          box.end == image.end ? box.end : box.end - overlap};
}

// Pixels of `part` in `box` along one axis, doubled; what lies where a neighbour reads too counts once.
std::int64_t HalvesTaken(Interval part, Interval box, Interval alone) noexcept {
  return Intersect(part, box).size() + Intersect(part, alone).size();
}

// From the first to the last of `all` that is not in `gone`.
Interval Rest(Interval all, Interval gone) noexcept {
  if (Intersect(all, gone).empty()) return all;
  return {gone.begin <= all.begin ? std::min(gone.end, all.end) : all.begin,
          gone.end >= all.end ? std::max(gone.begin, all.begin) : all.end};
}

}  // namespace

TileShare TileShare::Of(const Box& part, const Box& box, Overlap overlap, const Box& image) noexcept {
  const Box alone{Alone(box.y, overlap.y, image.y), Alone(box.x, overlap.x, image.x)};
  const Interval rest = alone.y.Contains(part.y) ? Rest(part.x, alone.x) : part.x;
  return {.taken = HalvesTaken(part.y, box.y, alone.y) * HalvesTaken(part.x, box.x, alone.x),
          .whole = 4 * part.area(),
          .rest = rest.Shifted(-part.x.begin)};
}

void TileCache::Spares::Put(Tensor tensor) {
  if (tensor.bytes() > kSpareBytes) return;
  const std::lock_guard lock(mutex_);
  bytes_ += tensor.bytes();
  tensors_.push_back(std::move(tensor));
  while (bytes_ > kSpareBytes) {
    bytes_ -= tensors_.front().bytes();
    tensors_.erase(tensors_.begin());
  }
}

std::optional<Tensor> TileCache::Spares::Take(DType dtype, const Shape& shape) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(tensors_.rbegin(), tensors_.rend(), [&](const Tensor& tensor) {
    return tensor.dtype() == dtype && tensor.shape() == shape;
  });
  if (found == tensors_.rend()) return std::nullopt;
  Tensor tensor = std::move(*found);
  tensors_.erase(std::next(found).base());
  bytes_ -= tensor.bytes();
  return tensor;
}

std::size_t TileCache::Hash::operator()(Key key) const noexcept {
  return static_cast<std::size_t>(Mix(Mix(key.page) ^ key.tile));
}

Result<TileCache::Tile> TileCache::Get(Key key, FunctionRef<Result<Tensor>()> decode) {
  const std::shared_ptr<Slot> slot = Touch(key, 1);
  const std::lock_guard lock(slot->decoding);
  Tile& tile = slot->bands.front().pixels;
  if (tile == nullptr) {
    Result<Tensor> decoded = decode();
    if (!decoded.ok()) {
      Forget(key, slot);
      return std::move(decoded).error();
    }
    tile = Hold(std::move(*decoded));
    Account(key, slot);
  }
  return tile;
}

Status TileCache::Read(Key key, const TileRead& read, Decode decode, TakePixels take) {
  const std::shared_ptr<Slot> slot = Touch(key, CeilDiv(read.shape_yxs[0], read.band_height));
  struct Here {
    std::int64_t y, x;
    Tile pixels;
  };
  std::vector<Here> here;  // to be shown when others may go on
  {
    const std::lock_guard lock(slot->decoding);
    bool are_all_here = true;
    for (std::size_t b = 0; b < slot->bands.size(); ++b) {
      if (!Wants(read, b)) continue;
      const Band& band = slot->bands[b];
      if (band.Holds(read.box.x))
        here.push_back({RowsOf(read, b).begin, band.x, band.pixels});
      else
        are_all_here = false;
    }
    if (!are_all_here) {
      Status filled = Fill(*slot, read, decode, take);
      if (!filled.ok()) {
        Forget(key, slot);
        return filled;
      }
    }
    for (std::size_t b = 0; b < slot->bands.size(); ++b) {
      if (!Wants(read, b)) continue;
      const TileShare share = read.share(RowsOf(read, b));
      slot->bands[b].taken += share.taken;
      if (slot->bands[b].taken >= share.whole) slot->bands[b].pixels = nullptr;
    }
    Account(key, slot);
  }
  for (const auto& [y, x, pixels] : here) take(y, x, pixels->view());
  return Ok();
}

// Decodes as many rows as must be; shows what is wanted and keeps what others are expected to want.
Status TileCache::Fill(Slot& slot, const TileRead& read, Decode decode, TakePixels take) {
  const std::size_t count = slot.bands.size();
  std::vector<bool> is_shown(count);
  std::vector<Interval> kept_columns(count);
  std::int64_t wanted_end = 0, kept_end = 0;
  for (std::size_t b = 0; b < count; ++b) {
    const Band& band = slot.bands[b];
    is_shown[b] = Wants(read, b) && !band.Holds(read.box.x);
    if (band.pixels != nullptr && !is_shown[b]) continue;
    const TileShare share = read.share(RowsOf(read, b));
    if (band.taken + share.taken < share.whole) kept_columns[b] = share.rest;
    if (!kept_columns[b].empty()) kept_end = RowsOf(read, b).end;
    if (is_shown[b]) wanted_end = RowsOf(read, b).end;
  }
  // Decoding the first few rows twice costs less than keeping all others until they are wanted.
  const std::int64_t end = wanted_end <= read.shape_yxs[0] / kFew ? wanted_end : std::max(wanted_end, kept_end);
  std::vector<std::optional<Tensor>> kept(count);
  Status allocated = Ok();
  const auto show = [&](std::int64_t y, const ConstView& rows_yxs) {
    const auto b = static_cast<std::size_t>(y / read.band_height);
    if (is_shown[b]) take(y, 0, rows_yxs);
    const Interval columns = kept_columns[b];
    if (columns.empty() || !allocated.ok()) return;
    const Interval rows = RowsOf(read, b);
    if (!kept[b]) {
      Result<Tensor> place = Allocate(read.dtype, {rows.size(), columns.size(), read.shape_yxs[2]});
      if (place.ok())
        kept[b] = std::move(*place);
      else
        allocated = std::move(place).error();
    }
    if (kept[b])
      ConvertCopy(rows_yxs.Slice(1, columns.begin, columns.size()),
                  kept[b]->view().Slice(0, y - rows.begin, rows_yxs.shape()[0]));
  };
  TEGULA_ASSIGN_OR_RETURN(std::optional<Tensor> whole, decode(end, show));
  TEGULA_TRY(allocated);
  if (whole) {
    TEGULA_ASSERT(count == 1);
    take(0, 0, std::as_const(*whole).view());
    if (kept_columns[0].empty()) {
      Recycle(std::move(*whole));
    } else {
      kept[0] = std::move(whole);
      kept_columns[0].begin = 0;
    }
  }
  for (std::size_t b = 0; b < count; ++b)
    if (kept[b]) {
      slot.bands[b].pixels = Hold(std::move(*kept[b]));
      slot.bands[b].x = kept_columns[b].begin;
    }
  return Ok();
}

TileCache::Tile TileCache::Hold(Tensor tensor) const {
  const auto recycle = [spares = spares_](Tensor* gone) {
    spares->Put(std::move(*gone));
    delete gone;
  };
  return Tile(new Tensor(std::move(tensor)), recycle);
}

Result<Tensor> TileCache::Allocate(DType dtype, const Shape& shape) {
  if (std::optional<Tensor> spare = spares_->Take(dtype, shape)) return std::move(*spare);
  return Tensor::Allocate(dtype, shape);
}

std::int64_t TileCache::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

std::shared_ptr<TileCache::Slot> TileCache::Touch(Key key, std::int64_t bands) {
  const std::lock_guard lock(mutex_);
  if (const auto found = index_.find(key); found != index_.end()) {
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->slot;
  }
  entries_.push_front({key, std::make_shared<Slot>()});
  entries_.front().slot->bands.resize(static_cast<std::size_t>(bands));
  index_.emplace(key, entries_.begin());
  return entries_.front().slot;
}

void TileCache::Account(Key key, const std::shared_ptr<Slot>& slot) {
  std::int64_t bytes = 0;
  for (const Band& band : slot->bands) bytes += band.pixels != nullptr ? band.pixels->bytes() : 0;
  const std::lock_guard lock(mutex_);
  const auto found = index_.find(key);
  if (found == index_.end() || found->second->slot != slot) return;  // dropped meanwhile
  bytes_ += bytes - slot->bytes;
  slot->bytes = bytes;
  if (bytes == 0) return Erase(found->second);
  // From the oldest on; what is being decoded or was decoded just now stays.
  for (auto entry = entries_.end(); bytes_ > budget_ && entry != entries_.begin();) {
    --entry;
    if (entry->slot != slot && entry->slot->bytes > 0) Erase(entry++);
  }
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
