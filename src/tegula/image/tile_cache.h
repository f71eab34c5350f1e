// image/tile_cache.h — decoded tiles, so that overlapping reads do not decode them again.
//
// Windows of a prediction overlap by their context and are read by several workers; without this each tile of a file
// would be decoded for every window that touches it. One cache belongs to one source.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "tegula/core/function_ref.h"
#include "tegula/core/interval.h"
#include "tegula/core/status.h"
#include "tegula/image/source.h"
#include "tegula/tensor/tensor.h"

namespace tegula::image {

/// How much of a tile a read takes. When all of it was taken, nobody is expected to come back: the tile goes, and its
/// memory, which the processor's caches still hold, becomes the next one's. By default tiles stay.
struct TileShare {
  std::int64_t taken = 0;
  std::int64_t whole = 1;
  bool is_all() const noexcept { return taken >= whole; }
  /// Of `tile` (its pixels that belong to `image`) for a read of `box`, which its neighbours overlap: what two
  /// regions read counts half for each, what four read a quarter.
  static TileShare Of(const Box& tile, const Box& box, Overlap overlap, const Box& image) noexcept;
};

/// Least recently used tiles go first. A tile that is asked for while another thread decodes it is waited for, so each
/// is decoded and held once. Thread-safe.
class TileCache {
 public:
  static constexpr std::int64_t kDefaultBytes = 32 << 20;
  using Tile = std::shared_ptr<const Tensor>;
  struct Key {
    std::uint64_t page = 0;
    std::uint64_t tile = 0;
    friend bool operator==(Key, Key) = default;
  };

  /// Holds at most `budget_bytes`, but always the newest tile: of a file that is one huge strip the strip stays.
  explicit TileCache(std::int64_t budget_bytes = kDefaultBytes) : budget_(budget_bytes) {}

  /// The tile; decoded by `decode` if it is not here. An error is returned and not remembered.
  Result<Tile> Get(Key key, FunctionRef<Result<Tensor>()> decode, TileShare share = {});

  /// Whether it is here, or on its way.
  bool Has(Key key) const;

  /// Uninitialised pixels for a tile: those of one that went, if they are of this form. New memory is slow, for each of
  /// its pages is cleared.
  Result<Tensor> Allocate(DType dtype, const Shape& shape);
  /// Gives back what Allocate gave for another use than a tile.
  void Recycle(Tensor tensor) { spares_->Put(std::move(tensor)); }

  std::int64_t budget() const noexcept { return budget_; }
  /// Bytes held now; never above the budget unless one tile alone is. A few tiles that went are not counted.
  std::int64_t bytes() const;

 private:
  // Tiles that went and are used no longer. Thread-safe.
  class Spares {
   public:
    void Put(Tensor tensor);
    std::optional<Tensor> Take(DType dtype, const Shape& shape);

   private:
    std::mutex mutex_;
    std::vector<Tensor> tensors_;
  };
  // A place for one tile. `decoding` is held while its pixels are made; `tile` is set once.
  struct Slot {
    std::mutex decoding;
    Tile tile;
    std::int64_t bytes = 0;  // counted in bytes_
  };
  struct Entry {
    Key key;
    std::shared_ptr<Slot> slot;
    std::int64_t taken = 0;
  };
  struct Hash {
    std::size_t operator()(Key key) const noexcept;
  };
  std::shared_ptr<Slot> Touch(Key key);
  void Account(Key key, const std::shared_ptr<Slot>& slot);
  void Forget(Key key, const std::shared_ptr<Slot>& slot);
  void Take(Key key, const std::shared_ptr<Slot>& slot, TileShare share);
  void Erase(std::list<Entry>::iterator entry);

  const std::int64_t budget_;
  const std::shared_ptr<Spares> spares_ = std::make_shared<Spares>();
  mutable std::mutex mutex_;
  std::list<Entry> entries_;  // newest first
  std::unordered_map<Key, std::list<Entry>::iterator, Hash> index_;
  std::int64_t bytes_ = 0;
};

}  // namespace tegula::image
