#include "tegula/tensor/interleaved.h"

#include <cstring>

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
