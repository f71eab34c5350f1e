// ops/normalise.h — (x - shift) / scale, what four operations come down to. Internal to ops/.
//
// Float64 division is several times slower than memory. From float32 to float32, by far the most common case, a product
// with the inverse gives the same bits in all but one of millions of pixels, and those can be told; normalise.cc.
#pragma once

#include <vector>

#include "tegula/ops/stage.h"

namespace tegula::ops {

/// A division and not a product with the inverse, which would differ in the last bit of a float64.
struct Normalise {
  static constexpr int kParameters = 4;
  template <class T>
  static T Apply(T x, T shift, T scale, T /*inverse*/, T /*way*/) noexcept {
    return (x - shift) / scale;
  }
  static void Narrow(const float* in, float* out, std::int64_t n, const Kernel::Varying& parameters, Vary vary,
                     Stores stores) noexcept;
};

/// What Normalise takes: shift, scale, the inverse of the scale, and whether that may be used.
std::vector<Parameter> NormaliseParameters(Parameter shift, Parameter scale);

}  // namespace tegula::ops
