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

// Calls row(in_offset, out_offset) for every combination of all axes but the last.
template <class F>
void ForEachRow(const Shape& shape, const Shape& in_strides, const Shape& out_strides, F&& row) {
  const int outer = shape.rank() - 1;
  std::array<std::int64_t, kMaxRank> index{};
  std::int64_t in = 0, out = 0;
  for (;;) {
    row(in, out);
    int axis = outer - 1;
    for (; axis >= 0; --axis) {
      const auto a = static_cast<std::size_t>(axis);
      in += in_strides[axis], out += out_strides[axis];
      if (++index[a] < shape[axis]) break;
      in -= index[a] * in_strides[axis], out -= index[a] * out_strides[axis];
      index[a] = 0;
    }
    if (axis < 0) return;
  }
}

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
  const Shape& shape = in.shape();
  if (shape.rank() == 0) {
    *to = ConvertElement<To>(*from);
    return;
  }
  if (in.is_contiguous() && out.is_contiguous()) {
    ConvertRow(from, 1, to, 1, shape.elements());
    return;
  }
  const int last = shape.rank() - 1;
  ForEachRow(shape, in.strides(), out.strides(), [&](std::int64_t i, std::int64_t o) {
    ConvertRow(from + i, in.strides()[last], to + o, out.strides()[last], shape[last]);
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
