#include "tegula/objects/annotations/polygon_mask.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "tegula/core/assert.h"

namespace tegula::objects {
namespace {

constexpr std::int64_t kStripRows = 64;

// From its upper to its lower end, whichever way its ring runs; never horizontal. Crosses rows whose centres lie in
// [top.y, bottom.y).
struct Edge {
  Point top, bottom;
  std::int64_t polygon = 0;

  double left() const noexcept { return std::min(top.x, bottom.x); }
  double right() const noexcept { return std::max(top.x, bottom.x); }
  // Rounding never carries it beyond the edge's ends.
  double CrossingAt(double y) const noexcept {
    const double x = top.x + (y - top.y) * (bottom.x - top.x) / (bottom.y - top.y);
    return std::clamp(x, left(), right());
  }
};

struct Extent {
  Point min = {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()};
  Point max = {-std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()};

  void Add(Point point) noexcept {
    min = {std::min(min.y, point.y), std::min(min.x, point.x)};
    max = {std::max(max.y, point.y), std::max(max.x, point.x)};
  }
};

// Where the boundary of a polygon passes: to the left of that column's centre.
struct Crossing {
  std::int64_t polygon = 0;
  std::int64_t column = 0;
  friend constexpr auto operator<=>(const Crossing&, const Crossing&) = default;
};

bool IsUsable(Point point) noexcept {
  return std::abs(point.y) <= kLargestCoordinate && std::abs(point.x) <= kLargestCoordinate;
}

// The runs of a row within `columns`, in order and apart from each other, from its crossings, which get sorted.
// Crossings to the right of the columns may be missing.
void FindRuns(std::vector<Crossing>& crossings, Interval columns, std::vector<Interval>& runs) {
  runs.clear();
  std::sort(crossings.begin(), crossings.end());
  for (std::size_t i = 0; i < crossings.size();) {
    const bool is_closed = i + 1 < crossings.size() && crossings[i + 1].polygon == crossings[i].polygon;
    const Interval run = {crossings[i].column, is_closed ? crossings[i + 1].column : columns.end};
    if (!run.empty()) runs.push_back(run);
    i += is_closed ? 2 : 1;
  }
  if (runs.empty()) return;
  const auto begins_before = [](Interval a, Interval b) { return a.begin < b.begin; };
  if (!std::is_sorted(runs.begin(), runs.end(), begins_before)) std::sort(runs.begin(), runs.end(), begins_before);
  std::size_t last = 0;
  for (const Interval run : runs) {
    if (run.begin <= runs[last].end)
      runs[last].end = std::max(runs[last].end, run.end);
    else
      runs[++last] = run;
  }
  runs.resize(last + 1);
}

}  // namespace

// All edges, ordered by their upper ends, with a tree of how far down they reach: finding those in some rows costs the
// ones that are found and a logarithm. Immutable and thread-safe.
class PolygonMask::Edges {
 public:
  explicit Edges(const std::vector<PointPolygon>& polygons) {
    extents_.resize(polygons.size());
    for (std::size_t i = 0; i < polygons.size(); ++i) {
      Add(polygons[i].outer, i);
      for (const PointRing& hole : polygons[i].holes) Add(hole, i);
      whole_.Add(extents_[i].min);
      whole_.Add(extents_[i].max);
    }
    std::sort(edges_.begin(), edges_.end(), [](const Edge& a, const Edge& b) { return a.top.y < b.top.y; });
    BuildTree();
  }

  const Extent& whole() const noexcept { return whole_; }
  const Extent& of(const Edge& edge) const noexcept { return extents_[static_cast<std::size_t>(edge.polygon)]; }

  // Edges that begin at `last` or above it and end below `first`.
  template <class F>
  void ForEach(double first, double last, F&& f) const {
    const auto end =
        std::upper_bound(edges_.begin(), edges_.end(), last, [](double y, const Edge& edge) { return y < edge.top.y; });
    const auto count = static_cast<std::size_t>(end - edges_.begin());
    if (!lowest_.empty()) Visit(lowest_.size() - 1, 0, top_width_, first, count, f);
  }

