#include "tegula/app/find_channel.h"

#include <algorithm>

#include "tegula/core/text.h"

namespace tegula::app {

std::optional<std::size_t> FindChannel(const std::string& wanted, const std::vector<std::string>& channels) {
  if (const auto found = std::ranges::find(channels, wanted); found != channels.end())
    return static_cast<std::size_t>(found - channels.begin());
  const std::optional<std::int64_t> index = ParseInt(wanted);
  if (!index || *index < 0 || *index >= static_cast<std::int64_t>(channels.size())) return std::nullopt;
  return static_cast<std::size_t>(*index);
}

}  // namespace tegula::app
