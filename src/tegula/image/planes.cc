#include "tegula/image/planes.h"

#include <fmt/format.h>

#include "tegula/core/text.h"

namespace tegula::image {

Result<PlaneRange> PlaneRange::Parse(std::string_view text) {
  const Error error{Code::kInvalid,
                    fmt::format("'{}' names no planes; write 5 for one, 2:10 for those from 2 to 9, or all", text)};
  if (text == "all") return All();
  const std::size_t colon = text.find(':');
  PlaneRange range;
  if (const std::string_view first = Trim(text.substr(0, colon)); !first.empty() || colon == std::string_view::npos) {
    const std::optional<std::int64_t> number = ParseInt(first);
    if (!number || *number < 0 || *number == INT64_MAX) return error;
    if (colon == std::string_view::npos) return One(*number);
    range.first = *number;
  }
  if (const std::string_view end = Trim(text.substr(colon + 1)); !end.empty()) {
    range.end = ParseInt(end);
    if (!range.end || *range.end <= range.first) return error;
  }
  return range;
}

Result<Interval> PlaneRange::Within(std::int64_t size) const {
  const Interval planes{first, end.value_or(size)};
  if (planes.empty() || !Interval{0, size}.Contains(planes))
    return InvalidError(fmt::format("there are planes from 0 to {}, but {} asked for", size - 1,
                                    planes.size() == 1
                                        ? fmt::format("{} is", first)
                                        : fmt::format("those from {} to {} are", first, planes.end - 1)));
  return planes;
}

}  // namespace tegula::image
