// ops/stage.h — what a bound chain consists of, and the loop that runs it. Internal to ops/.
//
// Element-wise stages are fused: a block of about a thousand elements goes through all of them in the first level
// cache before the next block is read, so that a tile is read once and written once whatever the chain.
#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "tegula/tensor/tensor.h"

namespace tegula::ops {

inline constexpr int kMaxParameters = 4;

/// A number per position along some axes of the bound tensor.
struct Parameter {
  std::vector<double> values;
  Shape strides;  ///< into `values`, one per axis of the tensor; 0 along axes on which it does not depend

  bool varies() const noexcept { return values.size() > 1; }
  double At(std::int64_t offset) const noexcept { return values[static_cast<std::size_t>(offset)]; }
};

/// Whether parameters have one value per element, or one for all.
enum class Vary : std::uint8_t { kNo, kYes };

/// Whether results that are too many for the caches go past them, which saves reading what is overwritten.
enum class Stores : std::uint8_t { kThroughCaches, kPastCaches };

/// An element-wise function for the element types in which ops compute. Constants hold over a block; varying parameters
/// have one value per element. `in` and `out` do not overlap.
struct Kernel {
  using Constants = std::array<double, kMaxParameters>;
  using Varying = std::array<const double*, kMaxParameters>;
  using Narrow = void (*)(const float* in, float* out, std::int64_t n, const Varying& parameters, Vary vary,
                          Stores stores) noexcept;
  void (*f32)(const float* in, float* out, std::int64_t n, const Constants& constants) noexcept;
  void (*f64)(const double* in, double* out, std::int64_t n, const Constants& constants) noexcept;
  void (*f64_varying)(const double* in, double* out, std::int64_t n, const Varying& varying) noexcept;
  Narrow narrow;  ///< f64 between conversions from and to float32, in one go; null if there is no faster way
};

// The loops that the compiler vectorises; F has `static constexpr int kParameters` and
// `template <class T> static T Apply(T x, T parameter...) noexcept`. Constants become T first, as a Python float beside
// a NumPy array does.
template <class F, class T, std::size_t... kIndex>
void MapConstants(const T* __restrict in, T* __restrict out, std::int64_t n, const Kernel::Constants& constants,
                  std::index_sequence<kIndex...>) noexcept {
  [[maybe_unused]] const std::array<T, sizeof...(kIndex)> c{static_cast<T>(constants[kIndex])...};
  for (std::int64_t i = 0; i < n; ++i) out[i] = F::template Apply<T>(in[i], std::get<kIndex>(c)...);
}
template <class F, std::size_t... kIndex>
void MapVarying(const double* __restrict in, double* __restrict out, std::int64_t n, const Kernel::Varying& varying,
                std::index_sequence<kIndex...>) noexcept {
  [[maybe_unused]] const std::array<const double*, sizeof...(kIndex)> p{varying[kIndex]...};
  for (std::int64_t i = 0; i < n; ++i) out[i] = F::template Apply<double>(in[i], std::get<kIndex>(p)[i]...);
}

template <class F>
constexpr Kernel::Narrow NarrowOf() noexcept {
  if constexpr (requires { &F::Narrow; })
    return &F::Narrow;
  else
    return nullptr;
}

template <class F>
inline constexpr Kernel kKernel = {
    [](const float* in, float* out, std::int64_t n, const Kernel::Constants& constants) noexcept {
      MapConstants<F, float>(in, out, n, constants, std::make_index_sequence<F::kParameters>());
    },
    [](const double* in, double* out, std::int64_t n, const Kernel::Constants& constants) noexcept {
      MapConstants<F, double>(in, out, n, constants, std::make_index_sequence<F::kParameters>());
    },
    [](const double* in, double* out, std::int64_t n, const Kernel::Varying& varying) noexcept {
      MapVarying<F>(in, out, n, varying, std::make_index_sequence<F::kParameters>());
    },
    NarrowOf<F>()};

/// One element-wise step: a kernel, or without one a conversion.
struct Stage {
  DType in = DType::kF32;
  DType out = DType::kF32;
  const Kernel* kernel = nullptr;
  std::vector<Parameter> parameters;
};

/// Stages that are fused, and then a softmax along an axis or none (-1).
struct Segment {
  std::vector<Stage> stages;
  int softmax_axis = -1;
};

/// Runs the stages; `out` has the last stage's dtype (`in`'s if there is none) and `in`'s shape, and does not overlap
/// it. Threads: safe for different outputs.
void RunFused(const std::vector<Stage>& stages, const ConstView& in, const View& out) noexcept;

/// exp(x - max) / sum along `axis`, in place; float32 or float64. Threads: safe for different tensors.
void RunSoftmax(const View& values, int axis) noexcept;

}  // namespace tegula::ops
