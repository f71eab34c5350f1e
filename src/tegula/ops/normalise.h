// ops/normalise.h — (x - shift) / scale, what four operations come down to. Internal to ops/.
#pragma once

namespace tegula::ops {

/// A division and not a product with the inverse, which would differ in the last bit.
struct Normalise {
  static constexpr int kParameters = 2;
  template <class T>
  static T Apply(T x, T shift, T scale) noexcept {
    return (x - shift) / scale;
  }
};

}  // namespace tegula::ops
