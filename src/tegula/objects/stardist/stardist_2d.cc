#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numbers>
#include <utility>

#include "tegula/core/interval.h"
#include "tegula/objects/stardist/polygon_sweep.h"
#include "tegula/objects/stardist/star_shapes.h"
#include "tegula/objects/stardist/sweep_polygon.h"

namespace tegula::objects {
namespace {

// What suppression knows of every candidate.
struct Outline {
  PixelBox box;
  float area = 0;  // pixels
};

// Kept as float32, to which the reference rounds it.
struct Vertex {
  float y = 0;
  float x = 0;
};

// The rows and columns that a polygon can paint, both ends included.
struct Reach {
  std::pair<std::int32_t, std::int32_t> y, x;
};

Reach ReachOf(std::span<const Vertex> vertices) noexcept {
  Vertex first = vertices[0], last = vertices[0];
  for (const Vertex& v : vertices) {
    first = {std::min(first.y, v.y), std::min(first.x, v.x)};
    last = {std::max(last.y, v.y), std::max(last.x, v.x)};
  }
  const auto pixels = [](float from, float to) {
    return std::pair(static_cast<std::int32_t>(std::floor(from)), static_cast<std::int32_t>(std::ceil(to)));
  };
  return {pixels(first.y, last.y), pixels(first.x, last.x)};
}

// A worker's memory.
struct Comparison {
  std::vector<GridPoint> corners;
  SweepPolygon kept, candidate;
  std::int32_t candidate_id = -1;
  PolygonSweep sweep;
};

// Which pixels of a row a polygon covers, by the rule of skimage.draw.polygon: a pixel belongs to it if its middle is
// inside, on an edge or on a corner. That function counts, for each pixel, the edges that the row crosses to its right
// and to its left; here each crossing is found once and flips the pixels on that side of it.
class RowCover {
 public:
  explicit RowCover(Interval columns)
      : columns_(columns), flips_(static_cast<std::size_t>(columns.size()) + 1), corners_(flips_.size()) {}

  void Cover(std::span<const Vertex> polygon, std::int64_t row) noexcept {
    std::fill(flips_.begin(), flips_.end(), 0);
    std::fill(corners_.begin(), corners_.end(), 0);
    const double y = static_cast<double>(row);
    Vertex before = polygon.back();
    for (const Vertex& vertex : polygon) {
      const double y0 = static_cast<double>(vertex.y) - y, y1 = static_cast<double>(before.y) - y;
      if ((y0 > 0) != (y1 > 0)) FlipRight(vertex, before, y);
      if ((y0 < 0) != (y1 < 0)) FlipLeft(vertex, before, y);
      if (std::fabs(y0) < kSame) MarkCorner(static_cast<double>(vertex.x));
      before = vertex;
    }
  }

  // Calls paint(column) for the covered columns.
  template <class Paint>
  void ForEach(const Paint& paint) const noexcept {
    std::uint8_t sides = 0;
    for (std::int64_t x = columns_.begin; x < columns_.end; ++x) {
      const std::size_t i = static_cast<std::size_t>(x - columns_.begin);
      sides ^= flips_[i];
      if (sides != 0 || corners_[i] != 0) paint(x);
    }
  }

 private:
  static constexpr double kSame = 1e-12;
  static constexpr std::uint8_t kRight = 1, kLeft = 2;

  // How far to the right of column x the edge crosses the row; in the form of skimage, whose rounding counts.
  static double Ahead(const Vertex& a, const Vertex& b, double x, double y) noexcept {
    const double x0 = static_cast<double>(a.x) - x, x1 = static_cast<double>(b.x) - x;
    const double y0 = static_cast<double>(a.y) - y, y1 = static_cast<double>(b.y) - y;
    return (x0 * y1 - x1 * y0) / (y1 - y0);
  }

  // The first column at which `stops` holds, which then holds for all further ones; the guess is off by rounding only.
  template <class Stops>
  std::size_t FirstColumn(double guess, const Stops& stops) const noexcept {
    const double inside = std::clamp(guess, static_cast<double>(columns_.begin), static_cast<double>(columns_.end));
    std::int64_t x = static_cast<std::int64_t>(inside);
    while (x > columns_.begin && stops(static_cast<double>(x - 1))) --x;
    while (x < columns_.end && !stops(static_cast<double>(x))) ++x;
    return static_cast<std::size_t>(x - columns_.begin);
  }

