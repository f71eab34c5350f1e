// app/contrast.h — between which values a channel is shown where nobody has said so, and in which colour.
#pragma once

#include <algorithm>
#include <vector>

#include "tegula/image/source.h"
#include "tegula/outputs/palette.h"

namespace tegula::app {

inline constexpr double kContrastLow = 0.005, kContrastHigh = 0.998;  ///< shares of the pixels

/// The value below which this share of the values (at least one) lies. Changes their order.
inline float TakeQuantile(std::vector<float>& values, double share) {
  const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)];
}

/// The channel's own colour; without one that of the palette, or white where there is only one channel.
inline image::Rgb ColourOf(const std::vector<image::Channel>& channels, std::size_t index) {
  if (channels[index].colour) return *channels[index].colour;
  if (channels.size() == 1) return {255, 255, 255};
  const outputs::Rgb colour = outputs::PaletteColour(static_cast<std::int64_t>(index));
  return {colour.r, colour.g, colour.b};
}

}  // namespace tegula::app
