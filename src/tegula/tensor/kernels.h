// tensor/kernels.h — moving pixels: copies between strided views, element conversion, and the index maps
// of the padding modes. Everything is checked by the caller; nothing here fails or allocates.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "tegula/tensor/tensor.h"

namespace tegula {

/// Copies `in` to `out` of the same shape, converting elements as NumPy's astype does (truncation toward
/// zero, wrap-around of integers). Out-of-range and NaN to integer, undefined in C, saturate; NaN gives 0.
/// Threads: safe for different outputs.
void ConvertCopy(const ConstView& in, const View& out) noexcept;

/// How pixels outside an image are made up (names and meaning as numpy.pad).
enum class PadMode : std::uint8_t { kConstant, kEdge, kReflect, kSymmetric };
std::string_view PadModeName(PadMode mode);
std::optional<PadMode> PadModeFromName(std::string_view name);

/// The pixel of an axis of `size` > 0 pixels that stands at position `i` (any integer); -1 for kConstant
/// outside the axis. Reflect and symmetric repeat periodically, as numpy.pad does for pads wider than the image;
/// reflect of one pixel is that pixel.
constexpr std::int64_t PaddedIndex(std::int64_t i, std::int64_t size, PadMode mode) noexcept {
  if (i >= 0 && i < size) return i;
  switch (mode) {
    case PadMode::kConstant: return -1;
    case PadMode::kEdge: return i < 0 ? 0 : size - 1;
    case PadMode::kSymmetric: {
      const std::int64_t period = 2 * size;
      const std::int64_t m = ((i % period) + period) % period;
      return m < size ? m : period - 1 - m;
    }
    case PadMode::kReflect: {
      if (size == 1) return 0;
      const std::int64_t period = 2 * (size - 1);
      const std::int64_t m = ((i % period) + period) % period;
      return m < size ? m : period - m;
    }
  }
  return -1;
}

}  // namespace tegula
