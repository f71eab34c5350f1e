// server/look_words.h — how an image is to be shown, as a parameter of an address.
#pragma once

#include <string_view>
#include <vector>

#include "tegula/app/view/rendering.h"

namespace tegula::server {

/// "0:ff0000:100:4000,2:00ff00:0:255": channels with colour and range, separated by commas; nothing for none. kInvalid
/// for anything else, and for more channels than an image may have.
Result<std::vector<app::ChannelLook>> ParseChannels(std::string_view words);

/// "3_4.jpg": column, row and format of a tile.
struct TileName {
  std::int64_t x = 0, y = 0;
  bool is_png = false;
};
Result<TileName> ParseTileName(std::string_view name);

}  // namespace tegula::server
