#include "tegula/net/address.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <optional>

#include "tegula/core/text.h"

namespace tegula::net {
namespace {

constexpr std::size_t kLongest = 4096;
constexpr std::string_view kSpace = " \t\r\n", kToBeEscaped = "\\\"<>";

bool IsPlain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

bool BeginsWith(std::string_view text, std::string_view lower_case) {
  return text.size() >= lower_case.size() &&
         std::equal(lower_case.begin(), lower_case.end(), text.begin(),
                    [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b - 'A' + 'a' : b); });
}

// How long "http://" is at the beginning of the text; 0 if it does not begin so.
std::size_t SchemeLength(std::string_view text) {
  for (const std::string_view scheme : {"http://", "https://"})
    if (BeginsWith(text, scheme)) return scheme.size();
  return 0;
}

// An address in its parts; all are parts of the text.
struct Parts {
  std::string_view scheme, user, host, path;
  std::string_view rest;  // query and fragment, with what begins them
};
Parts PartsOf(std::string_view address) {
  Parts parts;
  const auto take = [&](std::size_t size) {
    const std::string_view part = address.substr(0, size);
    address.remove_prefix(std::min(size, address.size()));
    return part;
  };
  parts.scheme = take(SchemeLength(address));
  std::string_view authority = take(address.find_first_of("/?#"));
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    parts.user = authority.substr(0, at + 1);
    authority.remove_prefix(at + 1);
  }
  parts.host = authority;
  parts.path = take(address.find_first_of("?#"));
  parts.rest = address;
  while (parts.path.ends_with('/')) parts.path.remove_suffix(1);
  return parts;
}

std::string MaskedAddress(std::string_view address) {
  const Parts parts = PartsOf(address);
  // The path with its '/' at the end.
  const std::string_view path = address.substr(static_cast<std::size_t>(parts.path.data() - address.data()),
                                               static_cast<std::size_t>(parts.rest.data() - parts.path.data()));
  return fmt::format("{}{}{}{}{}", parts.scheme, parts.user.empty() ? "" : "***@", parts.host, path,
                     parts.rest.empty() ? "" : std::string(1, parts.rest.front()) + "***");
}

}  // namespace

bool IsAddress(std::string_view name) noexcept { return SchemeLength(name) > 0; }

std::string Masked(std::string_view text) {
  std::string masked;
  while (!text.empty()) {
    if (SchemeLength(text) == 0) {
      masked += text.front();
      text.remove_prefix(1);
      continue;
    }
    const std::string_view address = text.substr(0, text.find_first_of(kSpace));
    masked += MaskedAddress(address);
    text.remove_prefix(address.size());
  }
  return masked;
}

std::string Escaped(std::string_view path) {
  std::string text;
  for (const char c : path) {
    if (IsPlain(c) || c == '/' || c == '~')
      text += c;
    else
      text += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return text;
}

std::string NameOf(std::string_view address) {
  const Parts parts = PartsOf(address);
  const std::size_t slash = parts.path.rfind('/');
  return std::string(slash == std::string_view::npos ? parts.host : parts.path.substr(slash + 1));
}

Result<FolderAddress> FolderAddress::Parse(std::string_view address) {
  const Parts parts = PartsOf(address);
  const bool is_clean = std::all_of(address.begin(), address.end(), [](char c) {
    return c > ' ' && c < 127 && kToBeEscaped.find(c) == std::string_view::npos;
  });
  if (parts.scheme.empty() || parts.host.empty() || !is_clean || address.size() > kLongest)
    return InvalidError(
        fmt::format("'{}' is no address of a folder: it must begin with http:// or https:// and a host, and have "
                    "spaces and letters "
                    "beyond ASCII escaped, as %20",
                    Masked(address)));
  FolderAddress folder;
  folder.before_ = fmt::format("{}{}{}{}/", parts.scheme, parts.user, parts.host, parts.path);
  folder.query_ = parts.rest.substr(0, parts.rest.find('#'));
  folder.shown_ = fmt::format("{}{}{}{}", parts.scheme, parts.user.empty() ? "" : "***@", parts.host, parts.path);
  return folder;
}

}  // namespace tegula::net
