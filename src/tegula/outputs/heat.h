// outputs/heat.h — colours for amounts: black by red and yellow to white.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "tegula/outputs/palette.h"

namespace tegula::outputs {

/// Between which colours are mixed, at equal distances.
inline constexpr std::array<Rgb, 4> kHeatStops = {{{0, 0, 0}, {178, 24, 43}, {253, 190, 60}, {255, 255, 255}}};

/// Of a fraction from 0 to 1.
inline Rgb HeatColour(double fraction) noexcept {
  const double position = fraction * static_cast<double>(kHeatStops.size() - 1);
  const auto stop = std::min(static_cast<std::size_t>(position), kHeatStops.size() - 2);
  const double t = position - static_cast<double>(stop);
  const auto mix = [t](std::uint8_t a, std::uint8_t b) {
    return static_cast<std::uint8_t>(std::lround(a + (b - a) * t));
  };
  const Rgb &a = kHeatStops[stop], &b = kHeatStops[stop + 1];
  return {mix(a.r, b.r), mix(a.g, b.g), mix(a.b, b.b)};
}

}  // namespace tegula::outputs