  void FlipRight(const Vertex& a, const Vertex& b, double y) noexcept {
    const double column = static_cast<double>(columns_.begin);
    flips_[0] ^= kRight;
    flips_[FirstColumn(column + Ahead(a, b, column, y), [&](double x) { return !(Ahead(a, b, x, y) > 0); })] ^= kRight;
  }
  void FlipLeft(const Vertex& a, const Vertex& b, double y) noexcept {
    const double column = static_cast<double>(columns_.begin);
    flips_[FirstColumn(column + Ahead(a, b, column, y), [&](double x) { return Ahead(a, b, x, y) < 0; })] ^= kLeft;
  }
  void MarkCorner(double x) noexcept {
    const double column = std::round(x);
    if (std::fabs(column - x) < kSame && column >= static_cast<double>(columns_.begin) &&
        column < static_cast<double>(columns_.end))
      corners_[static_cast<std::size_t>(static_cast<std::int64_t>(column) - columns_.begin)] = 1;
  }

  Interval columns_;
  std::vector<std::uint8_t> flips_, corners_;  // by column
};

class StarPolygons final : public StarShapes {
 public:
  explicit StarPolygons(const StarDistOptions& options)
      : StarShapes(options.n_rays), nms_threshold_(static_cast<float>(options.nms_threshold)) {
    const float step = static_cast<float>(2 * std::numbers::pi / static_cast<double>(n_rays_));
    const double fine_step = 2 * std::numbers::pi / static_cast<double>(n_rays_);
    for (std::size_t i = 0; i < n_rays_; ++i) {
      sin_.push_back(std::sin(step * static_cast<float>(i)));
      cos_.push_back(std::cos(step * static_cast<float>(i)));
      fine_sin_.push_back(std::sin(fine_step * static_cast<double>(i)));
      fine_cos_.push_back(std::cos(fine_step * static_cast<double>(i)));
    }
  }

  PixelBox BoxOf(const Stars& stars, std::int32_t i) const override;
  void Decide(const Stars& stars, std::span<const std::int32_t> order, const StarStretch& stretch,
              const Executor& executor, std::span<Fate> fates) const override;
  void Render(const Stars& stars, std::span<const std::int32_t> order, const std::array<std::int64_t, 3>& origin,
              const View& labels_zyx) const override;

 private:
  void CornersOf(const Stars& stars, std::int32_t i, std::vector<GridPoint>& corners) const;
  static Outline OutlineOf(std::span<const GridPoint> corners) noexcept;
  void VerticesOf(const Stars& stars, std::int32_t i, std::vector<Vertex>& vertices) const;

