#include "tegula/outputs/palette.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace tegula::outputs {

std::string TextOf(Rgb colour) { return fmt::format("#{:02x}{:02x}{:02x}", colour.r, colour.g, colour.b); }

std::optional<Rgb> ColourFromText(std::string_view text) {
  const bool is_colour = text.size() == 7 && text.front() == '#' &&
                         std::ranges::all_of(text.substr(1), [](unsigned char c) { return std::isxdigit(c) != 0; });
  if (!is_colour) return std::nullopt;
  const auto digit = [&](std::size_t i) { return text[i] <= '9' ? text[i] - '0' : (text[i] | 0x20) - 'a' + 10; };
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(digit(i) * 16 + digit(i + 1)); };
  return Rgb{byte(1), byte(3), byte(5)};
}

}  // namespace tegula::outputs
