// outputs/store_part.h — a store, or some of its planes, read and written by blocks in time and space.
//
// Stores have the axes that their image has; what makes or reads predictions speaks of (t, channel, z, y, x). And a
// model that knows no z or t is applied plane by plane: each of its results is a part of the store.
#pragma once

#include "tegula/core/interval.h"
#include "tegula/outputs/zarr_store.h"

namespace tegula::outputs {

/// Level 0 of the planes [t] x [z] of a store, with all channels. Positions count from the part's own first pixel.
/// Borrows the store. Immutable and thread-safe.
class StorePart {
 public:
  /// The whole store.
  explicit StorePart(const ChunkStore& store);
  /// The planes in these intervals, which lie inside.
  StorePart(const ChunkStore& store, Interval t, Interval z);

  const PerAxis<std::int64_t>& size() const noexcept { return size_; }
  /// Pixels of a chunk; 1 along axes that the store lacks.
  const PerAxis<std::int64_t>& chunk() const noexcept { return chunk_; }
  std::int64_t channels() const noexcept { return channels_; }
  DType dtype() const noexcept { return store_->options().dtype; }

  /// As ChunkStore::Fill, WriteBoxAndAbove and ChunkStore::ReadBox.
  void Fill(const View& out_tczyx) const noexcept { store_->Fill(out_tczyx); }
  Status Write(const Block& block, const ConstView& pixels_tczyx) const;
  Status Read(const Block& block, const View& out_tczyx) const;
  /// Whether all chunks that a block touches are there.
  bool Has(const Block& block) const;

 private:
  Shape BeginOf(const Block& block) const;

  const ChunkStore* store_;
  PerAxis<std::int64_t> first_ = {}, size_ = {{1, 1, 1, 1}}, chunk_ = {{1, 1, 1, 1}};
  std::int64_t channels_ = 1;
};

/// (channel, y, x): the shape of a plane of a level.
Shape PlaneShape(const ChunkStore& store, int level);
/// Fills `out_cyx` with a box of plane (t, z) of any level; these are 0 where the store lacks the axis.
Status ReadPlane(const ChunkStore& store, int level, std::int64_t t, std::int64_t z, const Box& box,
                 const View& out_cyx);

}  // namespace tegula::outputs
