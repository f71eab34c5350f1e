// objects/outline.h — growing outlines: chains of corners that become closed rings, and rings that become polygons.
//
// While rows stream by, each outline is a set of open chains. A chain is directed (the region lies to its right on the
// screen), so it grows at both ends: its head runs down the right side of a run of pixels, its tail comes up the left
// side of one.
#pragma once

#include <cstdint>
#include <vector>

#include "tegula/objects/pool.h"
#include "tegula/objects/region.h"

namespace tegula::objects {

/// A corner of a chain. `touches`: two pixels of the class meet here only diagonally, so that a ring may pass twice.
struct ChainCorner {
  Corner at;
  bool touches = false;
};

/// The open chains and untaken rings of a class map. Memory: 16 bytes per corner that is not yet taken. One thread at a
/// time.
class Outlines {
 public:
  using End = std::int32_t;     ///< an open end; kept until it is joined
  using RingId = std::int32_t;  ///< a closed ring; kept until it is taken
  static constexpr RingId kNoRing = -1;
  struct Chain {
    End tail;
    End head;
  };

  /// A new chain from `first` to `last`.
  Chain Begin(ChainCorner first, ChainCorner last);
  void Append(End head, ChainCorner corner);
  void Prepend(End tail, ChainCorner corner);
  /// Goes on from `head` into `tail`; both are used up. The ring if they were the ends of one chain, otherwise kNoRing.
  RingId Join(End head, End tail);
  /// Rings form lists: `rest` comes after `ring`.
  void SetNext(RingId ring, RingId rest) noexcept { rings_[ring].next = rest; }
  /// Puts the ring's corners, each once, into `out`, forgets the ring and returns the one after it.
  RingId Take(RingId ring, std::vector<ChainCorner>& out);

  /// How many more corners there are numbers for.
  std::int64_t left() const noexcept { return nodes_.left(); }

 private:
  struct Node {
    ChainCorner corner;
    std::int32_t next = -1;
  };
  struct OpenEnd {
    std::int32_t node = -1;
    End other = -1;
  };
  struct ClosedRing {
    std::int32_t node = -1;
    RingId next = kNoRing;
  };

  Pool<Node> nodes_;
  Pool<OpenEnd> ends_;
  Pool<ClosedRing> rings_;
};

/// Cuts a ring where it touches itself into rings that do not, and sorts them into `polygon`. Rings of one region have
/// exactly one outer ring among them, because its pixels are connected by edges.
void AddSimpleRings(const std::vector<ChainCorner>& ring, Polygon& polygon);

}  // namespace tegula::objects
