// What happens on a row that holds corners: maxima close, level edges are followed, chains go on with their next edge.

#include "tegula/objects/stardist/polygon_sweep.h"

namespace tegula::objects {

bool PolygonSweep::FinishRow(std::int32_t y) {
  for (std::size_t i = 0; i < line_.size();) {
    Active& chain = At(i);
    const bool ends = chain.edge->top.y == y;
    if (ends && !chain.has_next() && !Of(chain.partner).last->is_horizontal()) {
      if (!FinishMaximum(i, i)) return false;
      continue;
    }
    if (ends && chain.has_next() && (chain.edge + 1)->is_horizontal()) {
      Advance(chain);
      if (chain.contributes()) Extend(chain, chain.edge->bottom);
      levels_.push_back(line_[i]);
    } else {
      chain.y = y;  // CrossUntil has set x
    }
    ++i;
  }
  FollowLevels();
  for (std::size_t i = 0; i < line_.size(); ++i) {
    Active& chain = At(i);
    if (chain.edge->top.y != y || !chain.has_next()) continue;
    if (chain.contributes()) Extend(chain, chain.edge->top);
    Advance(chain);
    if (chain.contributes()) ShareCorner(i, false);
  }
  return true;
}

// The chain at `position` meets its partner; those between them are crossed. `next` is where the row goes on.
bool PolygonSweep::FinishMaximum(std::size_t position, std::size_t& next) {
  const Slot slot = line_[position];
  const Slot partner = Of(slot).partner;
  const GridPoint top = Of(slot).edge->top;
  next = position;
  if (!Of(partner).is_listed || Of(partner).has_next()) {
    if (Of(slot).contributes()) Extend(Of(slot), top);
    Remove(slot);
    return true;
  }
  if (position > 0 && line_[position - 1] == partner) next = line_.size();
  for (std::size_t i = position; i + 1 < line_.size() && line_[i + 1] != partner; ++i) {
    Cross(slot, line_[i + 1], top);
    std::swap(line_[i], line_[i + 1]);
  }
  if (Of(slot).contributes() != Of(partner).contributes()) return false;
  if (Of(slot).contributes()) Close(slot, partner, top);
  Remove(slot);
  Remove(partner);
  return true;
}

void PolygonSweep::FollowLevels() {
  while (!levels_.empty()) {
    const Slot slot = levels_.back();
    levels_.pop_back();
    FollowLevel(slot);
  }
}

// Takes a chain along its level edge past everything that stands in its way.
void PolygonSweep::FollowLevel(Slot slot) {
  Active& chain = Of(slot);
  const GridPoint from = chain.edge->bottom, to = chain.edge->top;
  const bool to_right = from.x < to.x;
  const Slot partner = chain.has_next() ? kNone : chain.partner;
  for (std::size_t i = PositionOf(slot);;) {
    if (to_right ? i + 1 == line_.size() : i == 0) break;
    const std::size_t j = to_right ? i + 1 : i - 1;
    const Slot met = line_[j];
    Active& other = Of(met);
    if (to_right ? other.x > to.x : other.x < to.x) break;
    if (other.x == to.x && chain.has_next() && other.edge->slope < (chain.edge + 1)->slope) break;
    if (chain.contributes()) Extend(chain, {other.x, other.y});
    if (met == partner && !other.has_next()) {
      if (chain.contributes()) Close(slot, partner, to);
      Remove(slot);
      Remove(partner);
      return;
    }
    const GridPoint at{other.x, chain.y};
    if (to_right) {
      Cross(slot, met, at);
    } else {
      Cross(met, slot, at);
    }
    std::swap(line_[i], line_[j]);
    i = j;
  }
  if (chain.contributes()) Extend(chain, to);
  if (!chain.has_next()) return Remove(slot);
  Advance(chain);
  if (chain.contributes()) ShareCorner(PositionOf(slot), true);
}

void PolygonSweep::Advance(Active& chain) {
  ++chain.edge;
  chain.x = chain.edge->bottom.x;
  chain.y = chain.edge->bottom.y;
}

// A corner of a contributing chain also becomes one of a neighbour that runs along the same edge.
void PolygonSweep::ShareCorner(std::size_t position, bool from_corner) {
  const Active& chain = At(position);
  const GridPoint bottom = chain.edge->bottom;
  const auto runs_along = [&](const Active& other) {
    return other.x == bottom.x && other.y == bottom.y && other.contributes() && other.y > other.edge->top.y &&
           IsParallel(bottom, chain.edge->top, from_corner ? other.edge->bottom : GridPoint{other.x, other.y},
                      other.edge->top);
  };
  if (position > 0 && runs_along(At(position - 1))) return Extend(At(position - 1), bottom);
  if (position + 1 < line_.size() && runs_along(At(position + 1))) Extend(At(position + 1), bottom);
}

}  // namespace tegula::objects
