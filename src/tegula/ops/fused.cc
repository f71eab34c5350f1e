// The loop that takes blocks of a tile through all stages of a segment.

#include <algorithm>
#include <cstring>

#include "tegula/core/vector.h"
#include "tegula/ops/stage.h"
#include "tegula/tensor/kernels.h"

namespace tegula::ops {
namespace {

constexpr std::int64_t kBlock = 1024;  // elements: two buffers and a parameter or two stay in the first level cache
constexpr std::int64_t kAligned = 16;  // elements of four bytes in a cache line
constexpr std::int64_t kManyBytes = 4 << 20;  // more than a core keeps to itself

// The axes over which the loop runs: those of size 1 are left out, neighbours that lie without gaps in both tensors and
// on which no parameter depends are one.
struct Loop {
  int rank = 0;
  Shape shape, in, out;
  std::array<int, kMaxRank> axis{};  // of the tensor, for the strides of parameters

  int inner() const noexcept { return rank - 1; }
};

bool AnyVaries(const std::vector<Stage>& stages, int axis) noexcept {
  for (const Stage& stage : stages)
    for (const Parameter& parameter : stage.parameters)
      if (parameter.strides[axis] != 0) return true;
  return false;
}

Loop MakeLoop(const std::vector<Stage>& stages, const ConstView& in, const View& out) noexcept {
  Loop loop;
  Shape sizes = in.shape(), in_strides = in.strides(), out_strides = out.strides();
  bool previous_varies = true;
  for (int axis = 0; axis < sizes.rank(); ++axis) {
    if (sizes[axis] == 1) continue;
    const bool varies = AnyVaries(stages, axis);
    const int last = loop.rank - 1;
    if (!varies && !previous_varies && loop.in[last] == sizes[axis] * in_strides[axis] &&
        loop.out[last] == sizes[axis] * out_strides[axis]) {
      sizes[axis] *= loop.shape[last];
      --loop.rank;
    }
    loop.shape[loop.rank] = sizes[axis];
    loop.in[loop.rank] = in_strides[axis];
    loop.out[loop.rank] = out_strides[axis];
    loop.axis[static_cast<std::size_t>(loop.rank)] = axis;
    ++loop.rank;
    previous_varies = varies;
  }
  if (loop.rank == 0) {  // a single element
    loop.shape[0] = loop.in[0] = loop.out[0] = 1;
    loop.rank = 1;
  }
  return loop;
}

// Walks over all axes of a loop but the innermost.
class Rows {
 public:
  explicit Rows(const Loop& loop) noexcept : loop_(&loop) {}
  void Next() noexcept {
    for (int a = loop_->inner() - 1; a >= 0; --a) {
      if (++index_[a] < loop_->shape[a]) return;
      index_[a] = 0;
    }
  }
  void Skip(std::int64_t rows) noexcept {
    for (int a = loop_->inner() - 1; a >= 0 && rows > 0; --a) {
      rows += index_[a];
      index_[a] = rows % loop_->shape[a];
      rows /= loop_->shape[a];
    }
  }
  /// Of the row's first element, for strides per axis of the loop.
  std::int64_t Offset(const Shape& strides) const noexcept {
    std::int64_t offset = 0;
    for (int a = 0; a < loop_->inner(); ++a) offset += index_[a] * strides[a];
    return offset;
  }
  std::int64_t ParameterOffset(const Parameter& parameter) const noexcept {
    std::int64_t offset = 0;
    for (int a = 0; a < loop_->inner(); ++a)
      offset += index_[a] * parameter.strides[loop_->axis[static_cast<std::size_t>(a)]];
    return offset;
  }

 private:
  const Loop* loop_;
  Shape index_;
};

// A piece of one row, or several whole rows where rows are short.
struct Block {
  Rows first;
  std::int64_t rows = 1;
  std::int64_t begin = 0;   // within the row
  std::int64_t length = 0;  // per row
  std::int64_t size() const noexcept { return rows * length; }
};

template <std::size_t kSize>
void CopyElements(const std::byte* in, std::int64_t in_stride, std::byte* out, std::int64_t out_stride,
                  std::int64_t n) noexcept {
  if (in_stride == 1 && out_stride == 1) {
    std::memcpy(out, in, static_cast<std::size_t>(n) * kSize);
    return;
  }
  constexpr auto kBytes = static_cast<std::int64_t>(kSize);
  for (std::int64_t i = 0; i < n; ++i) std::memcpy(out + i * out_stride * kBytes, in + i * in_stride * kBytes, kSize);
}

using CopyFunction = void (*)(const std::byte*, std::int64_t, std::byte*, std::int64_t, std::int64_t) noexcept;
CopyFunction CopyOf(DType dtype) noexcept {
  switch (DTypeSize(dtype)) {
    case 1: return &CopyElements<1>;
    case 2: return &CopyElements<2>;
    case 4: return &CopyElements<4>;
    default: return &CopyElements<8>;
  }
}

// Fills `values` to `size` with its first `filled` > 0 elements over and over.
void Repeat(double* values, std::int64_t filled, std::int64_t size) noexcept {
  for (; filled < size; filled *= 2) std::copy_n(values, std::min(filled, size - filled), values + filled);
}

class FusedRun {
 public:
  FusedRun(const std::vector<Stage>& stages, const ConstView& in, const View& out) noexcept
      : stages_(stages),
        in_(in),
        out_(out),
        loop_(MakeLoop(stages, in, out)),
        in_gapless_(IsGapless(loop_.in)),
        out_gapless_(IsGapless(loop_.out)),
        stores_(out.elements() * DTypeSize(out.dtype()) > kManyBytes ? Stores::kPastCaches : Stores::kThroughCaches) {}

