#include "tegula/outputs/pyramid.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "tegula/core/interval.h"
#include "tegula/tensor/kernels.h"

namespace tegula::outputs {
namespace {

// The up to four pixels that become one, in reading order.
template <class T>
struct Block {
  std::array<T, 4> values;
  int count;
};

// floor(mean + 1/2) for a total of `count` integers; exact.
template <class T>
T RoundedMean(std::int64_t total, int count) noexcept {
  return static_cast<T>(FloorDiv(2 * total + count, 2 * count));
}

template <class T>
T Mean(const Block<T>& block) noexcept {
  if constexpr (kIsFloat<T>) {
    double total = 0;
    for (int i = 0; i < block.count; ++i) total += static_cast<double>(block.values[static_cast<std::size_t>(i)]);
    return static_cast<T>(total / block.count);
  } else if constexpr (sizeof(T) < 8) {
    std::int64_t total = 0;
    for (int i = 0; i < block.count; ++i) total += static_cast<std::int64_t>(block.values[static_cast<std::size_t>(i)]);
    return RoundedMean<T>(total, block.count);
  } else {
    // The sum of four may not fit: whole quarters and what remains of each (0 to 3) are summed apart.
    T quotients = 0;
    std::int64_t remainders = 0;
    const auto n = static_cast<T>(block.count);
    for (int i = 0; i < block.count; ++i) {
      const T value = block.values[static_cast<std::size_t>(i)];
      const T floor = static_cast<T>(value / n - static_cast<T>(value % n < 0));
      quotients = static_cast<T>(quotients + floor);
      remainders += static_cast<std::int64_t>(value - floor * n);
    }
    return static_cast<T>(quotients + RoundedMean<T>(remainders, block.count));
  }
}

template <class T>
T NanMean(const Block<T>& block) noexcept {
  if constexpr (kIsFloat<T>) {
    Block<T> known{{}, 0};
    for (int i = 0; i < block.count; ++i) {
      const T value = block.values[static_cast<std::size_t>(i)];
      if (!std::isnan(static_cast<double>(value))) known.values[static_cast<std::size_t>(known.count++)] = value;
    }
    return known.count > 0 ? Mean(known) : static_cast<T>(std::numeric_limits<double>::quiet_NaN());
  } else {
    return Mean(block);
  }
}

template <class T>
T Mode(const Block<T>& block) noexcept {
  T best = block.values[0];
  int most = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(block.count); ++i) {
    int times = 0;
    for (std::size_t k = 0; k < static_cast<std::size_t>(block.count); ++k)
      times += block.values[k] == block.values[i] ? 1 : 0;
    if (times > most) most = times, best = block.values[i];
  }
  return best;
}

template <class T>
T Reduce(const Block<T>& block, Reduction reduction) noexcept {
  switch (reduction) {
    case Reduction::kMean: return Mean(block);
    case Reduction::kNanMean: return NanMean(block);
    case Reduction::kMode: return Mode(block);
    case Reduction::kNearest: break;
  }
  return block.values[0];
}

// Two rows become one; at an odd bottom both are the same row and `rows` is 1. The reduction is a template argument so
// that the inner loop has no branch.
template <Reduction kReduction, class T>
void HalveRows(const T* row0, const T* row1, int rows, std::int64_t width, T* out) noexcept {
  const std::int64_t pairs = width / 2;
  if (rows == 2) {
    for (std::int64_t x = 0; x < pairs; ++x)
      out[x] = Reduce(Block<T>{{row0[2 * x], row0[2 * x + 1], row1[2 * x], row1[2 * x + 1]}, 4}, kReduction);
  } else {
    for (std::int64_t x = 0; x < pairs; ++x)
      out[x] = Reduce(Block<T>{{row0[2 * x], row0[2 * x + 1], T{}, T{}}, 2}, kReduction);
  }
  if (width % 2 == 1) out[pairs] = Reduce(Block<T>{{row0[width - 1], row1[width - 1], T{}, T{}}, rows}, kReduction);
}

// Rows of elements without gaps; all other strides are free.
template <Reduction kReduction>
void HalveBy(const ConstView& in, const View& out) noexcept {
  const int y = in.shape().rank() - 2, x = y + 1;
  const std::int64_t height = in.shape()[y], width = in.shape()[x];
  VisitStoredDType(in.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const std::int64_t planes = in.elements() / (height * width);
    for (std::int64_t plane = 0; plane < planes; ++plane) {
      const T* from = in.as<T>();
      T* to = out.as<T>();
      std::int64_t left = plane;
      for (int axis = y - 1; axis >= 0; --axis) {
        const std::int64_t at = left % in.shape()[axis];
        left /= in.shape()[axis];
        from += at * in.strides()[axis];
        to += at * out.strides()[axis];
      }
      for (std::int64_t row = 0; row < height; row += 2, to += out.strides()[y]) {
        const int rows = row + 1 < height ? 2 : 1;
        HalveRows<kReduction>(from + row * in.strides()[y], from + (row + rows - 1) * in.strides()[y], rows, width, to);
      }
    }
  });
}

