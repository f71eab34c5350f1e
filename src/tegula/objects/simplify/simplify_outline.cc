#include "tegula/objects/simplify/simplify_outline.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "tegula/core/interval.h"

namespace tegula::objects {
namespace {

// Positions in half pixels.
struct HalfCorner {
  std::int64_t y = 0;
  std::int64_t x = 0;
  friend constexpr auto operator<=>(const HalfCorner&, const HalfCorner&) = default;
};

// A point that stays.
struct KeptPoint {
  HalfCorner at;
  bool is_junction = false;
};

// A point of a line: the middle of a pixel edge, or a corner, at which lines bend only if they must.
struct LinePoint {
  HalfCorner at;
  bool is_corner = false;
};
using Line = std::vector<LinePoint>;

// Lines are kept within cells of so many pixels: that bounds the work and the numbers.
constexpr std::int64_t kCell = 2 * 256;

std::int64_t Squared(HalfCorner a, HalfCorner b) { return (a.y - b.y) * (a.y - b.y) + (a.x - b.x) * (a.x - b.x); }

// Squared distance to a segment, times the squared length of the segment (or 1 if it has none).
class Segment {
 public:
  Segment(HalfCorner a, HalfCorner b)
      : a_(std::min(a, b)), b_(std::max(a, b)), length_(std::max<std::int64_t>(1, Squared(a, b))) {}
  std::int64_t Distance(HalfCorner p) const {
    const std::int64_t along = (p.y - a_.y) * (b_.y - a_.y) + (p.x - a_.x) * (b_.x - a_.x);
    if (along <= 0) return Squared(p, a_) * length_;
    if (along >= length_) return Squared(p, b_) * length_;
    const std::int64_t across = (p.y - a_.y) * (b_.x - a_.x) - (p.x - a_.x) * (b_.y - a_.y);
    return across * across;
  }
  std::int64_t length() const noexcept { return length_; }

 private:
  HalfCorner a_, b_;
  std::int64_t length_;
};

class Simplifier {
 public:
  explicit Simplifier(double tolerance) : limit_(4 * tolerance * tolerance) {}

  // Appends the points that stay, but the last.
  void Open(const Line& line, std::vector<KeptPoint>& out) {
    keep_.assign(line.size(), false);
    keep_.front() = keep_.back() = true;
    for (std::size_t i = 0; i + 1 < line.size(); ++i)
      if (CellOf(line[i].at) != CellOf(line[i + 1].at)) keep_[i] = keep_[i + 1] = true;
    std::size_t from = 0;
    for (std::size_t i = 1; i < line.size(); ++i) {
      if (!keep_[i]) continue;
      Between(line, from, i);
      from = i;
    }
    for (std::size_t i = 0; i + 1 < line.size(); ++i)
      if (keep_[i]) out.push_back({line[i].at});
  }

 private:
  static HalfCorner CellOf(HalfCorner p) { return {FloorDiv(p.y, kCell), FloorDiv(p.x, kCell)}; }

  // Keeps points between two that are kept until no point is farther from the lines than the tolerance.
  void Between(const Line& line, std::size_t first, std::size_t last) {
    open_ = {{first, last}};
    while (!open_.empty()) {
      const auto [i, j] = open_.back();
      open_.pop_back();
      const std::size_t farthest = Farthest(line, i, j);
      if (farthest == i) continue;
      const std::size_t bend = Bend(line, i, farthest, j);
      keep_[bend] = true;
      open_.push_back({i, bend});
      open_.push_back({bend, j});
    }
  }

  // The point farthest from the segment between two, of equal ones that with the smallest position; i if all are near.
  std::size_t Farthest(const Line& line, std::size_t i, std::size_t j) const {
    const Segment segment(line[i].at, line[j].at);
    std::size_t farthest = i;
    std::int64_t distance = 0;
    for (std::size_t k = i + 1; k < j; ++k) {
      const std::int64_t d = segment.Distance(line[k].at);
      if (d > distance || (d == distance && d > 0 && line[k].at < line[farthest].at)) farthest = k, distance = d;
    }
    return static_cast<double>(distance) <= limit_ * static_cast<double>(segment.length()) ? i : farthest;
  }

  // Where to bend for a point that is too far away: at itself if it is no corner, else at the farther of the edge
  // middles beside it; at the corner if there are none between the two.
  static std::size_t Bend(const Line& line, std::size_t i, std::size_t farthest, std::size_t j) {
    if (!line[farthest].is_corner) return farthest;
    const Segment segment(line[i].at, line[j].at);
    const bool has_before = farthest - 1 > i && !line[farthest - 1].is_corner;
    const bool has_after = farthest + 1 < j && !line[farthest + 1].is_corner;
    if (!has_before && !has_after) return farthest;
    if (!has_before) return farthest + 1;
    if (!has_after) return farthest - 1;
    const std::int64_t before = segment.Distance(line[farthest - 1].at),
                       after = segment.Distance(line[farthest + 1].at);
    if (before != after) return before > after ? farthest - 1 : farthest + 1;
    return line[farthest - 1].at < line[farthest + 1].at ? farthest - 1 : farthest + 1;
  }

