// objects/seam_edges.h — whether outlines show the seams of tiles: straight edges along them that chance does not
// explain.
//
// Where two tiles disagree about a pixel, objects end at the seam, in a straight line. Every outline has straight edges
// somewhere, so those on seams are held against those on lines of the same kind: parallel, near, and a multiple of 16
// pixels away, which is what networks that pool and enlarge have in common with their seams.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "tegula/objects/region.h"

namespace tegula::objects {

/// Lengths in pixels of the map.
struct SeamEdgeFinding {
  std::int64_t on_seams = 0;  ///< of straight edges
  double by_chance = 0;       ///< that would lie there
  std::int64_t excess = 0;    ///< what is beyond chance; should be 0
};

/// Collects outlines. One thread at a time.
class SeamEdges {
 public:
  static constexpr std::int64_t kStraight = 4;  ///< shorter edges are everywhere

  /// Seams are lines of corners: the first row or column behind each.
  SeamEdges(std::int64_t height, std::int64_t width, std::vector<std::int64_t> rows, std::vector<std::int64_t> columns)
      : rows_(std::move(rows)),
        columns_(std::move(columns)),
        on_row_(static_cast<std::size_t>(height) + 1),
        on_column_(static_cast<std::size_t>(width) + 1) {}

  void Add(const Region& region) noexcept;
  /// Nothing if there is no seam, or too little beside the seams to compare with. Chance is taken for what is up to
  /// four standard deviations more than on the lines beside.
  std::optional<SeamEdgeFinding> Finding() const;

 private:
  void Add(const Ring& ring) noexcept;

  std::vector<std::int64_t> rows_, columns_;      // seams
  std::vector<std::int64_t> on_row_, on_column_;  // lengths of straight edges by line
};

}  // namespace tegula::objects
