#include "tegula/objects/stardist/sweep_polygon.h"

#include <algorithm>
#include <cmath>

namespace tegula::objects {
namespace {

// Almost parallel edges meet anywhere.
std::int32_t Round(double value) noexcept {
  constexpr double kFar = 1 << 30;
  const double near = std::clamp(value, -kFar, kFar);
  return static_cast<std::int32_t>(near < 0 ? near - 0.5 : near + 0.5);
}

}  // namespace

GridPoint CrossingOf(const SweepEdge& a, const SweepEdge& b, std::int32_t floor_y) noexcept {
  if (a.slope == b.slope) return {a.XAt(floor_y), floor_y};
  const SweepEdge& steeper = std::fabs(a.slope) < std::fabs(b.slope) ? a : b;
  GridPoint at;
  if (a.slope == 0 || b.slope == 0) {
    const SweepEdge &upright = a.slope == 0 ? a : b, &other = a.slope == 0 ? b : a;
    at.x = upright.bottom.x;
    const double y_at_zero = other.bottom.y - (other.bottom.x / other.slope);
    at.y = Round(at.x / other.slope + y_at_zero);
  } else {
    const double a_at_zero = a.bottom.x - a.bottom.y * a.slope, b_at_zero = b.bottom.x - b.bottom.y * b.slope;
    const double y = (b_at_zero - a_at_zero) / (a.slope - b.slope);
    at.y = Round(y);
    at.x = Round(steeper.slope * y + (&steeper == &a ? a_at_zero : b_at_zero));
  }
  const std::int32_t ceiling_y = std::max(a.top.y, b.top.y);
  if (at.y < ceiling_y) at = {steeper.XAt(ceiling_y), ceiling_y};
  // Of two equally steep edges Clipper takes b above and a here.
  const SweepEdge& steeper_or_a = std::fabs(a.slope) > std::fabs(b.slope) ? b : a;
  if (at.y > floor_y) at = {steeper_or_a.XAt(floor_y), floor_y};
  return at;
}

bool BelongsBefore(const SweepEdge& other, std::int32_t other_x, const SweepEdge& edge, std::int32_t edge_x) noexcept {
  if (edge_x != other_x) return edge_x < other_x;
  return edge.top.y > other.top.y ? edge.top.x < other.XAt(edge.top.y) : other.top.x > edge.XAt(other.top.y);
}

void SweepPolygon::Assign(std::span<const GridPoint> corners) {
  edges_.clear();
  chains_.clear();
  last_of_.clear();
  Simplify(corners);
  const bool is_flat = std::all_of(ring_.begin(), ring_.end(), [&](GridPoint p) { return p.y == ring_[0].y; });
  if (is_flat) return;
  const std::int32_t size = static_cast<std::int32_t>(ring_.size());
  chain_of_.assign(ring_.size(), -1);
  for (std::int32_t i = 0; i < size; ++i) {
    const bool falls_to = At(i - 1).y < At(i).y;
    const bool climbs_from = At(i + 1).y < At(i).y || (At(i + 1).y == At(i).y && At(i + 2).y < At(i).y);
    if (falls_to && climbs_from) AddMinimum(i);
  }
  PairMaxima();
}

// Which of several collinear corners goes first decides what is left of spikes.
void SweepPolygon::Simplify(std::span<const GridPoint> corners) {
  ring_.clear();
  std::size_t size = corners.size();
  while (size > 1 && corners[size - 1] == corners[0]) --size;
  while (size > 1 && corners[size - 1] == corners[size - 2]) --size;
  if (size < 3) return;
  next_.resize(size);
  before_.resize(size);
  for (std::size_t i = 0; i < size; ++i) {
    next_[i] = static_cast<std::int32_t>((i + 1) % size);
    before_[i] = static_cast<std::int32_t>((i + size - 1) % size);
  }
  const auto next = [&](std::int32_t i) { return next_[static_cast<std::size_t>(i)]; };
  const auto before = [&](std::int32_t i) { return before_[static_cast<std::size_t>(i)]; };
  const auto at = [&](std::int32_t i) { return corners[static_cast<std::size_t>(i)]; };
  std::int32_t start = 0, stop = 0, i = 0;
  const auto remove = [&] {
    if (i == start) start = next(i);
    next_[static_cast<std::size_t>(before(i))] = next(i);
    before_[static_cast<std::size_t>(next(i))] = before(i);
  };
  while (true) {
    if (next(i) == before(i)) return;
    if (at(i) == at(next(i))) {
      remove();
      stop = i = next(i);
    } else if (IsParallel(at(before(i)), at(i), at(i), at(next(i)))) {
      remove();
      stop = i = before(i);
    } else {
      i = next(i);
      if (i == stop) break;
    }
  }
  i = start;
  do ring_.push_back(at(i));
  while ((i = next(i)) != start);
}

std::int32_t SweepPolygon::Wrap(std::int32_t corner) const noexcept {
  const std::int32_t size = static_cast<std::int32_t>(ring_.size());
  return corner < 0 ? corner + size : corner >= size ? corner - size : corner;
}

void SweepPolygon::AddMinimum(std::int32_t corner) {
  const GridPoint lowest = At(corner), after = At(corner + 1);
  const bool is_level = after.y == lowest.y;
  // The left chain begins with the edge that leans further to the left; a level edge belongs to the right one.
  const bool left_is_backward =
      is_level ? lowest.x < after.x
               : SweepEdge::Between(lowest, after).slope < SweepEdge::Between(lowest, At(corner - 1)).slope;
  if (left_is_backward) {
    Climb(corner, false);
    Climb(corner, true);
  } else {
    const std::int32_t right_end = is_level ? corner + 1 : corner;
    Climb(right_end, true);
    Climb(right_end, false);
  }
}

void SweepPolygon::Climb(std::int32_t corner, bool forward) {
  const std::int32_t step = forward ? 1 : -1, chain = static_cast<std::int32_t>(chains_.size());
  chains_.push_back({static_cast<std::int32_t>(edges_.size()), 0, -1, step});
  std::int32_t edge = -1;
  for (;; corner = Wrap(corner + step)) {
    const GridPoint bottom = At(corner), top = At(corner + step);
    if (top.y > bottom.y) break;
    const bool is_top_level = top.y == bottom.y && At(Wrap(corner + step) + step).y > top.y;
    if (is_top_level && bottom.x > top.x) break;
    edge = Wrap(forward ? corner : corner - 1);
    chain_of_[static_cast<std::size_t>(edge)] = chain;
    edges_.push_back(SweepEdge::Between(bottom, top));
  }
  last_of_.push_back(edge);
  chains_.back().last = static_cast<std::int32_t>(edges_.size()) - 1;
}

void SweepPolygon::PairMaxima() {
  for (std::size_t i = 0; i < chains_.size(); ++i)
    chains_[i].partner = chain_of_[static_cast<std::size_t>(Wrap(last_of_[i] + chains_[i].winding))];
}

}  // namespace tegula::objects
