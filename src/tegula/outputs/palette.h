// outputs/palette.h — the colours of classes and channels, the same in every output.
//
// A class has one colour in the overlay, in GeoJSON and in the channels of OME-Zarr. The first seven are those of Okabe
// and Ito
// ("Color Universal Design", 2008), which people with any common colour vision tell apart; they are ordered so that the
// first ones stand out on pink and purple stains as well as on black. Further rounds are darker and then lighter shades
// of the same seven. Out of scope: colours that a file states itself; they win over these where they exist.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tegula::outputs {

/// 8-bit sRGB.
struct Rgb {
  std::uint8_t r = 255, g = 255, b = 255;
  friend constexpr bool operator==(Rgb, Rgb) = default;
};

inline constexpr std::array<Rgb, 7> kPalette = {{
    {0, 158, 115},    // bluish green
    {230, 159, 0},    // orange
    {86, 180, 233},   // sky blue
    {213, 94, 0},     // vermilion
    {240, 228, 66},   // yellow
    {0, 114, 178},    // blue
    {204, 121, 167},  // reddish purple
}};

/// The colour of the class or channel number `index` >= 0. Twenty-one are different, then they repeat.
constexpr Rgb PaletteColour(std::int64_t index) noexcept {
  constexpr auto kSize = static_cast<std::int64_t>(kPalette.size());
  const Rgb base = kPalette[static_cast<std::size_t>(index % kSize)];
  const auto shade = [round = index / kSize % 3](int value) {
    const int shaded = round == 0 ? value : round == 1 ? value * 3 / 5 : value + (255 - value) / 2;
    return static_cast<std::uint8_t>(shaded);
  };
  return {shade(base.r), shade(base.g), shade(base.b)};
}

/// That of `own` if it has one for it, else the palette's.
constexpr Rgb ColourOf(std::span<const Rgb> own, std::size_t index) noexcept {
  return index < own.size() ? own[index] : PaletteColour(static_cast<std::int64_t>(index));
}

/// "#rrggbb", and back; nothing for another text.
std::string TextOf(Rgb colour);
std::optional<Rgb> ColourFromText(std::string_view text);

}  // namespace tegula::outputs
