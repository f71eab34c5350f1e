// core/interval.h — whole-pixel geometry: half-open intervals and boxes.
//
// Every place of Tegula that speaks of pixels uses these, in the pixel grid that its name or comment says
// (level pixels, padded pixels, output pixels). y comes before x. Nothing here can fail or allocate.
#pragma once

#include <algorithm>
#include <cstdint>

namespace tegula {

/// Half-open [begin, end) in whole pixels; may be empty, is never reversed.
struct Interval {
  std::int64_t begin = 0;
  std::int64_t end = 0;

  constexpr std::int64_t size() const noexcept { return end - begin; }
  constexpr bool empty() const noexcept { return end <= begin; }
  constexpr bool Contains(std::int64_t i) const noexcept { return begin <= i && i < end; }
  constexpr bool Contains(Interval i) const noexcept { return begin <= i.begin && i.end <= end; }
  constexpr Interval Shifted(std::int64_t by) const noexcept { return {begin + by, end + by}; }
  friend constexpr bool operator==(Interval, Interval) = default;
};

/// The common part; empty (at a's or b's begin) where there is none.
constexpr Interval Intersect(Interval a, Interval b) noexcept {
  const std::int64_t begin = std::max(a.begin, b.begin);
  return {begin, std::max(begin, std::min(a.end, b.end))};
}

/// An axis-aligned box of whole pixels.
struct Box {
  Interval y;
  Interval x;

  constexpr std::int64_t height() const noexcept { return y.size(); }
  constexpr std::int64_t width() const noexcept { return x.size(); }
  constexpr std::int64_t area() const noexcept { return height() * width(); }
  constexpr bool empty() const noexcept { return y.empty() || x.empty(); }
  constexpr bool Contains(const Box& b) const noexcept { return y.Contains(b.y) && x.Contains(b.x); }
  friend constexpr bool operator==(const Box&, const Box&) = default;
};

constexpr Box Intersect(const Box& a, const Box& b) noexcept { return {Intersect(a.y, b.y), Intersect(a.x, b.x)}; }

/// Integer division towards minus and plus infinity; `b` > 0.
constexpr std::int64_t FloorDiv(std::int64_t a, std::int64_t b) noexcept {
  return a / b - static_cast<std::int64_t>(a % b < 0);
}
constexpr std::int64_t CeilDiv(std::int64_t a, std::int64_t b) noexcept { return -FloorDiv(-a, b); }

}  // namespace tegula
