#include "tegula/server/look_words.h"

#include <fmt/format.h>

#include "tegula/core/limits.h"
#include "tegula/core/text.h"

namespace tegula::server {
namespace {

std::optional<image::Rgb> ParseColour(std::string_view text) {
  if (text.size() != 6) return std::nullopt;
  int value = 0;
  for (const char c : text) {
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return std::nullopt;
    value = 16 * value + digit;
  }
  return image::Rgb{static_cast<std::uint8_t>(value >> 16), static_cast<std::uint8_t>(value >> 8 & 255),
                    static_cast<std::uint8_t>(value & 255)};
}

}  // namespace

Result<std::vector<app::ChannelLook>> ParseChannels(std::string_view words) {
  std::vector<app::ChannelLook> channels;
  if (words.empty()) return channels;
  for (const std::string& word : Split(words, ',')) {
    const std::vector<std::string> parts = Split(word, ':');
    const bool is_whole = parts.size() == 4;
    const std::optional<std::int64_t> channel = is_whole ? ParseInt(parts[0]) : std::nullopt;
    const std::optional<image::Rgb> colour = is_whole ? ParseColour(parts[1]) : std::nullopt;
    const std::optional<double> low = is_whole ? ParseDouble(parts[2]) : std::nullopt;
    const std::optional<double> high = is_whole ? ParseDouble(parts[3]) : std::nullopt;
    if (!channel || !colour || !low || !high)
      return InvalidError(
          fmt::format("'{}' is not a channel with its colour and range, as in 0:ff0000:100:4000", word));
    if (static_cast<std::int64_t>(channels.size()) == Limits{}.channels)
      return ExhaustedError(fmt::format("at most {} channels can be shown", Limits{}.channels));
    channels.push_back({*channel, *colour, *low, *high});
  }
  return channels;
}

Result<TileName> ParseTileName(std::string_view name) {
  const std::size_t line = name.find('_'), dot = name.find('.');
  if (line != std::string_view::npos && dot != std::string_view::npos && line < dot) {
    const std::optional<std::int64_t> x = ParseInt(name.substr(0, line));
    const std::optional<std::int64_t> y = ParseInt(name.substr(line + 1, dot - line - 1));
    const std::string_view suffix = name.substr(dot);
    if (x && y && (suffix == ".jpg" || suffix == ".png")) return TileName{*x, *y, suffix == ".png"};
  }
  return InvalidError(fmt::format("'{}' is not a tile: COLUMN_ROW.jpg or COLUMN_ROW.png", name));
}

}  // namespace tegula::server
