// image/tile_cache.h — what reads to come want of decoded tiles, so that overlapping reads do not decode them again.
//
// Windows of a prediction overlap by their context and are read by several workers; without this each tile of a file
// would be decoded for every window that touches it. A tall tile is kept in bands, of which those go that all have
// taken, and of a band only the columns that others will want: between two windows little is left, however large the
// tiles. One cache belongs to one source.
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
#include "tegula/image/take_rows.h"
#include "tegula/tensor/tensor.h"

namespace tegula::image {

/// How much of some pixels a read takes. When all of it was taken, nobody is expected to come back: they go, and their
/// memory, which the processor's caches still hold, becomes the next ones'. With nothing taken and all columns as the
/// rest they stay.
struct TileShare {
  std::int64_t taken = 0;
  std::int64_t whole = 1;
  Interval rest;  ///< columns of them that other reads are expected to want, counted from their first
  /// Of `part` of a tile (its pixels that belong to `image`) for a read of `box`, which its neighbours overlap: what
  /// two regions read counts half for each, what four read a quarter.
  static TileShare Of(const Box& part, const Box& box, Overlap overlap, const Box& image) noexcept;
};

/// What a read wants of a tile.
struct TileRead {
  DType dtype = DType::kU8;
  Shape shape_yxs;                              ///< of the tile: rows, columns, samples
  std::int64_t band_height = 0;                 ///< rows that are kept, or go, together
  Box box;                                      ///< that is wanted; not empty
  FunctionRef<TileShare(Interval rows)> share;  ///< of a band, that it takes
};

/// Least recently used tiles go first. A tile that is asked for while another thread decodes it is waited for, so each
/// is decoded and held once, as long as reads are those that were expected; but of one of which only the first few rows
/// are wanted the others are left to those who want them, who decode these few again. Thread-safe.
class TileCache {
 public:
  static constexpr std::int64_t kDefaultBytes = 32 << 20;
  using Tile = std::shared_ptr<const Tensor>;
  struct Key {
    std::uint64_t page = 0;
    std::uint64_t tile = 0;
    friend bool operator==(Key, Key) = default;
  };
  /// Decodes a tile: shows its first `rows` rows from above, in pieces of which none lies in two bands, or returns the
  /// pixels if the tile is one band. These may have more rows than the tile.
  using Decode = FunctionRef<Result<std::optional<Tensor>>(std::int64_t rows, TakeRows show)>;

  /// Holds at most `budget_bytes`, but always the newest tile: of a file that is one huge tile this stays.
  explicit TileCache(std::int64_t budget_bytes = kDefaultBytes) : budget_(budget_bytes) {}

  /// The tile; decoded by `decode` if it is not here. An error is returned and not remembered.
  Result<Tile> Get(Key key, FunctionRef<Result<Tensor>()> decode);

  /// Shows `take` the bands that hold the wanted rows, with the wanted columns and perhaps more, in pieces and any
  /// order; decodes those that are not here. An error is returned and not remembered; some rows may have been shown
  /// before.
  Status Read(Key key, const TileRead& read, Decode decode, TakePixels take);

  /// Uninitialised pixels: those of a tile or band that went, if they are of this form. New memory is slow, for each
  /// of its pages is cleared.
  Result<Tensor> Allocate(DType dtype, const Shape& shape);
  /// Gives back what Allocate gave for another use than a tile of the cache.
  void Recycle(Tensor tensor) { spares_->Put(std::move(tensor)); }

  std::int64_t budget() const noexcept { return budget_; }
  /// Bytes held now; never above the budget unless one tile alone is. A few MB that went are not counted.
  std::int64_t bytes() const;

 private:
  // Pixels that went and are used no longer. Thread-safe.
  class Spares {
   public:
    void Put(Tensor tensor);
    std::optional<Tensor> Take(DType dtype, const Shape& shape);

   private:
    std::mutex mutex_;
    std::vector<Tensor> tensors_;  // oldest first
    std::int64_t bytes_ = 0;
  };
  struct Band {
    Tile pixels;         // null: not decoded, or gone
    std::int64_t x = 0;  // their first column
    std::int64_t taken = 0;
    bool Holds(Interval columns) const noexcept {
      return pixels != nullptr && Interval{x, x + pixels->shape()[1]}.Contains(columns);
    }
  };
  // A place for one tile. `decoding` is held while `bands` are looked at or filled.
  struct Slot {
    std::mutex decoding;
    std::vector<Band> bands;
    std::int64_t bytes = 0;  // counted in bytes_
  };
  struct Entry {
    Key key;
    std::shared_ptr<Slot> slot;
  };
  struct Hash {
    std::size_t operator()(Key key) const noexcept;
  };
  std::shared_ptr<Slot> Touch(Key key, std::int64_t bands);
  Status Fill(Slot& slot, const TileRead& read, Decode decode, TakePixels take);
  Tile Hold(Tensor tensor) const;
  void Account(Key key, const std::shared_ptr<Slot>& slot);
  void Forget(Key key, const std::shared_ptr<Slot>& slot);
  void Erase(std::list<Entry>::iterator entry);

  const std::int64_t budget_;
  const std::shared_ptr<Spares> spares_ = std::make_shared<Spares>();
  mutable std::mutex mutex_;
  std::list<Entry> entries_;  // newest first
  std::unordered_map<Key, std::list<Entry>::iterator, Hash> index_;
  std::int64_t bytes_ = 0;
};

}  // namespace tegula::image
