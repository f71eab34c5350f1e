#include "tegula/objects/stardist/star_rays.h"

#include <cmath>
#include <numbers>
#include <set>
#include <utility>

#include "tegula/objects/stardist/convex_cell.h"

namespace tegula::objects {
namespace {

// Six times the volume of the tetrahedron a, b, c, d; positive if a, b, c turn clockwise as seen from d.
double Orientation(const Point3& a, const Point3& b, const Point3& c, const Point3& d) noexcept {
  Point3 u, v, w;
  for (std::size_t i = 0; i < 3; ++i) u[i] = b[i] - a[i], v[i] = c[i] - a[i], w[i] = d[i] - a[i];
  return u[0] * (v[1] * w[2] - v[2] * w[1]) - u[1] * (v[0] * w[2] - v[2] * w[0]) + u[2] * (v[0] * w[1] - v[1] * w[0]);
}

// The convex hull by wrapping: across each edge of a face found lies the point that all others are behind. No four
// points of the spiral lie in one plane.
class Wrapping {
 public:
  explicit Wrapping(const std::vector<Point3>& points) : points_(points) {}

  std::vector<std::array<std::int32_t, 3>> Faces() {
    const std::int32_t second = FlattestFrom(0);
    open_ = {{0, second}, {second, 0}};
    while (!open_.empty()) {
      const auto [a, b] = *open_.begin();
      AddFace(a, b, AcrossEdge(a, b));
    }
    return std::move(faces_);
  }

 private:
  const Point3& At(std::int32_t i) const noexcept { return points_[static_cast<std::size_t>(i)]; }
  std::int32_t size() const noexcept { return static_cast<std::int32_t>(points_.size()); }

  // The point that rises least above the lowest one, point `from`.
  std::int32_t FlattestFrom(std::int32_t from) const noexcept {
    std::int32_t best = -1;
    double least = 0;
    for (std::int32_t i = 0; i < size(); ++i) {
      if (i == from) continue;
      const double rise = At(i)[0] - At(from)[0];
      const double run = std::hypot(At(i)[1] - At(from)[1], At(i)[2] - At(from)[2]);
      const double angle = std::atan2(rise, run);
      if (best < 0 || angle < least) best = i, least = angle;
    }
    return best;
  }
  std::int32_t AcrossEdge(std::int32_t a, std::int32_t b) const noexcept {
    std::int32_t best = -1;
    for (std::int32_t i = 0; i < size(); ++i)
      if (i != a && i != b && (best < 0 || Orientation(At(a), At(b), At(best), At(i)) < 0)) best = i;
    return best;
  }
  void AddFace(std::int32_t a, std::int32_t b, std::int32_t c) {
    faces_.push_back({a, b, c});
    const std::array<std::pair<std::int32_t, std::int32_t>, 3> edges{{{a, b}, {b, c}, {c, a}}};
    for (const auto& [from, to] : edges) {
      closed_.insert({from, to});
      open_.erase({from, to});
      if (!closed_.contains({to, from})) open_.insert({to, from});
    }
  }

  const std::vector<Point3>& points_;
  std::set<std::pair<std::int32_t, std::int32_t>> open_, closed_;  // edges that lack a face, that have one
  std::vector<std::array<std::int32_t, 3>> faces_;
};

}  // namespace

StarRays GoldenSpiral(std::int64_t n, const std::vector<double>& anisotropy) {
  const double golden_angle = (3 - std::sqrt(5.0)) * std::numbers::pi;
  const double step = 2 / static_cast<double>(n - 1);
  StarRays rays;
  std::vector<Point3> points;
  for (std::int64_t i = 0; i < n; ++i) {
    const double z = i == n - 1 ? 1 : static_cast<double>(i) * step - 1;
    const double angle = golden_angle * static_cast<double>(i), radius = std::sqrt(1 - z * z);
    const Point3 p{z / anisotropy[0], radius * std::sin(angle) / anisotropy[1],
                   radius * std::cos(angle) / anisotropy[2]};
    const double length = std::sqrt(p[0] * p[0] + p[1] * p[1] + p[2] * p[2]);
    points.push_back(p);
    rays.directions.push_back(
        {static_cast<float>(p[0] / length), static_cast<float>(p[1] / length), static_cast<float>(p[2] / length)});
  }
  rays.faces = Wrapping(points).Faces();
  return rays;
}

}  // namespace tegula::objects