  void Run() noexcept {
    const std::int64_t length = loop_.shape[loop_.inner()];
    std::int64_t rows = 1;
    for (int a = 0; a < loop_.inner(); ++a) rows *= loop_.shape[a];
    Rows row(loop_);
    // Of rows shorter than half a block as many as fit are taken together, and so that the next block is aligned.
    std::int64_t together = std::max<std::int64_t>(1, kBlock / length);
    if (together > kAligned) together -= together % kAligned;
    for (std::int64_t r = 0; r < rows; r += together) {
      const std::int64_t taken = std::min(together, rows - r);
      for (std::int64_t begin = 0; begin < length; begin += kBlock)
        RunBlock({row, taken, begin, std::min(kBlock, length - begin)});
      row.Skip(taken);
    }
    // Such stores keep no order, not even with a lock that is released later.
    if (stores_ == Stores::kPastCaches) OrderStores();
  }

 private:
  void RunBlock(const Block& block) noexcept {
    const std::byte* values = Load(block);
    for (std::size_t i = 0, taken = 0; i < stages_.size(); i += taken) {
      const bool is_narrow = IsNarrow(i);
      taken = is_narrow ? 3 : 1;
      const bool is_direct = i + taken == stages_.size() && writes_directly(block);
      std::byte* const result =
          is_direct ? Address(out_.data(), out_.dtype(), block, loop_.out) : buffers_[values == buffers_[0] ? 1 : 0];
      if (is_narrow)
        RunNarrow(i, block, values, result, is_direct ? stores_ : Stores::kThroughCaches);
      else
        RunStage(stages_[i], block, values, result);
      values = result;
    }
    if (!writes_directly(block)) Store(block, values);
  }

  bool IsGapless(const Shape& strides) const noexcept {
    std::int64_t expected = 1;
    for (int a = loop_.inner(); a >= 0; --a) {
      if (strides[a] != expected) return false;
      expected *= loop_.shape[a];
    }
    return true;
  }
  // Whether the block lies in one piece.
  bool reads_directly(const Block& block) const noexcept {
    return in_gapless_ || (block.rows == 1 && loop_.in[loop_.inner()] == 1);
  }
  bool writes_directly(const Block& block) const noexcept {
    return out_gapless_ || (block.rows == 1 && loop_.out[loop_.inner()] == 1);
  }

  template <class Byte>
  Byte* Address(Byte* data, DType dtype, const Block& block, const Shape& strides) const noexcept {
    return data + (block.first.Offset(strides) + block.begin * strides[loop_.inner()]) * DTypeSize(dtype);
  }

  const std::byte* Load(const Block& block) noexcept {
    if (reads_directly(block)) return Address(in_.data(), in_.dtype(), block, loop_.in);
    const CopyFunction copy = CopyOf(in_.dtype());
    Block row = block;
    for (std::int64_t r = 0; r < block.rows; ++r, row.first.Next())
      copy(Address(in_.data(), in_.dtype(), row, loop_.in), loop_.in[loop_.inner()],
           buffers_[0] + r * block.length * DTypeSize(in_.dtype()), 1, block.length);
    return buffers_[0];
  }

  void Store(const Block& block, const std::byte* values) noexcept {
    const CopyFunction copy = CopyOf(out_.dtype());
    Block row = block;
    for (std::int64_t r = 0; r < block.rows; ++r, row.first.Next())
      copy(values + r * block.length * DTypeSize(out_.dtype()), 1, Address(out_.data(), out_.dtype(), row, loop_.out),
           loop_.out[loop_.inner()], block.length);
  }

  void RunStage(const Stage& stage, const Block& block, const std::byte* in, std::byte* out) noexcept {
    const std::int64_t n = block.size();
    if (stage.kernel == nullptr) {
      ConvertCopy(ConstView(in, stage.in, Shape{n}), View(out, stage.out, Shape{n}));
      return;
    }
    if (!IsConstant(stage, block)) {
      TEGULA_ASSERT(stage.in == DType::kF64);
      stage.kernel->f64_varying(reinterpret_cast<const double*>(in), reinterpret_cast<double*>(out), n,
                                Expand(stage, block));
      return;
    }
    const Kernel::Constants constants = Constants(stage, block);
    if (stage.in == DType::kF32)
      stage.kernel->f32(reinterpret_cast<const float*>(in), reinterpret_cast<float*>(out), n, constants);
    else
      stage.kernel->f64(reinterpret_cast<const double*>(in), reinterpret_cast<double*>(out), n, constants);
  }