  float nms_threshold_;
  std::vector<float> sin_, cos_;             // as suppression computes corners
  std::vector<double> fine_sin_, fine_cos_;  // as painting does
};

// The reference truncates corners to whole pixels before it intersects outlines.
void StarPolygons::CornersOf(const Stars& stars, std::int32_t i, std::vector<GridPoint>& corners) const {
  const std::array<std::int32_t, 3>& centre = stars.centres[static_cast<std::size_t>(i)];
  const float centre_y = static_cast<float>(centre[1]), centre_x = static_cast<float>(centre[2]);
  const std::span<const float> distances = DistancesOf(stars, i);
  corners.resize(n_rays_);
  for (std::size_t ray = 0; ray < n_rays_; ++ray)
    corners[ray] = {static_cast<std::int32_t>(centre_x + distances[ray] * cos_[ray]),
                    static_cast<std::int32_t>(centre_y + distances[ray] * sin_[ray])};
}

Outline StarPolygons::OutlineOf(std::span<const GridPoint> corners) noexcept {
  Outline outline;
  outline.box = {{0, corners[0].y, corners[0].x}, {0, corners[0].y, corners[0].x}};
  std::int64_t twice_area = 0;
  GridPoint before = corners.back();
  for (const GridPoint& corner : corners) {
    twice_area += TwiceTriangle(before, corner);
    before = corner;
    outline.box.first[1] = std::min(outline.box.first[1], corner.y);
    outline.box.first[2] = std::min(outline.box.first[2], corner.x);
    outline.box.last[1] = std::max(outline.box.last[1], corner.y);
    outline.box.last[2] = std::max(outline.box.last[2], corner.x);
  }
  outline.area = 0.5F * static_cast<float>(std::abs(twice_area));
  return outline;
}

PixelBox StarPolygons::BoxOf(const Stars& stars, std::int32_t i) const {
  std::vector<GridPoint> corners;
  std::vector<Vertex> vertices;
  CornersOf(stars, i, corners);
  VerticesOf(stars, i, vertices);
  PixelBox box = OutlineOf(corners).box;
  const Reach painted = ReachOf(vertices);
  box.first = {0, std::min(box.first[1], painted.y.first), std::min(box.first[2], painted.x.first)};
  box.last = {0, std::max(box.last[1], painted.y.second), std::max(box.last[2], painted.x.second)};
  return box;
}

void StarPolygons::Decide(const Stars& stars, std::span<const std::int32_t> order, const StarStretch&,
                          const Executor& executor, std::span<Fate> fates) const {
  std::vector<Comparison> workers(static_cast<std::size_t>(executor.workers()));
  std::vector<PixelBox> boxes(order.size());
  std::vector<float> areas(order.size());
  constexpr std::int64_t kItem = 1024;
  const std::int64_t size = static_cast<std::int64_t>(order.size());
  executor.ForEach((size + kItem - 1) / kItem, [&](std::int64_t item, int worker) {
    std::vector<GridPoint>& corners = workers[static_cast<std::size_t>(worker)].corners;
    for (std::int64_t n = item * kItem; n < std::min((item + 1) * kItem, size); ++n) {
      const std::size_t i = static_cast<std::size_t>(n);
      CornersOf(stars, order[i], corners);
      const Outline outline = OutlineOf(corners);
      boxes[i] = outline.box;
      areas[i] = outline.area;
    }
  });

  const auto prepare = [&](std::int32_t i, Comparison& memory, SweepPolygon& polygon) {
    CornersOf(stars, order[static_cast<std::size_t>(i)], memory.corners);
    polygon.Assign(memory.corners);
  };
  const auto suppresses = [&](std::int32_t kept, std::int32_t candidate, int worker) {
    const std::size_t k = static_cast<std::size_t>(kept), c = static_cast<std::size_t>(candidate);
    const double smaller = std::min(static_cast<double>(areas[k]) + 1e-10, static_cast<double>(areas[c]) + 1e-10);
    const auto covers_too_much = [&](float common) {
      return static_cast<float>(static_cast<double>(common) / smaller) > nms_threshold_;
    };
    std::int64_t box_area = 1;
    for (std::size_t axis = 1; axis < 3; ++axis)
      box_area *=
          std::min(boxes[k].last[axis], boxes[c].last[axis]) - std::max(boxes[k].first[axis], boxes[c].first[axis]);
    if (!covers_too_much(static_cast<float>(box_area))) return false;
    Comparison& memory = workers[static_cast<std::size_t>(worker)];
    if (memory.candidate_id != candidate) prepare(candidate, memory, memory.candidate);
    memory.candidate_id = candidate;
    prepare(kept, memory, memory.kept);
    return covers_too_much(memory.sweep.IntersectionArea(memory.kept, memory.candidate));
  };
  DecideGreedily(boxes, fates, executor, suppresses);
}

void StarPolygons::VerticesOf(const Stars& stars, std::int32_t i, std::vector<Vertex>& vertices) const {
  const std::array<std::int32_t, 3>& centre = stars.centres[static_cast<std::size_t>(i)];
  const std::span<const float> distances = DistancesOf(stars, i);
  vertices.resize(n_rays_);
  for (std::size_t ray = 0; ray < n_rays_; ++ray) {
    const double distance = static_cast<double>(distances[ray]);
    const float y = static_cast<float>(distance * fine_sin_[ray]), x = static_cast<float>(distance * fine_cos_[ray]);
    vertices[ray] = {static_cast<float>(static_cast<double>(y) + centre[1]),
                     static_cast<float>(static_cast<double>(x) + centre[2])};
  }
}

void StarPolygons::Render(const Stars& stars, std::span<const std::int32_t> order,
                          const std::array<std::int64_t, 3>& origin, const View& labels_zyx) const {
  const Shape& shape = labels_zyx.shape();
  const Interval rows{origin[1], origin[1] + shape[1]}, columns{origin[2], origin[2] + shape[2]};
  std::vector<Vertex> vertices;
  for (const std::int32_t i : order) {
    VerticesOf(stars, i, vertices);
    const Reach reach = ReachOf(vertices);
    const Interval y_range = Intersect(rows, {reach.y.first, std::int64_t{reach.y.second} + 1}),
                   x_range = Intersect(columns, {reach.x.first, std::int64_t{reach.x.second} + 1});
    if (y_range.empty() || x_range.empty()) continue;
    RowCover cover(x_range);
    for (std::int64_t y = y_range.begin; y < y_range.end; ++y) {
      std::int32_t* const row = labels_zyx.as<std::int32_t>() + (y - origin[1]) * labels_zyx.strides()[1];
      cover.Cover(vertices, y);
      cover.ForEach([&](std::int64_t x) { row[(x - origin[2]) * labels_zyx.strides()[2]] = i + 1; });
    }
  }
}

}  // namespace

std::unique_ptr<const StarShapes> NewStarPolygons(const StarDistOptions& options) {
  return std::make_unique<StarPolygons>(options);
}

}  // namespace tegula::objects
