// outputs/value_range.h — from one value to another.
#pragma once

namespace tegula::outputs {

struct ValueRange {
  double low = 0, high = 1;
  friend bool operator==(const ValueRange&, const ValueRange&) = default;
};

}  // namespace tegula::outputs
