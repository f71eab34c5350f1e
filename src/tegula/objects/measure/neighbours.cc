#include "tegula/objects/measure/neighbours.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace tegula::objects {
namespace {

constexpr double kPointsPerCell = 2;
constexpr std::int64_t kCellsMax = std::int64_t{1} << 26;
constexpr std::int64_t kBatch = 1024;

// Points sorted into the cells of a grid.
class CellGrid {
 public:
  explicit CellGrid(std::span<const Point> points) : points_(points) {
    Point low = points.front(), high = low;
    for (const Point& p : points) {
      low = {std::min(low.y, p.y), std::min(low.x, p.x)};
      high = {std::max(high.y, p.y), std::max(high.x, p.x)};
    }
    low_ = low;
    const double height = high.y - low.y, width = high.x - low.x;
    const double cells = std::max(1.0, static_cast<double>(points.size()) / kPointsPerCell);
    // Square cells; of points on a line, pieces of it.
    edge_ = std::max(
        {std::sqrt(height * width / cells), std::max(height, width) / cells, std::numeric_limits<double>::min()});
    const auto along = [&](double size) { return static_cast<std::int64_t>(std::min(size / edge_, 1e9)) + 1; };
    rows_ = along(height), columns_ = along(width);
    while (rows_ * columns_ > kCellsMax) edge_ *= 2, rows_ = along(height), columns_ = along(width);
    begins_.assign(static_cast<std::size_t>(rows_ * columns_ + 1), 0);
    for (const Point& p : points) ++begins_[CellOf(p) + 1];
    for (std::size_t i = 1; i < begins_.size(); ++i) begins_[i] += begins_[i - 1];
    order_.resize(points.size());
    std::vector<std::uint32_t> next(begins_.begin(), begins_.end() - 1);
    for (std::size_t i = 0; i < points.size(); ++i) order_[next[CellOf(points[i])]++] = static_cast<std::uint32_t>(i);
  }

  double edge() const noexcept { return edge_; }
  std::int64_t farthest() const noexcept { return std::max(rows_, columns_); }

  // Calls f(other) for all points in the cells whose distance to the point's own, in cells, is from `from` to `to`.
  template <class F>
  void ForEachAround(const Point& p, std::int64_t from, std::int64_t to, F&& f) const {
    const std::int64_t row = RowOf(p), column = ColumnOf(p);
    for (std::int64_t y = std::max<std::int64_t>(0, row - to); y <= std::min(rows_ - 1, row + to); ++y) {
      const bool is_inner = std::abs(y - row) < from;
      for (std::int64_t x = std::max<std::int64_t>(0, column - to); x <= std::min(columns_ - 1, column + to); ++x) {
        if (is_inner && std::abs(x - column) < from) {
          x = column + from - 1;  // to the other side of the ring
          continue;
        }
        const auto cell = static_cast<std::size_t>(y * columns_ + x);
        for (std::uint32_t i = begins_[cell]; i < begins_[cell + 1]; ++i) f(order_[i]);
      }
    }
  }

 private:
  std::int64_t RowOf(const Point& p) const noexcept {
    return std::min(rows_ - 1, static_cast<std::int64_t>((p.y - low_.y) / edge_));
  }
  std::int64_t ColumnOf(const Point& p) const noexcept {
    return std::min(columns_ - 1, static_cast<std::int64_t>((p.x - low_.x) / edge_));
  }
  std::size_t CellOf(const Point& p) const noexcept {
    return static_cast<std::size_t>(RowOf(p) * columns_ + ColumnOf(p));
  }

  std::span<const Point> points_;
  Point low_;
  double edge_ = 1;
  std::int64_t rows_ = 1, columns_ = 1;
  std::vector<std::uint32_t> begins_, order_;
};

double Squared(const Point& a, const Point& b) noexcept {
  return (a.y - b.y) * (a.y - b.y) + (a.x - b.x) * (a.x - b.x);
}

NeighbourFacts FactsOf(std::span<const Point> points, std::size_t own, double radius, const CellGrid& grid) {
  const Point& p = points[own];
  NeighbourFacts facts;
  double nearest = std::numeric_limits<double>::infinity();
  const auto near = [&](std::uint32_t other) {
    if (other != own) nearest = std::min(nearest, Squared(p, points[other]));
  };
  // What lies in cells at least k away is at least k - 1 edges away.
  for (std::int64_t k = 0; k <= grid.farthest(); ++k) {
    const double least = static_cast<double>(k - 1) * grid.edge();
    if (k > 0 && least * least > nearest) break;
    grid.ForEachAround(p, k, k, near);
  }
  facts.nearest = points.size() > 1 ? std::sqrt(nearest) : std::nan("");
  const auto reach = static_cast<std::int64_t>(std::min(radius / grid.edge(), 1e9)) + 1;
  grid.ForEachAround(p, 0, reach, [&](std::uint32_t other) {
    if (other != own && Squared(p, points[other]) <= radius * radius) ++facts.within;
  });
  return facts;
}

}  // namespace

Result<std::vector<NeighbourFacts>> NeighboursOf(std::span<const Point> centroids, double radius,
                                                 const Executor& executor, std::stop_token stop) {
  std::vector<NeighbourFacts> facts(centroids.size());
  if (centroids.empty()) return facts;
  const CellGrid grid(centroids);
  const auto count = static_cast<std::int64_t>(centroids.size());
  const auto batch = [&](std::int64_t number, int) -> Status {
    for (std::int64_t i = number * kBatch; i < std::min(count, (number + 1) * kBatch); ++i)
      facts[static_cast<std::size_t>(i)] = FactsOf(centroids, static_cast<std::size_t>(i), radius, grid);
    return Ok();
  };
  TEGULA_TRY(ForEach(executor, (count + kBatch - 1) / kBatch, stop, batch));
  return facts;
}

}  // namespace tegula::objects