 private:
  static constexpr std::size_t kFan = 16;

  void Add(const PointRing& ring, std::size_t polygon) {
    for (std::size_t i = 0; i < ring.size(); ++i) {
      const Point a = ring[i], b = ring[i + 1 < ring.size() ? i + 1 : 0];
      extents_[polygon].Add(a);
      if (a.y == b.y) continue;
      edges_.push_back({a.y < b.y ? a : b, a.y < b.y ? b : a, static_cast<std::int64_t>(polygon)});
    }
  }

  // lowest_[0] has one value per kFan edges, lowest_[k] one per kFan values of lowest_[k - 1], the last has one.
  void BuildTree() {
    std::vector<double> below;
    below.reserve(edges_.size());
    for (const Edge& edge : edges_) below.push_back(edge.bottom.y);
    while (below.size() > 1 || (lowest_.empty() && !below.empty())) {
      std::vector<double> level((below.size() + kFan - 1) / kFan, -std::numeric_limits<double>::infinity());
      for (std::size_t i = 0; i < below.size(); ++i) level[i / kFan] = std::max(level[i / kFan], below[i]);
      below = level;
      lowest_.push_back(std::move(level));
      top_width_ *= kFan;
    }
  }

  // A node that stands for `width` edges, of which those before `count` are meant.
  template <class F>
  void Visit(std::size_t level, std::size_t node, std::size_t width, double first, std::size_t count, F& f) const {
    if (node * width >= count || lowest_[level][node] <= first) return;
    const std::size_t end = std::min((node + 1) * kFan, level == 0 ? count : lowest_[level - 1].size());
    for (std::size_t i = node * kFan; i < end; ++i) {
      if (level > 0)
        Visit(level - 1, i, width / kFan, first, count, f);
      else if (edges_[i].bottom.y > first)
        f(edges_[i]);
    }
  }