// Where a chunk lies in its plane: which of its row and column.
using Place = std::pair<std::int64_t, std::int64_t>;

// A chunk that was just written: its pixels, which are the caller's or its own.
struct Fresh {
  ConstView pixels;
  Tensor own;
};
using FreshChunks = std::map<Place, Fresh>;

Shape WithPlace(Shape index, const Place& place) {
  index[index.rank() - 2] = place.first;
  index[index.rank() - 1] = place.second;
  return index;
}

// The chunks of the level above it that a chunk is made from.
std::vector<Place> PlacesUnder(const ChunkStore& store, int level, const Shape& index) {
  const Shape grid = store.Grid(level - 1);
  const int y = store.rank() - 2, x = y + 1;
  std::vector<Place> places;
  for (std::int64_t row = 2 * index[y]; row < std::min(2 * index[y] + 2, grid[y]); ++row)
    for (std::int64_t column = 2 * index[x]; column < std::min(2 * index[x] + 2, grid[x]); ++column)
      places.emplace_back(row, column);
  return places;
}

// The part of `of_whole` that a chunk covers, which begins so many chunks of `chunk` pixels from its first.
template <class Byte>
BasicView<Byte> PartAt(const BasicView<Byte>& of_whole, const Place& offset, const Place& chunk, const Place& size) {
  const int y = of_whole.shape().rank() - 2, x = y + 1;
  return of_whole.Slice(y, offset.first * chunk.first, size.first).Slice(x, offset.second * chunk.second, size.second);
}

// The pixels of a chunk, halved from those under it: those that are in memory are not read again.
Result<Tensor> Reduced(const ChunkStore& store, int level, const Shape& index, const FreshChunks& fresh) {
  constexpr Limits kAnySize{.tensor_bytes = INT64_MAX};
  const int y = store.rank() - 2, x = y + 1;
  const Shape chunk = store.ChunkShape(), extent = store.ChunkExtent(level, index);
  const DType dtype = store.options().dtype;
  const std::vector<Place> places = PlacesUnder(store, level, index);
  TEGULA_ASSIGN_OR_RETURN(Tensor half, Tensor::Allocate(dtype, extent, kAnySize));
  // Pixels that become one may lie in two chunks of an odd size: then all are put together first.
  Tensor full;
  if (places.size() > 1 && (chunk[y] % 2 == 1 || chunk[x] % 2 == 1)) {
    Shape size = extent;
    const Shape above = store.LevelShape(level - 1), begin = store.ChunkBegin(index);
    for (const int axis : {y, x}) size[axis] = std::min(2 * extent[axis], above[axis] - 2 * begin[axis]);
    TEGULA_ASSIGN_OR_RETURN(full, Tensor::Allocate(dtype, size, kAnySize));
  }
  for (const Place& place : places) {
    Tensor read;
    ConstView pixels;
    if (const auto found = fresh.find(place); found != fresh.end()) {
      pixels = found->second.pixels;
      if (pixels.strides()[x] != 1) {
        TEGULA_ASSIGN_OR_RETURN(read, Tensor::Allocate(dtype, pixels.shape(), kAnySize));
        ConvertCopy(pixels, read.view());
        pixels = std::as_const(read).view();
      }
    } else {
      TEGULA_ASSIGN_OR_RETURN(read, store.ReadChunk(level - 1, WithPlace(index, place)));
      pixels = std::as_const(read).view();
    }
    const Place offset{place.first - 2 * index[y], place.second - 2 * index[x]};
    const Place size{pixels.shape()[y], pixels.shape()[x]};
    if (full.shape().rank() > 0) {
      ConvertCopy(pixels, PartAt(full.view(), offset, {chunk[y], chunk[x]}, size));
    } else {
      Halve(pixels, store.options().reduction,
            PartAt(half.view(), offset, {chunk[y] / 2, chunk[x] / 2},
                   {CeilDiv(size.first, std::int64_t{2}), CeilDiv(size.second, std::int64_t{2})}));
    }
  }
  if (full.shape().rank() > 0) Halve(std::as_const(full).view(), store.options().reduction, half.view());
  return half;
}

