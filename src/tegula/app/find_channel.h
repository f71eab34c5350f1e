// app/find_channel.h — which channel of an output is meant by a word.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace tegula::app {

/// The channel of this name, or else with this 0-based index; nothing if there is none.
std::optional<std::size_t> FindChannel(const std::string& wanted, const std::vector<std::string>& channels);

}  // namespace tegula::app