  std::vector<Edge> edges_;
  std::vector<std::vector<double>> lowest_;
  std::size_t top_width_ = 1;    ///< edges that the one node of the last level has room for
  std::vector<Extent> extents_;  ///< by polygon
  Extent whole_;
};

PolygonMask::PolygonMask() : PolygonMask(std::make_shared<const Edges>(std::vector<PointPolygon>())) {}
PolygonMask::PolygonMask(std::shared_ptr<const Edges> edges) : edges_(std::move(edges)) {}

Result<PolygonMask> PolygonMask::Create(const std::vector<PointPolygon>& polygons) {
  const auto find_unusable = [](const PointRing& ring) -> Status {
    const auto found = std::find_if_not(ring.begin(), ring.end(), IsUsable);
    if (found == ring.end()) return Ok();
    return InvalidError(fmt::format("a polygon has a corner at x {}, y {}: use pixels of the slide, from -2^31 to 2^31",
                                    found->x, found->y));
  };
  for (const PointPolygon& polygon : polygons) {
    TEGULA_TRY(find_unusable(polygon.outer));
    for (const PointRing& hole : polygon.holes) TEGULA_TRY(find_unusable(hole));
  }
  return PolygonMask(std::make_shared<const Edges>(polygons));
}

PointPolygon PolygonOf(const Box& box) {
  const auto top = static_cast<double>(box.y.begin), bottom = static_cast<double>(box.y.end);
  const auto left = static_cast<double>(box.x.begin), right = static_cast<double>(box.x.end);
  return {{{top, left}, {top, right}, {bottom, right}, {bottom, left}, {top, left}}, {}};
}

Result<PolygonMask> PolygonMask::Rectangle(const Box& box) { return Create({PolygonOf(box)}); }

Box PolygonMask::Bounds(const PixelGrid& grid, const Box& within) const noexcept {
  const Extent& whole = edges_->whole();
  if (!(whole.min.y < whole.max.y)) return {{within.y.begin, within.y.begin}, {within.x.begin, within.x.begin}};
  return {{grid.y.FirstFrom(whole.min.y, within.y), grid.y.FirstFrom(whole.max.y, within.y)},
          {grid.x.FirstFrom(whole.min.x, within.x), grid.x.FirstFrom(whole.max.x, within.x)}};
}

void PolygonMask::ForEachRunWhile(const PixelGrid& grid, const Box& box,
                                  FunctionRef<bool(std::int64_t y, Interval x)> sink) const {
  const Box part = Bounds(grid, box);
  if (part.empty()) return;
  const double left = grid.x.Centre(part.x.begin), right = grid.x.Centre(part.x.end - 1);
  std::vector<std::vector<Crossing>> rows(static_cast<std::size_t>(std::min(kStripRows, part.height())));
  std::vector<Interval> runs;
  for (std::int64_t y = part.y.begin; y < part.y.end; y += kStripRows) {
    const Interval strip = {y, std::min(y + kStripRows, part.y.end)};
    for (std::vector<Crossing>& row : rows) row.clear();
    edges_->ForEach(grid.y.Centre(strip.begin), grid.y.Centre(strip.end - 1), [&](const Edge& edge) {
      // A polygon to one side of the box has an even number of crossings there, which cancel.
      const Extent& extent = edges_->of(edge);
      if (extent.max.x <= left || extent.min.x > right || edge.left() > right) return;
      const bool is_left = edge.right() <= left;
      const Interval span = {grid.y.FirstFrom(edge.top.y, strip), grid.y.FirstFrom(edge.bottom.y, strip)};
      for (std::int64_t at = span.begin; at < span.end; ++at) {
        const std::int64_t column =
            is_left ? part.x.begin : grid.x.FirstFrom(edge.CrossingAt(grid.y.Centre(at)), part.x);
        rows[static_cast<std::size_t>(at - y)].push_back({edge.polygon, column});
      }
    });
    for (std::int64_t at = strip.begin; at < strip.end; ++at) {
      FindRuns(rows[static_cast<std::size_t>(at - y)], part.x, runs);
      for (const Interval run : runs)
        if (!sink(at, run)) return;
    }
  }
}

void PolygonMask::ForEachRun(const PixelGrid& grid, const Box& box, RunSink sink) const {
  ForEachRunWhile(grid, box, [&](std::int64_t y, Interval x) {
    sink(y, x);
    return true;
  });
}

bool PolygonMask::Intersects(const PixelGrid& grid, const Box& box) const {
  bool found = false;
  ForEachRunWhile(grid, box, [&](std::int64_t /*y*/, Interval /*x*/) {
    found = true;
    return false;
  });
  return found;
}

std::int64_t PolygonMask::Area(const PixelGrid& grid, const Box& box) const {
  std::int64_t area = 0;
  ForEachRun(grid, box, [&](std::int64_t /*y*/, Interval x) { area += x.size(); });
  return area;
}

void PolygonMask::Fill(const PixelGrid& grid, const Box& box, View mask_yx) const {
  TEGULA_ASSERT(mask_yx.shape() == (Shape{box.height(), box.width()}));
  auto* const pixels = mask_yx.as<std::uint8_t>();
  const std::int64_t stride_y = mask_yx.strides()[0], stride_x = mask_yx.strides()[1];
  const auto set = [&](std::int64_t y, Interval x, std::uint8_t value) {
    std::uint8_t* const row = pixels + y * stride_y;
    if (stride_x == 1) {
      std::memset(row + x.begin, value, static_cast<std::size_t>(x.size()));
    } else {
      for (std::int64_t i = x.begin; i < x.end; ++i) row[i * stride_x] = value;
    }
  };
  for (std::int64_t y = 0; y < box.height(); ++y) set(y, {0, box.width()}, 0);
  ForEachRun(grid, box, [&](std::int64_t y, Interval x) { set(y - box.y.begin, x.Shifted(-box.x.begin), 1); });
}

}  // namespace tegula::objects