// Makes what is complete above chunks of level 0, all of one plane, `plane` its index, level by level.
Status RaisePlane(const ChunkStore& store, const Shape& plane, FreshChunks fresh) {
  for (int level = 1; level < store.levels() && !fresh.empty(); ++level) {
    std::set<Place> above;
    for (const auto& [place, pixels] : fresh) above.emplace(place.first / 2, place.second / 2);
    FreshChunks made;
    for (const Place& place : above) {
      const Shape index = WithPlace(plane, place);
      const auto is_there = [&](const Place& under) {
        return fresh.contains(under) || store.HasChunk(level - 1, WithPlace(plane, under));
      };
      if (!std::ranges::all_of(PlacesUnder(store, level, index), is_there)) continue;
      TEGULA_ASSIGN_OR_RETURN(Tensor half, Reduced(store, level, index, fresh));
      const Tensor& reduced = half;
      TEGULA_TRY(store.WriteChunk(level, index, reduced.view()));
      const ConstView pixels = reduced.view();
      made.emplace(place, Fresh{pixels, std::move(half)});
    }
    fresh = std::move(made);
  }
  return Ok();
}

}  // namespace

void Halve(const ConstView& in, Reduction reduction, const View& out) noexcept {
  TEGULA_ASSERT(in.dtype() == out.dtype() && in.shape().rank() == out.shape().rank() && in.shape().rank() >= 2);
  TEGULA_ASSERT(in.strides()[in.shape().rank() - 1] == 1 && out.strides()[out.shape().rank() - 1] == 1);
  if (in.elements() == 0) return;
  switch (reduction) {
    case Reduction::kMean: return HalveBy<Reduction::kMean>(in, out);
    case Reduction::kNanMean: return HalveBy<Reduction::kNanMean>(in, out);
    case Reduction::kMode: return HalveBy<Reduction::kMode>(in, out);
    case Reduction::kNearest: return HalveBy<Reduction::kNearest>(in, out);
  }
}

Status WriteBoxAndAbove(const ChunkStore& store, const Shape& begin, const ConstView& pixels) {
  TEGULA_TRY(store.WriteBox(0, begin, pixels));
  if (store.levels() == 1 || pixels.elements() == 0) return Ok();
  const int y = store.rank() - 2, x = y + 1;
  const Shape chunk = store.ChunkShape();
  std::int64_t planes = 1;  // of chunks
  Shape first = begin, count = begin;
  for (int axis = 0; axis < store.rank(); ++axis) {
    first[axis] = begin[axis] / chunk[axis];
    count[axis] = CeilDiv(pixels.shape()[axis], chunk[axis]);
    if (axis < y) planes *= count[axis];
  }
  for (std::int64_t number = 0; number < planes; ++number) {
    Shape index = first;
    ConstView plane = pixels;
    std::int64_t left = number;
    for (int axis = y - 1; axis >= 0; --axis) {
      const std::int64_t at = left % count[axis];
      left /= count[axis];
      index[axis] += at;
      plane = plane.Slice(axis, at * chunk[axis], std::min(chunk[axis], pixels.shape()[axis] - at * chunk[axis]));
    }
    FreshChunks fresh;
    for (std::int64_t row = 0; row < count[y]; ++row)
      for (std::int64_t column = 0; column < count[x]; ++column) {
        const Place size{std::min(chunk[y], pixels.shape()[y] - row * chunk[y]),
                         std::min(chunk[x], pixels.shape()[x] - column * chunk[x])};
        fresh.emplace(Place{first[y] + row, first[x] + column},
                      Fresh{PartAt(plane, {row, column}, {chunk[y], chunk[x]}, size), {}});
      }
    TEGULA_TRY(RaisePlane(store, index, std::move(fresh)));
  }
  return Ok();
}

Status ReduceChunk(const ChunkStore& store, int level, const Shape& index) {
  TEGULA_ASSERT(level > 0);
  const auto is_there = [&](const Place& under) { return store.HasChunk(level - 1, WithPlace(index, under)); };
  if (!std::ranges::any_of(PlacesUnder(store, level, index), is_there)) return Ok();
  TEGULA_ASSIGN_OR_RETURN(const Tensor half, Reduced(store, level, index, {}));
  return store.WriteChunk(level, index, half.view());
}

Status FinishPyramid(const RunContext& context, const ChunkStore& store) {
  std::int64_t total = 0;
  for (int level = 1; level < store.levels(); ++level) total += store.ChunkCount(level);
  std::atomic<std::int64_t> done{0};
  for (int level = 1; level < store.levels(); ++level) {
    const auto reduce = [&](std::int64_t number, int) -> Status {
      const Shape index = store.ChunkIndex(level, number);
      if (!store.HasChunk(level, index))
        TEGULA_TRY(ReduceChunk(store, level, index).Context(fmt::format("level {}", level)));
      context.progress.Update("reducing", ++done, total, "chunks");
      return Ok();
    };
    TEGULA_TRY(ForEach(context.executor, store.ChunkCount(level), context.stop, reduce));
  }
  return Ok();
}

}  // namespace tegula::outputs
