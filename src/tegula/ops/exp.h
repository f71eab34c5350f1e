// ops/exp.h — the exponential function that compilers can vectorise. Internal to ops/.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace tegula::ops {

/// e^x within 1 ulp, without branches or calls: infinite, zero, denormal and NaN results as std::exp's.
/// Reduction by Cody and Waite, polynomial of Cephes' expf (S. Moshier).
inline float Exp(float x) noexcept {
  constexpr float kRound = 0x1.8p23f;  // adding it leaves a whole number in the low bits of the mantissa
  x = x > 89.0F ? 89.0F : x;           // beyond, the result is infinite; NaN stays
  x = x < -104.0F ? -104.0F : x;       // beyond, it is zero
  const float shifted = x * 1.44269504F + kRound;
  const float n = shifted - kRound;
  const float r = (x - n * 0.693359375F) - n * -2.12194440e-4F;
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * (r * r) + r + 1.0F;
  // 2^n in two factors, because n may be one beyond the exponents of normal numbers at either end.
  const auto whole =
      static_cast<std::int32_t>(std::bit_cast<std::uint32_t>(shifted) - std::bit_cast<std::uint32_t>(kRound));
  const std::int32_t half = whole >> 1;
  const float a = std::bit_cast<float>((static_cast<std::uint32_t>(half) + 127U) << 23);
  const float b =
      std::bit_cast<float>((static_cast<std::uint32_t>(whole) - static_cast<std::uint32_t>(half) + 127U) << 23);
  return p * a * b;
}

inline double Exp(double x) noexcept { return std::exp(x); }

}  // namespace tegula::ops
