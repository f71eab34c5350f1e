// ops/testing/tensors.h — small tensors for tests.
#pragma once

#include <initializer_list>
#include <type_traits>
#include <vector>

#include "tegula/core/random.h"
#include "tegula/tensor/kernels.h"
#include "tegula/tensor/tensor.h"

namespace tegula::ops::testing {

template <class T>
Tensor TensorOf(const std::vector<T>& values) {
  Tensor tensor = Tensor::Allocate(DTypeOf<T>(), {static_cast<std::int64_t>(values.size())}).value();
  std::copy(values.begin(), values.end(), tensor.values<T>().begin());
  return tensor;
}

/// All integers of up to 16 bits and a spread of larger ones; floats in [-100, 100).
template <class T>
T RandomValue(std::uint64_t seed) {
  const std::uint64_t bits = Mix(seed);
  if constexpr (std::is_floating_point_v<T>)
    return static_cast<T>(static_cast<double>(bits >> 11) * 0x1.0p-53 * 200 - 100);
  else
    return static_cast<T>(bits);
}

template <class T>
Tensor RandomTensor(const Shape& shape, std::uint64_t seed) {
  Tensor tensor = Tensor::Allocate(DTypeOf<T>(), shape).value();
  std::uint64_t i = seed << 32;
  for (T& value : tensor.values<T>()) value = RandomValue<T>(i++);
  return tensor;
}

template <class T>
void Fill(const View& view, T value) {
  Shape still = view.shape();
  for (int a = 0; a < still.rank(); ++a) still[a] = 0;
  ConvertCopy(ConstView(reinterpret_cast<const std::byte*>(&value), DTypeOf<T>(), view.shape(), still), view);
}

}  // namespace tegula::ops::testing
