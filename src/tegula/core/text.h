// core/text.h — locale-free numbers and small string helpers. std::stoi, strtod and friends obey the
// locale and accept half a number; these do not.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tegula {

/// The whole text as a number in decimal; nothing if it is anything else or out of range.
std::optional<std::int64_t> ParseInt(std::string_view text);
std::optional<double> ParseDouble(std::string_view text);

std::vector<std::string> Split(std::string_view text, char separator);
std::string Join(const std::vector<std::string>& parts, std::string_view separator);
std::string_view Trim(std::string_view text);
/// ASCII only.
std::string ToLower(std::string_view text);
/// "12.3 MB", "1.20 GB": decimal units, three digits.
std::string HumanBytes(std::int64_t bytes);
/// "3.2 s", "4 min 05 s", "2 h 07 min".
std::string HumanSeconds(double seconds);

}  // namespace tegula
