// objects/stardist/polygon_sweep.h — the area that two polygons on whole pixels have in common.
//
// B. Vatti's sweep (Communications of the ACM 35, 1992) in the form that Clipper 6.4.2 gives it, for the intersection
// of two polygons under the non-zero rule: crossings are rounded to whole pixels and looked for only between rows that
// hold a corner. StarDist compares the area that results from this rounding with its threshold, so the rounding, and
// the order in which edges at the same place are taken, is followed here. What Clipper does to outlines afterwards is
// not: joining those that share an edge seldom changes their area, and only where a polygon crosses itself.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tegula/objects/stardist/sweep_polygon.h"
#include "tegula/objects/stardist/swept_rings.h"

namespace tegula::objects {

/// Intersects polygons; keeps its memory between calls. One thread at a time.
class PolygonSweep {
 public:
  /// Area in pixels of a ∩ b, as StarDist 0.9.2 gets it (`poly_intersection_area(a, b)`: `a` is the clip polygon, and
  /// in ties the order matters); 0 where Clipper gives up. Cost: about (corners of both) x (edges on one row).
  float IntersectionArea(const SweepPolygon& a, const SweepPolygon& b);

 private:
  using Slot = std::int32_t;  // a chain of either polygon
  static constexpr std::int32_t kNone = -1;

  // The place of a chain on the sweep line.
  struct Active {
    const SweepEdge* edge = nullptr;
    const SweepEdge* last = nullptr;
    Slot partner = kNone;
    int polygon = 0;
    int winding = 0;      // what crossing this chain from left to right adds to the winding number
    int own_count = 0;    // winding number of its polygon next to it, the one further from 0
    int other_count = 0;  // that of the other polygon
    SweptRings::Id ring = SweptRings::kNone;
    bool is_left = false;  // whether it extends the ring at its front
    bool is_listed = false;
    std::int32_t x = 0, y = 0;

    bool has_next() const noexcept { return edge != last; }
    bool contributes() const noexcept { return ring >= 0; }
  };
  struct Minimum {
    std::int32_t y;
    Slot left, right;
  };
  struct Crossing {
    Slot left, right;
    GridPoint at;
  };

  void Load(const SweepPolygon& polygon, int index);
  bool Run();
  bool NextRow(std::int32_t& y) const;

  void StartChains(std::int32_t y);
  void Insert(Slot slot, std::size_t from);
  void CountWindings(std::size_t position);
  bool RunsAlong(const Active& a, GridPoint from, const Active& b) const noexcept;

  bool CrossUntil(std::int32_t y);
  bool MakeCrossingsAdjacent();
  void Cross(Slot left, Slot right, GridPoint at);
  void SwapPlaces(Slot a, Slot b);

  bool FinishRow(std::int32_t y);
  bool FinishMaximum(std::size_t position, std::size_t& next);
  void FollowLevels();
  void FollowLevel(Slot slot);
  void Advance(Active& chain);
  void ShareCorner(std::size_t position, bool from_corner);

  void Open(Slot a, Slot b, GridPoint at);
  void Extend(Active& chain, GridPoint at) { rings_.Extend(chain.ring, chain.is_left, at); }
  void Close(Slot a, Slot b, GridPoint at);

  Active& At(std::size_t position) { return chains_[static_cast<std::size_t>(line_[position])]; }
  Active& Of(Slot slot) { return chains_[static_cast<std::size_t>(slot)]; }
  std::size_t PositionOf(Slot slot) const noexcept;
  void Remove(Slot slot);

  std::vector<Active> chains_;
  std::vector<Minimum> minima_;  // lowest first
  std::size_t next_minimum_ = 0;
  std::vector<Slot> line_;    // the sweep line from left to right
  std::vector<Slot> levels_;  // chains that stand before a level edge, the last one is taken first
  std::vector<Slot> order_;
  std::vector<Crossing> crossings_;
  SweptRings rings_;
};

}  // namespace tegula::objects
