#include "tegula/core/rational.h"

#include <cmath>
#include <string>

namespace tegula {

Result<Rational> Rational::Make(std::int64_t num, std::int64_t den) {
  if (den == 0) return InvalidError("a ratio with denominator 0");
  const std::int64_t divisor = std::gcd(num, den) * (den < 0 ? -1 : 1);
  const Rational r{num / divisor, den / divisor};
  if (r.num > kLimit || r.num < -kLimit || r.den > kLimit)
    return InvalidError("the ratio " + std::to_string(num) + "/" + std::to_string(den) + " is not a simple one");
  return r;
}

Result<Rational> Rational::Approximate(double value) {
  if (!(value > 0) || !std::isfinite(value))
    return InvalidError("a scale must be a positive number, got " + std::to_string(value));
  std::int64_t before_num = 0, num = 1, before_den = 1, den = 0;
  double rest = value;
  for (int step = 0; step < 32; ++step) {
    const double whole = std::floor(rest);
    if (whole > static_cast<double>(kLimit)) break;
    const auto w = static_cast<std::int64_t>(whole);
    const std::int64_t next_num = w * num + before_num, next_den = w * den + before_den;
    if (next_num > kLimit || next_den > kLimit) break;
    before_num = num, num = next_num, before_den = den, den = next_den;
    if (den > 0 && std::abs(static_cast<double>(num) / static_cast<double>(den) - value) <= 1e-6 * value)
      return Make(num, den);
    if (rest - whole < 1e-12) break;
    rest = 1.0 / (rest - whole);
  }
  return InvalidError("the scale " + std::to_string(value) + " is not within 1e-6 of a simple ratio");
}

}  // namespace tegula
