// What stands in addresses, headers and bodies: whatever it is, it is refused or understood.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tegula/core/assert.h"
#include "tegula/server/guard.h"
#include "tegula/server/json_body.h"
#include "tegula/server/look_words.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto channels = tegula::server::ParseChannels(text);
  TEGULA_ASSERT(!channels.ok() || text.empty() == channels->empty());
  const auto tile = tegula::server::ParseTileName(text);
  TEGULA_ASSERT(!tile.ok() || text.find('_') != std::string_view::npos);
  const auto body = tegula::server::JsonBody::Parse(text, {{"word", "string", ""}, {"words", "strings", ""}});
  TEGULA_ASSERT(!body.ok() || body->texts("words").size() <= size);
  static const tegula::server::Guard kGuard("0123456789abcdef", {});
  const bool may_enter = kGuard.CheckPlace({.host = text}).ok();
  TEGULA_ASSERT(!may_enter || text.find("evil") == std::string_view::npos);
  TEGULA_ASSERT(text == "0123456789abcdef" || !kGuard.CheckToken({.token = text}).ok());
  return 0;
}
