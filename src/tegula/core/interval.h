// core/interval.h — whole-pixel geometry: half-open intervals and boxes.
//
// Every place of Tegula that speaks of pixels uses these, in the pixel grid that its name or comment says
// (level pixels, padded pixels, output pixels). y comes before x. Nothing here can fail or allocate.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
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

/// The axes along which images are cut into windows, in the order of storage.
enum class GridAxis : std::uint8_t { kT, kZ, kY, kX };
inline constexpr std::array<GridAxis, 4> kGridAxes = {GridAxis::kT, GridAxis::kZ, GridAxis::kY, GridAxis::kX};
/// Its id in model descriptions and stores: t, z, y, x.
constexpr char GridAxisName(GridAxis axis) noexcept { return "tzyx"[static_cast<std::size_t>(axis)]; }

/// One thing per grid axis.
template <class T>
struct PerAxis {
  std::array<T, kGridAxes.size()> of = {};
  constexpr T& operator[](GridAxis axis) noexcept { return of[static_cast<std::size_t>(axis)]; }
  constexpr const T& operator[](GridAxis axis) const noexcept { return of[static_cast<std::size_t>(axis)]; }
  friend constexpr bool operator==(const PerAxis&, const PerAxis&) = default;
};

/// A box in time and space: whole pixels of a grid along t, z, y and x.
using Block = PerAxis<Interval>;
/// A plane, or the box of plane 0, as a block of one plane.
constexpr Block BlockOf(const Box& box, std::int64_t t = 0, std::int64_t z = 0) noexcept {
  return {{Interval{t, t + 1}, Interval{z, z + 1}, box.y, box.x}};
}
constexpr Box PlaneBox(const Block& block) noexcept { return {block[GridAxis::kY], block[GridAxis::kX]}; }

/// Integer division towards minus and plus infinity; `b` > 0.
constexpr std::int64_t FloorDiv(std::int64_t a, std::int64_t b) noexcept {
  return a / b - static_cast<std::int64_t>(a % b < 0);
}
constexpr std::int64_t CeilDiv(std::int64_t a, std::int64_t b) noexcept { return -FloorDiv(-a, b); }

}  // namespace tegula