  double limit_;
  std::vector<bool> keep_;
  std::vector<std::pair<std::size_t, std::size_t>> open_;
};

HalfCorner Doubled(Corner corner) { return {2 * std::int64_t{corner.y}, 2 * std::int64_t{corner.x}}; }

// Appends the points of an edge but its end: `a`, and the middles of its first and its last pixel edge.
void AddEdge(Corner a, Corner b, Line& line) {
  const HalfCorner from = Doubled(a), to = Doubled(b);
  const auto towards = [](std::int64_t f, std::int64_t t) { return f + (t > f) - (t < f); };
  const HalfCorner first{towards(from.y, to.y), towards(from.x, to.x)},
      last{towards(to.y, from.y), towards(to.x, from.x)};
  line.push_back({from, true});
  line.push_back({first, false});
  if (last != first) line.push_back({last, false});
}

// A ring that meets no junction: cut at its first point and at the one that is farthest from it.
void SimplifyClosed(Line line, Simplifier& simplifier, std::vector<KeptPoint>& out) {
  const auto is_less = [](const LinePoint& a, const LinePoint& b) {
    return a.is_corner != b.is_corner ? b.is_corner : a.at < b.at;
  };
  std::rotate(line.begin(), std::min_element(line.begin(), line.end(), is_less), line.end());
  const HalfCorner start = line.front().at;
  const auto is_nearer = [&](const LinePoint& a, const LinePoint& b) {
    if (a.is_corner != b.is_corner) return a.is_corner;
    const std::int64_t da = Squared(a.at, start), db = Squared(b.at, start);
    return da != db ? da < db : b.at < a.at;
  };
  const auto far = std::max_element(line.begin(), line.end(), is_nearer);
  const Line there(line.begin(), far + 1);
  Line back(far, line.end());
  back.push_back(line.front());
  simplifier.Open(there, out);
  simplifier.Open(back, out);
}

// Points on a straight line between their neighbours go, unless they are junctions.
PointRing WithoutStraightPoints(const std::vector<KeptPoint>& points) {
  PointRing ring;
  const std::size_t n = points.size();
  for (std::size_t i = 0; i < n; ++i) {
    const HalfCorner a = points[(i + n - 1) % n].at, p = points[i].at, b = points[(i + 1) % n].at;
    const bool is_straight = (p.y - a.y) * (b.x - p.x) == (p.x - a.x) * (b.y - p.y);
    if (is_straight && !points[i].is_junction) continue;
    ring.push_back({static_cast<double>(p.y) / 2, static_cast<double>(p.x) / 2});
  }
  ring.push_back(ring.front());
  return ring;
}

// Corners through which the outlines of a region pass twice, sorted.
std::vector<Corner> OwnTouches(const std::vector<Polygon>& polygons) {
  std::vector<Corner> corners;
  const auto add = [&](const Ring& ring) { corners.insert(corners.end(), ring.begin() + 1, ring.end()); };
  for (const Polygon& polygon : polygons) {
    add(polygon.outer);
    for (const Ring& hole : polygon.holes) add(hole);
  }
  std::sort(corners.begin(), corners.end());
  std::vector<Corner> twice;
  for (std::size_t i = 1; i < corners.size(); ++i)
    if (corners[i] == corners[i - 1]) twice.push_back(corners[i]);
  return twice;
}

// `touches` are junctions as well, whether or not `junctions` has them.
PointRing SimplifyRing(const Ring& ring, const Junctions& junctions, const std::vector<Corner>& touches,
                       Simplifier& simplifier) {
  // The ring's points, and which of them are junctions.
  Line line;
  std::vector<std::size_t> cuts;
  for (std::size_t i = 0; i + 1 < ring.size(); ++i) {
    Corner from = ring[i];
    const bool touches_here = std::binary_search(touches.begin(), touches.end(), from);
    if (touches_here) cuts.push_back(line.size());
    junctions.ForEachOn(ring[i], ring[i + 1], [&](Corner junction) {
      if (junction != from) AddEdge(from, junction, line);
      if (junction != ring[i] || !touches_here) cuts.push_back(line.size());
      from = junction;
    });
    AddEdge(from, ring[i + 1], line);
  }
  std::vector<KeptPoint> points;
  if (cuts.empty()) {
    SimplifyClosed(std::move(line), simplifier, points);
    return WithoutStraightPoints(points);
  }
  std::rotate(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(cuts.front()), line.end());
  const std::size_t turned = cuts.front();
  for (std::size_t& cut : cuts) cut -= turned;
  line.push_back(line.front());
  cuts.push_back(line.size() - 1);
  for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
    const std::size_t first = points.size();
    simplifier.Open(Line(line.begin() + static_cast<std::ptrdiff_t>(cuts[i]),
                         line.begin() + static_cast<std::ptrdiff_t>(cuts[i + 1]) + 1),
                    points);
    points[first].is_junction = true;
  }
  return WithoutStraightPoints(points);
}

}  // namespace

std::vector<PointPolygon> SimplifyOutline(const std::vector<Polygon>& polygons, const Junctions& junctions,
                                          double tolerance) {
  Simplifier simplifier(tolerance);
  const std::vector<Corner> touches = OwnTouches(polygons);
  std::vector<PointPolygon> simplified;
  simplified.reserve(polygons.size());
  for (const Polygon& polygon : polygons) {
    PointPolygon& out = simplified.emplace_back();
    out.outer = SimplifyRing(polygon.outer, junctions, touches, simplifier);
    for (const Ring& hole : polygon.holes) out.holes.push_back(SimplifyRing(hole, junctions, touches, simplifier));
  }
  return simplified;
}

}  // namespace tegula::objects
