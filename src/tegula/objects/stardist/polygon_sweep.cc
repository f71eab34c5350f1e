#include "tegula/objects/stardist/polygon_sweep.h"

#include <algorithm>
#include <cstdlib>
#include <limits>

namespace tegula::objects {
float PolygonSweep::IntersectionArea(const SweepPolygon& a, const SweepPolygon& b) {
  chains_.clear();
  minima_.clear();
  line_.clear();
  levels_.clear();
  rings_.Clear();
  next_minimum_ = 0;
  Load(a, 0);
  Load(b, 1);
  // Not stable_sort: where more than 16 things are equal, Clipper has them in the order of this one.
  std::sort(minima_.begin(), minima_.end(), [](const Minimum& p, const Minimum& q) { return p.y > q.y; });
  if (!Run()) return 0;
  return rings_.Area();
}

void PolygonSweep::Load(const SweepPolygon& polygon, int index) {
  const std::int32_t offset = static_cast<std::int32_t>(chains_.size());
  const SweepEdge* const edges = polygon.edges().data();
  for (const SweepChain& chain : polygon.chains()) {
    Active& active = chains_.emplace_back();
    active.edge = edges + chain.first;
    active.last = edges + chain.last;
    active.partner = chain.partner + offset;
    active.polygon = index;
    active.winding = chain.winding;
    active.is_left = (chains_.size() - static_cast<std::size_t>(offset)) % 2 == 1;
    active.x = active.edge->bottom.x;
    active.y = active.edge->bottom.y;
  }
  for (Slot left = offset; left < static_cast<Slot>(chains_.size()); left += 2) {
    // The right chain winds against the left one.
    Of(left + 1).winding = -Of(left).winding;
    minima_.push_back({Of(left).y, left, left + 1});
  }
}

bool PolygonSweep::Run() {
  std::int32_t y = 0;
  if (!NextRow(y)) return true;
  StartChains(y);
  while (NextRow(y)) {
    FollowLevels();
    if (!CrossUntil(y) || !FinishRow(y)) return false;
    StartChains(y);
  }
  return true;
}

// The next row up that holds a corner.
bool PolygonSweep::NextRow(std::int32_t& y) const {
  bool found = next_minimum_ < minima_.size();
  std::int32_t next = found ? minima_[next_minimum_].y : 0;
  for (const Slot slot : line_) {
    const Active& chain = chains_[static_cast<std::size_t>(slot)];
    const SweepEdge* edge = chain.edge;
    if (edge->is_horizontal() && edge != chain.last) ++edge;
    if (edge->is_horizontal()) continue;
    next = found ? std::max(next, edge->top.y) : edge->top.y;
    found = true;
  }
  y = next;
  return found;
}

void PolygonSweep::StartChains(std::int32_t y) {
  for (; next_minimum_ < minima_.size() && minima_[next_minimum_].y == y; ++next_minimum_) {
    const Minimum minimum = minima_[next_minimum_];
    Active &left = Of(minimum.left), &right = Of(minimum.right);
    Insert(minimum.left, 0);
    const std::size_t left_at = PositionOf(minimum.left);
    Insert(minimum.right, left_at + 1);
    CountWindings(left_at);
    right.own_count = left.own_count;
    right.other_count = left.other_count;
    const GridPoint bottom = left.edge->bottom;
    if (std::abs(left.own_count) == 1 && left.other_count != 0) Open(minimum.left, minimum.right, bottom);
    if (right.edge->is_horizontal()) levels_.push_back(minimum.right);
    if (left.contributes() && left_at > 0) {
      Active& before = At(left_at - 1);
      if (before.x == bottom.x && before.contributes() &&
          IsParallel(before.edge->bottom, before.edge->top, bottom, left.edge->top))
        Extend(before, bottom);
    }
    const std::size_t right_at = PositionOf(minimum.right);
    if (right_at == left_at + 1) continue;
    Active& before = At(right_at - 1);
    if (right.contributes() && before.contributes() &&
        IsParallel({before.x, before.y}, before.edge->top, right.edge->bottom, right.edge->top))
      Extend(before, right.edge->bottom);
    for (std::size_t i = left_at + 1; i < right_at; ++i) Cross(minimum.right, line_[i], bottom);
  }
}

// Puts a chain on the sweep line, to the right of the first `from` ones.
void PolygonSweep::Insert(Slot slot, std::size_t from) {
  const Active& chain = Of(slot);
  std::size_t at = from;
  while (at < line_.size() && !BelongsBefore(*At(at).edge, At(at).x, *chain.edge, chain.x)) ++at;
  line_.insert(line_.begin() + static_cast<std::ptrdiff_t>(at), slot);
  Of(slot).is_listed = true;
}

void PolygonSweep::CountWindings(std::size_t position) {
  Active& chain = At(position);
  std::size_t at = position;
  while (at > 0 && At(at - 1).polygon != chain.polygon) --at;
  chain.own_count = chain.winding;
  chain.other_count = 0;
  if (at > 0) {
    const Active& before = At(at - 1);
    const bool turns = before.winding * chain.winding < 0;
    const bool left_polygon = before.own_count * before.winding < 0;
    if (!left_polygon || std::abs(before.own_count) > 1)
      chain.own_count = turns ? before.own_count : before.own_count + chain.winding;
    chain.other_count = before.other_count;
  }
  for (; at < position; ++at) chain.other_count += At(at).winding;
}

// Swaps the chains that change places below row y.
bool PolygonSweep::CrossUntil(std::int32_t y) {
  bool in_order = true;
  std::int32_t before = std::numeric_limits<std::int32_t>::min();
  for (const Slot slot : line_) {
    Active& chain = Of(slot);
    chain.x = chain.edge->XAt(y);
    in_order = in_order && before <= chain.x;
    before = chain.x;
  }
  if (in_order) return true;
  crossings_.clear();
  order_ = line_;
  // Bubble sort, since it finds the crossings in the order that is wanted.
  for (std::size_t end = order_.size(); end > 1; --end) {
    bool swapped = false;
    for (std::size_t i = 0; i + 1 < end; ++i) {
      const Active &left = Of(order_[i]), &right = Of(order_[i + 1]);
      if (left.x <= right.x) continue;
      GridPoint at = CrossingOf(*left.edge, *right.edge, left.y);
      if (at.y < y) at = {left.edge->XAt(y), y};
      crossings_.push_back({order_[i], order_[i + 1], at});
      std::swap(order_[i], order_[i + 1]);
      swapped = true;
    }
    if (!swapped) break;
  }
  if (crossings_.size() > 1 && !MakeCrossingsAdjacent()) return false;
  for (const Crossing& crossing : crossings_) {
    Cross(crossing.left, crossing.right, crossing.at);
    SwapPlaces(crossing.left, crossing.right);
  }
  return true;
}

// Orders the crossings from bottom to top such that each swaps neighbours.
bool PolygonSweep::MakeCrossingsAdjacent() {
  std::sort(crossings_.begin(), crossings_.end(), [](const Crossing& p, const Crossing& q) { return p.at.y > q.at.y; });
  order_ = line_;
  const auto position = [&](Slot slot) { return std::find(order_.begin(), order_.end(), slot); };
  const auto is_adjacent = [&](const Crossing& c) { return std::abs(position(c.left) - position(c.right)) == 1; };
  for (std::size_t i = 0; i < crossings_.size(); ++i) {
    std::size_t j = i;
    while (j < crossings_.size() && !is_adjacent(crossings_[j])) ++j;
    if (j == crossings_.size()) return false;
    std::swap(crossings_[i], crossings_[j]);
    std::iter_swap(position(crossings_[i].left), position(crossings_[i].right));
  }
  return true;
}

// Chain `left` comes to stand to the right of `right`.
void PolygonSweep::Cross(Slot left, Slot right, GridPoint at) {
  Active &a = Of(left), &b = Of(right);
  const bool a_contributed = a.contributes(), b_contributed = b.contributes();
  if (a.polygon == b.polygon) {
    a.own_count = a.own_count + b.winding == 0 ? -a.own_count : a.own_count + b.winding;
    b.own_count = b.own_count - a.winding == 0 ? -b.own_count : b.own_count - a.winding;
  } else {
    a.other_count += b.winding;
    b.other_count -= a.winding;
  }
  const bool a_is_outer = std::abs(a.own_count) <= 1, b_is_outer = std::abs(b.own_count) <= 1;
  const auto exchange = [&] {
    std::swap(a.is_left, b.is_left);
    std::swap(a.ring, b.ring);
  };
  if (a_contributed && b_contributed) {
    if (!a_is_outer || !b_is_outer || a.polygon != b.polygon) return Close(left, right, at);
    Extend(a, at);
    Extend(b, at);
    exchange();
  } else if (a_contributed) {
    if (!b_is_outer) return;
    Extend(a, at);
    exchange();
  } else if (b_contributed) {
    if (!a_is_outer) return;
    Extend(b, at);
    exchange();
  } else if (a_is_outer && b_is_outer) {
    if (a.polygon != b.polygon) return Open(left, right, at);
    if (a.own_count == 0 || b.own_count == 0) return std::swap(a.is_left, b.is_left);
    if (a.other_count != 0 && b.other_count != 0) Open(left, right, at);
  }
}

void PolygonSweep::SwapPlaces(Slot a, Slot b) { std::swap(line_[PositionOf(a)], line_[PositionOf(b)]); }

void PolygonSweep::Open(Slot first, Slot second, GridPoint at) {
  const bool first_is_left = Of(second).edge->is_horizontal() || Of(first).edge->slope > Of(second).edge->slope;
  Active &left = Of(first_is_left ? first : second), &right = Of(first_is_left ? second : first);
  if (left.contributes()) {
    Extend(left, at);
  } else {
    left.ring = rings_.Start(at);
  }
  right.ring = left.ring;
  left.is_left = true;
  right.is_left = false;
  std::size_t position = PositionOf(first_is_left ? first : second);
  if (position > 0 && &At(position - 1) == &right) --position;
  if (position == 0) return;
  Active& before = At(position - 1);
  if (!before.contributes() || before.edge->top.y >= at.y || left.edge->top.y >= at.y) return;
  const std::int32_t x = before.edge->XAt(at.y);
  if (x == left.edge->XAt(at.y) && IsParallel({x, at.y}, before.edge->top, {x, at.y}, left.edge->top))
    Extend(before, at);
}

void PolygonSweep::Close(Slot first, Slot second, GridPoint at) {
  Active &a = Of(first), &b = Of(second);
  Extend(a, at);
  // Clipper does not expect an end that meets nothing; the ring then stays as it is.
  if (a.ring != b.ring && b.contributes()) {
    Active &kept = a.ring < b.ring ? a : b, &gone = a.ring < b.ring ? b : a;
    rings_.Join(kept.ring, kept.is_left, gone.ring, gone.is_left);
    const auto other_end = std::find_if(line_.begin(), line_.end(),
                                        [&](Slot slot) { return &Of(slot) != &gone && Of(slot).ring == gone.ring; });
    if (other_end != line_.end()) {
      Of(*other_end).ring = kept.ring;
      Of(*other_end).is_left = kept.is_left;
    }
  }
  a.ring = b.ring = SweptRings::kNone;
}

std::size_t PolygonSweep::PositionOf(Slot slot) const noexcept {
  return static_cast<std::size_t>(std::find(line_.begin(), line_.end(), slot) - line_.begin());
}

void PolygonSweep::Remove(Slot slot) {
  line_.erase(line_.begin() + static_cast<std::ptrdiff_t>(PositionOf(slot)));
  Of(slot).is_listed = false;
}

}  // namespace tegula::objects
