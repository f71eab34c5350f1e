// objects/stardist/swept_rings.h — the areas of outlines that a sweep puts together from both ends.
//
// Clipper keeps the corners of each outline in a list that grows at its front and at its back; of an area only both
// ends matter and what lies between them.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <utility>
#include <vector>

#include "tegula/objects/stardist/sweep_polygon.h"

namespace tegula::objects {

/// Open outlines, by number. One thread at a time.
class SweptRings {
 public:
  using Id = std::int32_t;
  static constexpr Id kNone = -1;

  void Clear() noexcept { rings_.clear(); }

  Id Start(GridPoint at) {
    rings_.push_back({0, at, at});
    return static_cast<Id>(rings_.size()) - 1;
  }
  void Extend(Id id, bool at_front, GridPoint at) noexcept {
    Ring& ring = Of(id);
    ring.twice_area += at_front ? TwiceTriangle(at, ring.front) : TwiceTriangle(ring.back, at);
    (at_front ? ring.front : ring.back) = at;
  }
  /// Appends ring `gone` by one of its ends to an end of `kept`.
  void Join(Id kept, bool kept_front, Id gone, bool gone_front) noexcept {
    Ring &into = Of(kept), &from = Of(gone);
    if (kept_front == gone_front) {
      from.twice_area = -from.twice_area;
      std::swap(from.front, from.back);
    }
    into.twice_area += from.twice_area;
    into.twice_area += kept_front ? TwiceTriangle(from.back, into.front) : TwiceTriangle(into.back, from.front);
    (kept_front ? into.front : into.back) = kept_front ? from.front : from.back;
    from = {};
  }
  /// The sum of the areas of all rings, each closed between its ends.
  float Area() const noexcept {
    float area = 0;
    for (const Ring& ring : rings_)
      area += 0.5F * static_cast<float>(std::abs(ring.twice_area + TwiceTriangle(ring.back, ring.front)));
    return area;
  }

 private:
  struct Ring {
    std::int64_t twice_area = 0;
    GridPoint front, back;
  };
  Ring& Of(Id id) noexcept { return rings_[static_cast<std::size_t>(id)]; }

  std::vector<Ring> rings_;
};

}  // namespace tegula::objects
