// zoo/json.h — inside the module: JSON of strangers, read without trust. Only sources include this.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tegula/core/status.h"

namespace tegula::zoo {

using Json = nlohmann::ordered_json;

/// An object. kCorrupt for everything else, with `name` in the sentence; a web page is called one.
inline Result<Json> ParseObject(std::string_view text, const std::string& name) {
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_object()) return json;
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin != std::string_view::npos && text[begin] == '<')
    return CorruptError(fmt::format("{} is a web page, not JSON; check the address", name));
  return CorruptError(fmt::format("{} is not a JSON object", name));
}

/// The member, or a null if there is none or `json` is no object.
inline const Json& Member(const Json& json, const char* key) {
  static const Json null;
  if (!json.is_object()) return null;
  const auto found = json.find(key);
  return found == json.end() ? null : *found;
}

/// The member's text without control characters, cut after `most` bytes; empty if it is none.
inline std::string TextOf(const Json& json, const char* key, std::size_t most = 1000) {
  const Json& member = Member(json, key);
  if (!member.is_string()) return {};
  std::string text = member.get<std::string>();
  if (text.size() > most) {
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;  // not within a character
    text.resize(most);
  }
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 127; }, ' ');
  return text;
}

inline std::vector<std::string> TextsOf(const Json& json, const char* key) {
  std::vector<std::string> texts;
  const Json& member = Member(json, key);
  if (!member.is_array()) return texts;
  for (const Json& item : member)
    if (item.is_string()) texts.push_back(item.get<std::string>());
  return texts;
}

inline double NumberOf(const Json& json, const char* key, double fallback) {
  const Json& member = Member(json, key);
  return member.is_number() ? member.get<double>() : fallback;
}

inline bool BoolOf(const Json& json, const char* key) {
  const Json& member = Member(json, key);
  return member.is_boolean() && member.get<bool>();
}

/// As text; bytes that are not UTF-8 are replaced.
inline std::string ToText(const Json& json) { return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n"; }

}  // namespace tegula::zoo
