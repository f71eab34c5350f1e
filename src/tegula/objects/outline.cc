#include "tegula/objects/outline.h"

#include <algorithm>

#include "tegula/core/assert.h"

namespace tegula::objects {

Outlines::Chain Outlines::Begin(ChainCorner first, ChainCorner last) {
  const std::int32_t last_node = nodes_.New({last});
  const std::int32_t first_node = nodes_.New({first, last_node});
  const End tail = ends_.New({first_node});
  const End head = ends_.New({last_node, tail});
  ends_[tail].other = head;
  return {tail, head};
}

void Outlines::Append(End head, ChainCorner corner) {
  const std::int32_t node = nodes_.New({corner});
  nodes_[ends_[head].node].next = node;
  ends_[head].node = node;
}

void Outlines::Prepend(End tail, ChainCorner corner) { ends_[tail].node = nodes_.New({corner, ends_[tail].node}); }

Outlines::RingId Outlines::Join(End head, End tail) {
  const OpenEnd from = ends_.Take(head);
  const OpenEnd to = ends_.Take(tail);
  nodes_[from.node].next = to.node;
  if (from.other == tail) return rings_.New({to.node});
  ends_[from.other].other = to.other;
  ends_[to.other].other = from.other;
  return kNoRing;
}

Outlines::RingId Outlines::Take(RingId ring, std::vector<ChainCorner>& out) {
  out.clear();
  const ClosedRing closed = rings_.Take(ring);
  std::int32_t node = closed.node;
  do {
    const Node taken = nodes_.Take(node);
    out.push_back(taken.corner);
    node = taken.next;
  } while (node != closed.node);
  return closed.next;
}

namespace {

constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);

// For each corner of the ring where it passed before (kNowhere if it did not).
std::vector<std::size_t> EarlierPasses(const std::vector<ChainCorner>& ring) {
  std::vector<std::size_t> touching;
  for (std::size_t i = 0; i < ring.size(); ++i)
    if (ring[i].touches) touching.push_back(i);
  std::sort(touching.begin(), touching.end(),
            [&](std::size_t a, std::size_t b) { return ring[a].at != ring[b].at ? ring[a].at < ring[b].at : a < b; });
  std::vector<std::size_t> earlier(ring.size(), kNowhere);
  for (std::size_t i = 1; i < touching.size(); ++i)
    if (ring[touching[i]].at == ring[touching[i - 1]].at) earlier[touching[i]] = touching[i - 1];
  return earlier;
}

bool TouchesItself(const std::vector<ChainCorner>& ring) {
  return std::count_if(ring.begin(), ring.end(), [](const ChainCorner& corner) { return corner.touches; }) > 1;
}

// Takes the first corner to the front, closes the ring, and files it by the sense in which it runs.
void AddRing(Ring ring, Polygon& polygon) {
  std::rotate(ring.begin(), std::min_element(ring.begin(), ring.end()), ring.end());
  ring.push_back(ring.front());
  // At its topmost leftmost corner a ring either sets out along its upper edge or comes back along it.
  if (ring[1].y == ring[0].y) {
    TEGULA_ASSERT(polygon.outer.empty());
    polygon.outer = std::move(ring);
  } else {
    polygon.holes.push_back(std::move(ring));
  }
}

}  // namespace

void AddSimpleRings(const std::vector<ChainCorner>& ring, Polygon& polygon) {
  if (!TouchesItself(ring)) {
    Ring simple(ring.size());
    std::transform(ring.begin(), ring.end(), simple.begin(), [](const ChainCorner& corner) { return corner.at; });
    AddRing(std::move(simple), polygon);
    return;
  }
  // Chains turn so that diagonal pixels are kept apart. Where both turn out to belong to this region the ring passes
  // twice, and what lies between the two passes is a ring of its own (a hole, or the outer ring around one). Passes are
  // nested, since between two rings of a connected region there is at most one such place: a stack finds them.
  const std::vector<std::size_t> earlier = EarlierPasses(ring);
  std::vector<std::size_t> walked;
  for (std::size_t i = 0; i < ring.size(); ++i) {
    if (earlier[i] == kNowhere) {
      walked.push_back(i);
      continue;
    }
    const auto begin = std::find(walked.rbegin(), walked.rend(), earlier[i]).base() - 1;
    Ring simple;
    for (auto at = begin; at != walked.end(); ++at) simple.push_back(ring[*at].at);
    walked.erase(begin + 1, walked.end());
    AddRing(std::move(simple), polygon);
  }
  Ring rest;
  for (const std::size_t i : walked) rest.push_back(ring[i].at);
  AddRing(std::move(rest), polygon);
}

}  // namespace tegula::objects