  // Whether the stages from `i` on are a conversion of what float32 can hold to float64, a kernel with a faster way,
  // and the conversion to float32.
  bool IsNarrow(std::size_t i) const noexcept {
    if (i + 3 > stages_.size() || stages_[i].kernel != nullptr || stages_[i + 1].kernel == nullptr) return false;
    const bool is_exact = stages_[i].in == DType::kF32 || DTypeSize(stages_[i].in) <= 2;
    return is_exact && stages_[i].out == DType::kF64 && stages_[i + 1].kernel->narrow != nullptr &&
           stages_[i + 2].kernel == nullptr && stages_[i + 2].out == DType::kF32;
  }

  void RunNarrow(std::size_t i, const Block& block, const std::byte* in, std::byte* out, Stores stores) noexcept {
    const std::int64_t n = block.size();
    const Stage& stage = stages_[i + 1];
    const auto* singles = reinterpret_cast<const float*>(in);
    if (stages_[i].in != DType::kF32) {
      ConvertCopy(ConstView(in, stages_[i].in, Shape{n}),
                  View(reinterpret_cast<std::byte*>(singles_), DType::kF32, Shape{n}));
      singles = singles_;
    }
    if (!IsConstant(stage, block)) {
      stage.kernel->narrow(singles, reinterpret_cast<float*>(out), n, Expand(stage, block), Vary::kYes, stores);
      return;
    }
    const Kernel::Constants constants = Constants(stage, block);
    Kernel::Varying parameters{};
    for (std::size_t p = 0; p < constants.size(); ++p) parameters[p] = &constants[p];
    stage.kernel->narrow(singles, reinterpret_cast<float*>(out), n, parameters, Vary::kNo, stores);
  }

  std::int64_t InnerStride(const Parameter& parameter) const noexcept {
    return parameter.strides[loop_.axis[static_cast<std::size_t>(loop_.inner())]];
  }

  bool DependsOnInnerOnly(const Parameter& parameter) const noexcept {
    for (int a = 0; a < loop_.inner(); ++a)
      if (parameter.strides[loop_.axis[static_cast<std::size_t>(a)]] != 0) return false;
    return true;
  }

  bool IsConstant(const Stage& stage, const Block& block) const noexcept {
    return std::all_of(stage.parameters.begin(), stage.parameters.end(), [&](const Parameter& parameter) {
      return !parameter.varies() || (block.rows == 1 && InnerStride(parameter) == 0);
    });
  }

  Kernel::Constants Constants(const Stage& stage, const Block& block) const noexcept {
    Kernel::Constants constants{};
    for (std::size_t p = 0; p < stage.parameters.size(); ++p) {
      const Parameter& parameter = stage.parameters[p];
      constants[p] = parameter.varies() ? parameter.At(block.first.ParameterOffset(parameter)) : parameter.values[0];
    }
    return constants;
  }

  // One value per element of the block for every parameter. Blocks of whole rows, as of pixels with their channels
  // last, find those of the block before.
  Kernel::Varying Expand(const Stage& stage, const Block& block) noexcept {
    Kernel::Varying varying{};
    for (std::size_t p = 0; p < stage.parameters.size(); ++p) varying[p] = expanded_[p];
    if (expanded_for_ == &stage && expanded_size_ >= block.size()) return varying;
    bool all_repeat = block.length == loop_.shape[loop_.inner()];
    for (std::size_t p = 0; p < stage.parameters.size(); ++p) {
      const Parameter& parameter = stage.parameters[p];
      double* to = expanded_[p];
      if (!parameter.varies()) {
        std::fill_n(to, block.size(), parameter.values[0]);
        continue;
      }
      const std::int64_t stride = InnerStride(parameter);
      const bool repeats = DependsOnInnerOnly(parameter);
      all_repeat = all_repeat && repeats;
      Rows row = block.first;
      for (std::int64_t r = 0; r < (repeats ? 1 : block.rows); ++r, row.Next(), to += block.length) {
        const double* const values = parameter.values.data() + row.ParameterOffset(parameter);
        for (std::int64_t i = 0; i < block.length; ++i) to[i] = values[(block.begin + i) * stride];
      }
      if (repeats) Repeat(expanded_[p], block.length, block.size());
    }
    expanded_for_ = all_repeat ? &stage : nullptr;
    expanded_size_ = block.size();
    return varying;
  }

  const std::vector<Stage>& stages_;
  const ConstView& in_;
  const View& out_;
  Loop loop_;
  bool in_gapless_, out_gapless_;
  Stores stores_;
  const Stage* expanded_for_ = nullptr;
  std::int64_t expanded_size_ = 0;
  alignas(64) std::byte buffers_[2][kBlock * 8];
  alignas(64) float singles_[kBlock];
  alignas(64) double expanded_[kMaxParameters][kBlock];
};

}  // namespace

void RunFused(const std::vector<Stage>& stages, const ConstView& in, const View& out) noexcept {
  if (in.elements() == 0) return;
  if (stages.empty())
    ConvertCopy(in, out);
  else
    FusedRun(stages, in, out).Run();
}

}  // namespace tegula::ops
