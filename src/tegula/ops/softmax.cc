// softmax: exp(x - max) / sum along an axis. The one operation that mixes elements, so it ends a fused segment and
// works in place; lanes beside the axis are done together, whichever axis it is.

#include <algorithm>
#include <array>

#include "tegula/ops/exp.h"
#include "tegula/ops/op.h"

namespace tegula::ops {
namespace {

constexpr std::int64_t kLanes = 256;  // four arrays of doubles stay in the first level cache

// `lanes` softmaxes over `size` elements that are `step` apart, neighbours being `lane_step` apart. A NaN or two
// infinities make the sum NaN and so the whole lane, as in scipy.
template <class T>
void SoftmaxLanes(T* first, std::int64_t size, std::int64_t step, std::int64_t lanes, std::int64_t lane_step) noexcept {
  std::array<T, kLanes> max;
  std::array<double, kLanes> sum;
  const auto each = [&](auto&& body) {
    for (std::int64_t i = 0; i < size; ++i) {
      T* const row = first + i * step;
      for (std::int64_t lane = 0; lane < lanes; ++lane) body(row[lane * lane_step], static_cast<std::size_t>(lane));
    }
  };
  for (std::int64_t lane = 0; lane < lanes; ++lane) max[static_cast<std::size_t>(lane)] = first[lane * lane_step];
  std::fill_n(sum.begin(), lanes, 0.0);
  each([&](const T& x, std::size_t lane) { max[lane] = x > max[lane] ? x : max[lane]; });
  each([&](T& x, std::size_t lane) {
    x = Exp(x - max[lane]);
    sum[lane] += static_cast<double>(x);
  });
  each([&](T& x, std::size_t lane) { x = x / static_cast<T>(sum[lane]); });
}

template <class T>
void SoftmaxView(const View& values, int axis) noexcept {
  // Lanes run along the last axis beside the softmax's own.
  const int lane_axis = axis == values.shape().rank() - 1 ? axis - 1 : values.shape().rank() - 1;
  const std::int64_t lanes = lane_axis < 0 ? 1 : values.shape()[lane_axis];
  const std::int64_t lane_step = lane_axis < 0 ? 0 : values.strides()[lane_axis];
  Shape outer = values.shape();
  outer[axis] = 1;
  if (lane_axis >= 0) outer[lane_axis] = 1;

  std::array<std::int64_t, kMaxRank> index{};
  for (std::int64_t row = 0; row < outer.elements(); ++row) {
    std::int64_t offset = 0;
    for (int a = 0; a < outer.rank(); ++a) offset += index[static_cast<std::size_t>(a)] * values.strides()[a];
    for (std::int64_t lane = 0; lane < lanes; lane += kLanes)
      SoftmaxLanes(values.as<T>() + offset + lane * lane_step, values.shape()[axis], values.strides()[axis],
                   std::min(kLanes, lanes - lane), lane_step);
    for (int a = outer.rank() - 1; a >= 0; --a) {
      if (++index[static_cast<std::size_t>(a)] < outer[a]) break;
      index[static_cast<std::size_t>(a)] = 0;
    }
  }
}

}  // namespace

void RunSoftmax(const View& values, int axis) noexcept {
  if (values.elements() == 0) return;
  if (values.dtype() == DType::kF32)
    SoftmaxView<float>(values, axis);
  else
    SoftmaxView<double>(values, axis);
}

std::vector<Wanted> Wants(const spec::Softmax&) { return {}; }

Status Bind(const spec::Softmax& op, Binder& binder) { return binder.SoftmaxAlong(op.axis); }

}  // namespace tegula::ops
