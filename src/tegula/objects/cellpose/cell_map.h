// objects/cellpose/cell_map.h — numbered objects of an image of any size.
//
// Methods that find objects give every pixel a number once; from then on objects are left out, numbered anew, and
// filled. What changes numbers as a whole changes a table, and what changes pixels is kept as runs, so the pixels that
// were written stay as they are, and memory follows the objects. Numbers are looked up in tables, so they are kept
// small: an image never has more of them than pixels.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "tegula/core/function_ref.h"
#include "tegula/core/interval.h"
#include "tegula/objects/pixel_blocks.h"
#include "tegula/tensor/tensor.h"

namespace tegula::objects {

/// The pixels of one number; none if it does not occur.
struct Cell {
  std::int64_t pixels = 0;
  std::int64_t first_y = 0, first_x = 0;  ///< in (y, x) order
  Box box = {};                           ///< around them
};

/// Pixels [begin, end) of a row.
struct PixelRun {
  std::int64_t y = 0, begin = 0, end = 0;
};

/// One number per pixel, 0 where there is no object. One thread at a time; reading is thread-safe.
class CellMap {
 public:
  /// Takes the numbers that stand in `numbers`, uint32 of one channel, and looks at all of them once. Errors of
  /// reading; kCancelled.
  static Result<CellMap> Measure(std::unique_ptr<const PixelBlocks> numbers, const RunContext& context);

  std::int64_t height() const noexcept { return numbers_->grid().size[GridAxis::kY]; }
  std::int64_t width() const noexcept { return numbers_->grid().size[GridAxis::kX]; }
  /// By number, from 0 (which is no object, and empty) to the largest that ever occurred.
  const std::vector<Cell>& cells() const noexcept { return cells_; }
  /// The largest number that a pixel has; 0 without objects.
  std::uint32_t Largest() const noexcept;
  /// Pixels of each number from 0 to the largest.
  std::vector<std::int64_t> PixelCounts() const;

  /// Gives every object the number `names[its number]`, 0 to leave it out; `names` has one for each of cells(), and no
  /// two objects get the same.
  void Rename(std::span<const std::uint32_t> names);
  /// Numbers objects from 1 without gaps, in the (y, x) order of their first pixels.
  void Renumber();
  /// Gives runs of pixels to an object; what lay there goes. The cells that this changes must be measured again.
  void Paint(std::span<const PixelRun> runs, std::uint32_t number);
  /// Looks again at the pixels of a number, which lie in its box. Errors of reading.
  Status MeasureAgain(std::uint32_t number, const Limits& limits);

  /// The numbers in a box: uint32 of (1, y, x). Errors of reading.
  Result<Tensor> Read(const Box& box, const Limits& limits) const;

  /// Calls visit(number, worker) once for every number that occurs, those that begin in one block after each other by
  /// one worker. The first error stops the rest; kCancelled.
  Status ForEachCell(const RunContext& context, FunctionRef<Status(std::uint32_t number, int worker)> visit) const;

 private:
  explicit CellMap(std::unique_ptr<const PixelBlocks> numbers) : numbers_(std::move(numbers)) {}

  struct Edit {
    std::int64_t begin, end;
    std::uint32_t number;
  };
  std::unique_ptr<const PixelBlocks> numbers_;       ///< as they were
  std::vector<std::uint32_t> names_;                 ///< of these: what they are called now
  std::map<std::int64_t, std::vector<Edit>> edits_;  ///< by row, in the order in which they were made
  std::vector<Cell> cells_;
};

}  // namespace tegula::objects
