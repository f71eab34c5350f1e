#include "tegula/net/http_headers.h"

#include <fmt/format.h>

#include <algorithm>

#include "tegula/core/text.h"

namespace tegula::net {
namespace {

// "bytes 100-199/200"
void ReadContentRange(std::string_view value, HttpHead& head) {
  constexpr std::string_view kUnit = "bytes ";
  if (!value.starts_with(kUnit)) return;
  value.remove_prefix(kUnit.size());
  const std::size_t dash = value.find('-'), slash = value.find('/');
  if (dash == std::string_view::npos || slash == std::string_view::npos || dash > slash) return;
  head.range_begin = std::max<std::int64_t>(-1, ParseInt(value.substr(0, dash)).value_or(-1));
  head.range_size = std::max<std::int64_t>(-1, ParseInt(value.substr(slash + 1)).value_or(-1));
}

}  // namespace

void AddHeaderLine(std::string_view line, HttpHead& head) {
  if (line.starts_with("HTTP/")) {
    head = {};
    return;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string name = ToLower(Trim(line.substr(0, colon)));
  const std::string_view value = Trim(line.substr(colon + 1));
  if (name == "etag" || name == "last-modified") head.state += fmt::format("{} {}\n", name, value);
  if (name == "content-type") {
    head.content_type = ToLower(Trim(value.substr(0, value.find(';'))));
  } else if (name == "content-encoding") {
    head.content_encoding = ToLower(value);
  } else if (name == "content-length") {
    head.content_length = std::max<std::int64_t>(-1, ParseInt(value).value_or(-1));
  } else if (name == "content-range") {
    ReadContentRange(value, head);
  } else if (name == "etag" && !value.starts_with("W/")) {
    head.validator = value;
  } else if (name == "last-modified" && head.validator.empty()) {
    head.validator = value;
  } else if (name == "retry-after") {
    // The other form of this header is a date; then the usual waiting times do.
    if (const std::optional<std::int64_t> seconds = ParseInt(value); seconds && *seconds >= 0)
      head.retry_after_seconds = static_cast<double>(*seconds);
  }
}

}  // namespace tegula::net
