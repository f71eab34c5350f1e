// objects/pixel_blocks.h — pixels of a whole image that need not be in memory.
//
// What makes objects of a whole output looks at it block by block and keeps some things on the way for later. Where
// these pixels lie is not its business: tests and test tensors have them in memory, images on disk. Both are given to
// the same code.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "tegula/core/block_grid.h"
#include "tegula/core/run_context.h"
#include "tegula/core/status.h"
#include "tegula/tensor/tensor.h"

namespace tegula::objects {

/// The shape of a block in views: (t, channel, z, y, x).
inline Shape ShapeOfBlock(const Block& block, std::int64_t channels) noexcept {
  return {block[GridAxis::kT].size(), channels, block[GridAxis::kZ].size(), block[GridAxis::kY].size(),
          block[GridAxis::kX].size()};
}

/// Thread-safe, for different blocks.
class PixelBlocks {
 public:
  virtual ~PixelBlocks() = default;

  /// Its size, and the blocks in which it is best read and must be written.
  const BlockGrid& grid() const noexcept { return grid_; }
  std::int64_t channels() const noexcept { return channels_; }
  DType dtype() const noexcept { return dtype_; }

  /// Fills `out_tczyx`, of its element type, with a box inside. Errors of reading.
  virtual Status Read(const Block& box, const View& out_tczyx) const = 0;
  /// Stores a block of the grid. Errors of writing.
  virtual Status Write(const Block& block, const ConstView& pixels_tczyx) const = 0;
  /// Whether a block is there already, from a run that was cut off.
  virtual bool Has(const Block& block) const = 0;

 protected:
  PixelBlocks(BlockGrid grid, std::int64_t channels, DType dtype) : grid_(grid), channels_(channels), dtype_(dtype) {}

 private:
  BlockGrid grid_;
  std::int64_t channels_;
  DType dtype_;
};

/// Pixels in memory.
class TensorBlocks final : public PixelBlocks {
 public:
  /// A view (t, channel, z, y, x), which lives elsewhere; one of constant pixels is only read.
  TensorBlocks(const View& pixels_tczyx, const PerAxis<std::int64_t>& block);
  TensorBlocks(const ConstView& pixels_tczyx, const PerAxis<std::int64_t>& block);

  Status Read(const Block& box, const View& out_tczyx) const override;
  Status Write(const Block& block, const ConstView& pixels_tczyx) const override;
  bool Has(const Block&) const override { return false; }

 private:
  friend class MemoryScratch;
  Tensor own_;
  ConstView pixels_;
  View writable_;
};

/// A box of pixels of a single plane: (channel, y, x).
Result<Tensor> ReadPlane(const PixelBlocks& pixels, const Box& box, const Limits& limits);
/// Stores a block of a single plane.
Status WritePlane(const PixelBlocks& pixels, const Block& block, const ConstView& pixels_cyx);

/// Makes places for what is kept on the way. One thread at a time.
class PixelScratch {
 public:
  virtual ~PixelScratch() = default;
  /// The place with this name; what an earlier run left under the same name is still there. Errors of making it.
  virtual Result<std::unique_ptr<PixelBlocks>> Make(const std::string& name, const BlockGrid& grid,
                                                    std::int64_t channels, DType dtype) = 0;
};

/// Places in memory. Nothing is left from earlier.
class MemoryScratch final : public PixelScratch {
 public:
  explicit MemoryScratch(const Limits& limits = {}) : limits_(limits) {}
  Result<std::unique_ptr<PixelBlocks>> Make(const std::string& name, const BlockGrid& grid, std::int64_t channels,
                                            DType dtype) override;

 private:
  Limits limits_;
};

/// Takes the numbers of objects: 0 for no object.
class LabelSink {
 public:
  virtual ~LabelSink() = default;
  /// The size of the image, and the blocks in which it must be written.
  const BlockGrid& grid() const noexcept { return grid_; }
  /// Called once, before anything is written, with the largest number that will come. An error refuses it.
  virtual Status Expect(std::int64_t largest) = 0;
  /// Called after Expect by methods that have a score for each object, in the order of their numbers from 1 on.
  virtual Status Scores(std::span<const float> /*scores*/) { return Ok(); }
  /// Whether a block is there already, from a run that was cut off.
  virtual bool Has(const Block& block) const = 0;
  /// A block of int32 or uint32. Thread-safe, for different blocks.
  virtual Status Write(const Block& block, const ConstView& labels_tczyx) const = 0;

 protected:
  explicit LabelSink(BlockGrid grid) : grid_(grid) {}

 private:
  BlockGrid grid_;
};

/// Numbers in memory.
class TensorLabels final : public LabelSink {
 public:
  /// They go to a view (t, channel, z, y, x) of any integer type, which lives elsewhere.
  TensorLabels(const BlockGrid& grid, const View& labels_tczyx) : LabelSink(grid), labels_(labels_tczyx) {}

  Status Expect(std::int64_t largest) override;
  bool Has(const Block&) const override { return false; }
  Status Write(const Block& block, const ConstView& labels_tczyx) const override;

  std::int64_t largest() const noexcept { return largest_; }

 private:
  View labels_;
  std::int64_t largest_ = 0;
};

/// What finding objects is given from outside. Borrows.
struct ObjectWork {
  const RunContext& context;
  PixelScratch& scratch;
  std::int64_t memory_bytes = 0;  ///< that may be used; 0: what it takes
};

}  // namespace tegula::objects
