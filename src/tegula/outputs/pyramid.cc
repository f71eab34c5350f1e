#include "tegula/outputs/pyramid.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <limits>

#include "tegula/core/interval.h"

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

template <Reduction kReduction>
void HalveBy(const ConstView& in, const View& out) noexcept {
  const int y = in.shape().rank() - 2, x = y + 1;
  const std::int64_t height = in.shape()[y], width = in.shape()[x], out_width = out.shape()[x];
  VisitStoredDType(in.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T* from = in.as<T>();
    T* to = out.as<T>();
    for (std::int64_t plane = in.elements() / (height * width); plane > 0; --plane) {
      for (std::int64_t row = 0; row < height; row += 2, to += out_width) {
        const int rows = row + 1 < height ? 2 : 1;
        HalveRows<kReduction>(from + row * width, from + (row + rows - 1) * width, rows, width, to);
      }
      from += height * width;
    }
  });
}

bool HasAnyChunk(const ChunkStore& store, int level, const Shape& begin, const Shape& size) {
  const int y = store.rank() - 2, x = y + 1;
  const Shape chunk = store.ChunkShape();
  Shape index = begin;
  for (int axis = 0; axis < store.rank(); ++axis) index[axis] = begin[axis] / chunk[axis];
  const std::int64_t rows = CeilDiv(size[y], chunk[y]), columns = CeilDiv(size[x], chunk[x]);
  const Shape first = index;
  for (std::int64_t number = 0; number < rows * columns; ++number) {
    index[y] = first[y] + number / columns;
    index[x] = first[x] + number % columns;
    if (store.HasChunk(level, index)) return true;
  }
  return false;
}

}  // namespace

void Halve(const ConstView& in, Reduction reduction, const View& out) noexcept {
  TEGULA_ASSERT(in.dtype() == out.dtype() && in.shape().rank() == out.shape().rank() && in.shape().rank() >= 2);
  TEGULA_ASSERT(in.is_contiguous() && out.is_contiguous());
  if (in.elements() == 0) return;
  switch (reduction) {
    case Reduction::kMean: return HalveBy<Reduction::kMean>(in, out);
    case Reduction::kNanMean: return HalveBy<Reduction::kNanMean>(in, out);
    case Reduction::kMode: return HalveBy<Reduction::kMode>(in, out);
    case Reduction::kNearest: return HalveBy<Reduction::kNearest>(in, out);
  }
}

Status ReduceChunk(const ChunkStore& store, int level, const Shape& index) {
  TEGULA_ASSERT(level > 0);
  const Shape above = store.LevelShape(level - 1);
  const Shape extent = store.ChunkExtent(level, index);
  Shape begin = store.ChunkBegin(index), size = extent;
  for (int axis = store.rank() - 2; axis < store.rank(); ++axis) {
    begin[axis] *= 2;
    size[axis] = std::min(2 * extent[axis], above[axis] - begin[axis]);
  }
  if (!HasAnyChunk(store, level - 1, begin, size)) return Ok();
  const DType dtype = store.options().dtype;
  TEGULA_ASSIGN_OR_RETURN(Tensor full, Tensor::Allocate(dtype, size, {.tensor_bytes = INT64_MAX}));
  TEGULA_ASSIGN_OR_RETURN(Tensor half, Tensor::Allocate(dtype, extent, {.tensor_bytes = INT64_MAX}));
  TEGULA_TRY(store.ReadBox(level - 1, begin, full.view()));
  Halve(full.view(), store.options().reduction, half.view());
  return store.WriteChunk(level, index, half.view());
}

Status BuildPyramid(const RunContext& context, const ChunkStore& store) {
  std::int64_t total = 0;
  for (int level = 1; level < store.levels(); ++level) total += store.ChunkCount(level);
  std::atomic<std::int64_t> done{0};
  for (int level = 1; level < store.levels(); ++level) {
    const auto reduce = [&](std::int64_t number, int) -> Status {
      TEGULA_TRY(ReduceChunk(store, level, store.ChunkIndex(level, number)).Context(fmt::format("level {}", level)));
      context.progress.Update("reducing", ++done, total, "chunks");
      return Ok();
    };
    TEGULA_TRY(ForEach(context.executor, store.ChunkCount(level), context.stop, reduce));
  }
  return Ok();
}

}  // namespace tegula::outputs
