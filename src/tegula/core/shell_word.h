// core/shell_word.h — a word as a POSIX shell takes it, for commands that are shown to people.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace tegula {

/// As it stands if a shell changes nothing of it, else in single quotes.
inline std::string ShellWord(const std::string& word) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_./,:=@%+-").find(c) != std::string_view::npos || static_cast<unsigned char>(c) >= 0x80;
  };
  if (!word.empty() && std::all_of(word.begin(), word.end(), plain)) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace tegula
