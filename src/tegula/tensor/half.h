// tensor/half.h — a floating-point number of 16 bits (IEEE 754 binary16), NumPy's float16.
//
// It is a form in which results are stored and images are read, not one in which anything is computed: the processors
// that Tegula is built for have no arithmetic for it, and clang 14 has no type. Conversions are exact from Half and
// round to nearest, ties to even, to Half, as NumPy's astype does.
#pragma once

#include <bit>
#include <cstdint>

namespace tegula {

class Half {
 public:
  Half() = default;
  /// Rounds once; what is above 65504 by half a step or more becomes infinity. NaN stays NaN.
  explicit Half(double value) noexcept : bits_(BitsOf(value)) {}
  explicit operator float() const noexcept { return static_cast<float>(ValueOf(bits_)); }
  explicit operator double() const noexcept { return ValueOf(bits_); }
  std::uint16_t bits() const noexcept { return bits_; }
  /// Of equal numbers: 0 and -0 are the same, NaN is not itself.
  friend bool operator==(Half a, Half b) noexcept { return ValueOf(a.bits_) == ValueOf(b.bits_); }

 private:
  static std::uint16_t BitsOf(double value) noexcept {
    constexpr int kShift = 52 - 10;                                  // bits of the fraction that go
    constexpr std::uint64_t kBias = std::uint64_t{1023 - 15} << 10;  // what the exponents differ by
    constexpr double kLeastNormal = 0x1p-14, kAbove = 65520;         // half a step above the largest number
    constexpr double kAligns = 0x1.8p28;                             // added, it leaves multiples of 2^-24
    const auto all = std::bit_cast<std::uint64_t>(value);
    const auto sign = static_cast<std::uint16_t>(all >> 48 & 0x8000);
    const std::uint64_t bits = all & 0x7FFFFFFFFFFFFFFF;
    const auto size = std::bit_cast<double>(bits);
    std::uint64_t half = 0x7E00;  // NaN
    if (size >= kAbove) {
      half = 0x7C00;
    } else if (size >= kLeastNormal) {
      half = ((bits + (std::uint64_t{1} << (kShift - 1)) - 1 + (bits >> kShift & 1)) >> kShift) - kBias;
    } else if (size < kLeastNormal) {
      half = std::bit_cast<std::uint64_t>(size + kAligns) - std::bit_cast<std::uint64_t>(kAligns);
    }
    return static_cast<std::uint16_t>(sign | half);
  }

  static double ValueOf(std::uint16_t bits) noexcept {
    const std::uint64_t sign = std::uint64_t{bits & 0x8000U} << 48, fraction = bits & 0x3FFU;
    const std::uint64_t exponent = bits >> 10 & 0x1F;
    if (exponent == 0) {
      const double size = static_cast<double>(fraction) * 0x1p-24;
      return sign != 0 ? -size : size;
    }
    const std::uint64_t wide = exponent == 0x1F ? 0x7FF : exponent + 1023 - 15;
    return std::bit_cast<double>(sign | wide << 52 | fraction << 42);
  }

  std::uint16_t bits_ = 0;
};

}  // namespace tegula
