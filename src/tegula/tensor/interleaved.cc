#include "tegula/tensor/interleaved.h"

#include <cstdint>
#include <cstring>
#include <utility>

#include "tegula/core/vector.h"

namespace tegula {
namespace {

constexpr std::int64_t kColours = 3;

template <class T>
TEGULA_INLINE inline void SplitRow(const T* __restrict in_xc, T* __restrict a, T* __restrict b, T* __restrict c,
                                   std::int64_t width) noexcept {
  for (std::int64_t x = 0; x < width; ++x) {
    a[x] = in_xc[kColours * x];
    b[x] = in_xc[kColours * x + 1];
    c[x] = in_xc[kColours * x + 2];
  }
}

// What compilers make of the loop for bytes in wide vectors is slow: they cannot pick bytes across their halves.
using Bytes16 = std::uint8_t __attribute__((vector_size(16)));

// Every third byte of 48, from the one with this number on.
template <int kFrom, std::size_t... kAt>
TEGULA_INLINE inline Bytes16 EveryThird(Bytes16 a, Bytes16 b, Bytes16 c, std::index_sequence<kAt...>) noexcept {
  constexpr auto in = [](std::size_t at) { return static_cast<int>(kColours * static_cast<std::int64_t>(at)) + kFrom; };
  const Bytes16 ab = __builtin_shufflevector(a, b, (in(kAt) < 32 ? in(kAt) : 0)...);
  return __builtin_shufflevector(ab, c, (in(kAt) < 32 ? static_cast<int>(kAt) : in(kAt)-16)...);
}

TEGULA_INLINE inline void SplitRow(const std::uint8_t* __restrict in_xc, std::uint8_t* __restrict a,
                                   std::uint8_t* __restrict b, std::uint8_t* __restrict c,
                                   std::int64_t width) noexcept {
  constexpr std::int64_t kLanes = 16;
  constexpr std::make_index_sequence<kLanes> kAll;
  std::int64_t x = 0;
  for (; x + kLanes <= width; x += kLanes) {
    Bytes16 in[kColours];
    std::memcpy(in, in_xc + kColours * x, sizeof in);
    const Bytes16 out[kColours] = {EveryThird<0>(in[0], in[1], in[2], kAll), EveryThird<1>(in[0], in[1], in[2], kAll),
                                   EveryThird<2>(in[0], in[1], in[2], kAll)};
    std::memcpy(a + x, &out[0], kLanes);
    std::memcpy(b + x, &out[1], kLanes);
    std::memcpy(c + x, &out[2], kLanes);
  }
  SplitRow<std::uint8_t>(in_xc + kColours * x, a + x, b + x, c + x, width - x);
}

// Signed or not, only the size matters.
template <class T>
void Split(const ConstView& in_cyx, const View& out_cyx) noexcept {
  const std::int64_t height = in_cyx.shape()[1], width = in_cyx.shape()[2], in_row = in_cyx.strides()[1],
                     out_row = out_cyx.strides()[1], plane = out_cyx.strides()[0];
  const T* const from = reinterpret_cast<const T*>(in_cyx.data());
  T* const to = reinterpret_cast<T*>(out_cyx.data());
  RunVectorised([=]() TEGULA_INLINE {
    for (std::int64_t y = 0; y < height; ++y) {
      T* const out = to + y * out_row;
      SplitRow(from + y * in_row, out, out + plane, out + 2 * plane, width);
    }
  });
}

}  // namespace

bool CopyInterleaved(const ConstView& in_cyx, const View& out_cyx) noexcept {
  const Shape &shape = in_cyx.shape(), &in_strides = in_cyx.strides(), &out_strides = out_cyx.strides();
  if (in_cyx.dtype() != out_cyx.dtype() || shape.rank() != 3 || shape[0] != kColours) return false;
  if (in_strides[0] != 1 || in_strides[2] != kColours) return false;
  const std::int64_t bytes = DTypeSize(in_cyx.dtype());
  if (out_strides[0] == 1 && out_strides[2] == kColours) {
    for (std::int64_t y = 0; y < shape[1]; ++y)
      std::memcpy(out_cyx.data() + y * out_strides[1] * bytes, in_cyx.data() + y * in_strides[1] * bytes,
                  static_cast<std::size_t>(shape[2] * kColours * bytes));
    return true;
  }
  if (out_strides[2] != 1 || bytes > 2) return false;
  if (bytes == 1)
    Split<std::uint8_t>(in_cyx, out_cyx);
  else
    Split<std::uint16_t>(in_cyx, out_cyx);
  return true;
}

}  // namespace tegula
