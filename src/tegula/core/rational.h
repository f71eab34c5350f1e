// core/rational.h — exact ratios between the pixel grids of two tensors.
//
// Sizes of outputs follow from sizes of inputs by scale and offset; in floating point 48 * 0.499 / 0.499
// is 47.99... and a model is refused for nothing. Scales are therefore kept as reduced fractions.
#pragma once

#include <cstdint>
#include <numeric>

#include "tegula/core/interval.h"
#include "tegula/core/status.h"

namespace tegula {

/// num / den, reduced, den > 0. Numerators and denominators are limited to kLimit so that products with
/// image sizes (below 2^40) cannot overflow.
struct Rational {
  std::int64_t num = 1;
  std::int64_t den = 1;
  static constexpr std::int64_t kLimit = 1 << 22;

  /// kInvalid if den is 0 or the reduced fraction exceeds kLimit.
  static Result<Rational> Make(std::int64_t num, std::int64_t den);
  /// The simplest fraction within 1e-6 (relative) of `value`, found by continued fractions; so 0.1 / 0.2
  /// and 0.499 / 0.499 become 1/2 and 1. kInvalid for values that are not positive or have none.
  static Result<Rational> Approximate(double value);

  constexpr double value() const noexcept { return static_cast<double>(num) / static_cast<double>(den); }
  constexpr bool is_one() const noexcept { return num == den; }
  /// floor(i * num / den), ceil(i * num / den), and whether the product is whole.
  constexpr std::int64_t Floor(std::int64_t i) const noexcept { return FloorDiv(i * num, den); }
  constexpr std::int64_t Ceil(std::int64_t i) const noexcept { return CeilDiv(i * num, den); }
  constexpr bool Divides(std::int64_t i) const noexcept { return (i * num) % den == 0; }
  constexpr Rational Inverse() const noexcept { return {den, num}; }
  friend constexpr bool operator==(Rational, Rational) = default;
};

}  // namespace tegula
