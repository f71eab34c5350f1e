// outputs/heat.h — colours for amounts.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>

#include "tegula/outputs/palette.h"

namespace tegula::outputs {

/// Black by red and yellow to white, at equal distances: for pictures that are nothing else.
inline constexpr std::array<Rgb, 4> kHeatStops = {{{0, 0, 0}, {178, 24, 43}, {253, 190, 60}, {255, 255, 255}}};
/// Blue by purple and orange to yellow: seen over dark and bright pictures. Some colours of matplotlib's plasma.
inline constexpr std::array<Rgb, 5> kDensityStops = {
    {{40, 10, 145}, {126, 3, 168}, {204, 71, 120}, {248, 149, 64}, {240, 249, 33}}};

/// The colour of a fraction from 0 to 1.
inline Rgb MixedColour(std::span<const Rgb> stops, double fraction) noexcept {
  const double position = fraction * static_cast<double>(stops.size() - 1);
  const auto stop = std::min(static_cast<std::size_t>(position), stops.size() - 2);
  const double t = position - static_cast<double>(stop);
  const auto mix = [t](std::uint8_t a, std::uint8_t b) {
    return static_cast<std::uint8_t>(std::lround(a + (b - a) * t));
  };
  const Rgb &a = stops[stop], &b = stops[stop + 1];
  return {mix(a.r, b.r), mix(a.g, b.g), mix(a.b, b.b)};
}

}  // namespace tegula::outputs
