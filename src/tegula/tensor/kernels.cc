#include "tegula/tensor/kernels.h"

#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include "tegula/tensor/interleaved.h"

namespace tegula {
namespace {

template <class To, class From>
To ConvertElement(From value) noexcept {
  if constexpr (std::is_same_v<To, From>) {
    return value;
  } else if constexpr (std::is_same_v<From, Half>) {
    return ConvertElement<To>(static_cast<float>(value));
  } else if constexpr (std::is_same_v<To, Half>) {
    return Half(static_cast<double>(value));
  } else if constexpr (std::is_same_v<To, bool>) {
    return value != From{};
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    if (std::isnan(value)) return To{};
    // The largest integer may not be a float; compare with the power of two above it.
    const From above = std::ldexp(From{1}, std::numeric_limits<To>::digits);
    if (value >= above) return std::numeric_limits<To>::max();
    if (value <= static_cast<From>(std::numeric_limits<To>::min())) return std::numeric_limits<To>::min();
    return static_cast<To>(value);
  } else {
    return static_cast<To>(value);
  }
}

// An axis of two views of one shape.
struct CommonAxis {
  std::int64_t size = 1, in_stride = 1, out_stride = 1;
};

// The axes that lie one after the other in both views taken as one, so that rows are as long as they can be.
class CommonAxes {
 public:
  CommonAxes(const ConstView& in, const View& out) {
    for (int axis = 0; axis < in.shape().rank(); ++axis) {
      const CommonAxis next{in.shape()[axis], in.strides()[axis], out.strides()[axis]};
      if (next.size == 1) continue;
      if (count_ > 0 && last().in_stride == next.in_stride * next.size &&
          last().out_stride == next.out_stride * next.size)
        axes_[count_ - 1] = {last().size * next.size, next.in_stride, next.out_stride};
      else
        axes_[count_++] = next;
    }
    if (count_ == 0) axes_[count_++] = {};
  }
  const CommonAxis& last() const noexcept { return axes_[count_ - 1]; }

  // Calls row(in_offset, out_offset) for every combination of all axes but the last.
  template <class F>
  void ForEachRow(F&& row) const {
    std::array<std::int64_t, kMaxRank> index{};
    std::int64_t in = 0, out = 0;
    for (;;) {
      row(in, out);
      std::size_t a = count_ - 1;
      for (; a > 0; --a) {
        const CommonAxis& axis = axes_[a - 1];
        in += axis.in_stride, out += axis.out_stride;
        if (++index[a - 1] < axis.size) break;
        in -= index[a - 1] * axis.in_stride, out -= index[a - 1] * axis.out_stride;
        index[a - 1] = 0;
      }
      if (a == 0) return;
    }
  }

 private:
  std::array<CommonAxis, kMaxRank> axes_;
  std::size_t count_ = 0;
};

template <class To, class From>
void ConvertRow(const From* in, std::int64_t in_stride, To* out, std::int64_t out_stride, std::int64_t size) noexcept {
  if (in_stride == 1 && out_stride == 1) {
    if constexpr (std::is_same_v<To, From>) {
      std::memcpy(out, in, static_cast<std::size_t>(size) * sizeof(To));
    } else {
      for (std::int64_t i = 0; i < size; ++i) out[i] = ConvertElement<To>(in[i]);
    }
    return;
  }
  for (std::int64_t i = 0; i < size; ++i) out[i * out_stride] = ConvertElement<To>(in[i * in_stride]);
}

template <class To, class From>
void ConvertView(const ConstView& in, const View& out) noexcept {
  const From* const from = in.as<From>();
  To* const to = out.as<To>();
  const CommonAxes axes(in, out);
  const CommonAxis& last = axes.last();
  axes.ForEachRow([&](std::int64_t i, std::int64_t o) {
    ConvertRow(from + i, last.in_stride, to + o, last.out_stride, last.size);
  });
}

constexpr std::array<std::string_view, 4> kPadNames = {"constant", "edge", "reflect", "symmetric"};

}  // namespace

void ConvertCopy(const ConstView& in, const View& out) noexcept {
  TEGULA_ASSERT(in.shape() == out.shape());
  if (in.elements() == 0 || CopyInterleaved(in, out)) return;
  VisitStoredDType(in.dtype(), [&](auto from) {
    VisitStoredDType(out.dtype(), [&](auto to) {
      ConvertView<typename decltype(to)::type, typename decltype(from)::type>(in, out);
    });
  });
}

std::string_view PadModeName(PadMode mode) { return kPadNames[static_cast<std::size_t>(mode)]; }

std::optional<PadMode> PadModeFromName(std::string_view name) {
  for (std::size_t i = 0; i < kPadNames.size(); ++i)
    if (kPadNames[i] == name) return static_cast<PadMode>(i);
  return std::nullopt;
}

}  // namespace tegula
