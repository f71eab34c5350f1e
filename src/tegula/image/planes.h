// image/planes.h — which of an image's planes along z or t are asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "tegula/core/interval.h"
#include "tegula/core/status.h"

namespace tegula::image {

/// Planes [first, end), from 0; without an end up to the last.
struct PlaneRange {
  std::int64_t first = 0;
  std::optional<std::int64_t> end;

  static PlaneRange One(std::int64_t plane) { return {plane, plane + 1}; }
  static PlaneRange All() { return {}; }
  /// "5"; "2:10", half open; "2:", ":10"; ":" or "all". kInvalid.
  static Result<PlaneRange> Parse(std::string_view text);
  /// The planes of an axis of `size`; kInvalid if there are not as many, or none.
  Result<Interval> Within(std::int64_t size) const;
};

}  // namespace tegula::image
