// core/random.h — one small hash that synthetic images, probes and tests share, so that the same seed gives
// the same pixels on every machine and in any order.
#pragma once

#include <cstdint>

namespace tegula {

/// A well-mixed 64-bit hash of a counter (splitmix64, Steele, Lea and Flood 2014).
constexpr std::uint64_t Mix(std::uint64_t x) noexcept {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

/// A number in [0, 1) for a place: the same for the same seed, channel and position.
constexpr double UniformAt(std::uint64_t seed, std::int64_t c, std::int64_t y, std::int64_t x) noexcept {
  const std::uint64_t h = Mix(Mix(Mix(Mix(seed) ^ static_cast<std::uint64_t>(c)) ^ static_cast<std::uint64_t>(y)) ^
                              static_cast<std::uint64_t>(x));
  return static_cast<double>(h >> 11) * 0x1.0p-53;
}

}  // namespace tegula
