#include "tegula/objects/stardist/convex_cell.h"

#include <algorithm>
#include <cmath>

namespace tegula::objects {
namespace {

constexpr std::int32_t kGone = -1;

Point3 Minus(const Point3& a, const Point3& b) noexcept { return {a[0] - b[0], a[1] - b[1], a[2] - b[2]}; }

double Determinant(const Point3& a, const Point3& b, const Point3& c) noexcept {
  return a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) + a[2] * (b[0] * c[1] - b[1] * c[0]);
}

double Length(const Point3& p) noexcept { return std::sqrt(p[0] * p[0] + p[1] * p[1] + p[2] * p[2]); }

}  // namespace

void ConvexCell::Reset(const Point3& low, const Point3& high) {
  corners_.clear();
  faces_.clear();
  ends_.clear();
  for (std::size_t axis = 0; axis < 3; ++axis)
    if (!(low[axis] < high[axis])) return;
  for (const double z : {low[0], high[0]})
    for (const double y : {low[1], high[1]})
      for (const double x : {low[2], high[2]}) corners_.push_back({z, y, x});
  // Corner zyx has the number 4z + 2y + x.
  faces_ = {0, 2, 3, 1, 4, 5, 7, 6, 0, 1, 5, 4, 2, 6, 7, 3, 0, 4, 6, 2, 1, 3, 7, 5};
  ends_ = {4, 8, 12, 16, 20, 24};
}

void ConvexCell::Cut(const Plane& plane) {
  heights_.clear();
  double highest = -1, lowest = 1;
  for (const Point3& corner : corners_) {
    const double height = plane.HeightOf(corner);
    heights_.push_back(height);
    highest = std::max(highest, height);
    lowest = std::min(lowest, height);
  }
  if (highest <= 0) return;
  if (lowest > 0) {
    corners_.clear();
    faces_.clear();
    ends_.clear();
    return;
  }
  new_corners_.clear();
  new_faces_.clear();
  new_ends_.clear();
  splits_.clear();
  rim_.clear();
  renumbered_.assign(corners_.size(), kGone);
  std::int32_t begin = 0;
  for (const std::int32_t end : ends_) {
    CutFace(std::span(faces_).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)));
    begin = end;
  }
  AddCaps();
  corners_.swap(new_corners_);
  faces_.swap(new_faces_);
  ends_.swap(new_ends_);
}

std::int32_t ConvexCell::Keep(std::int32_t corner) {
  std::int32_t& number = renumbered_[static_cast<std::size_t>(corner)];
  if (number == kGone) {
    number = static_cast<std::int32_t>(new_corners_.size());
    new_corners_.push_back(corners_[static_cast<std::size_t>(corner)]);
  }
  return number;
}

// Both faces of an edge must get the same corner.
std::int32_t ConvexCell::CornerBetween(std::int32_t inside, std::int32_t outside) {
  for (const Split& split : splits_)
    if (split.inside == inside && split.outside == outside) return split.corner;
  const std::size_t i = static_cast<std::size_t>(inside), o = static_cast<std::size_t>(outside);
  const double t = heights_[i] / (heights_[i] - heights_[o]);
  Point3 corner;
  for (std::size_t axis = 0; axis < 3; ++axis)
    corner[axis] = corners_[i][axis] + t * (corners_[o][axis] - corners_[i][axis]);
  const std::int32_t number = static_cast<std::int32_t>(new_corners_.size());
  new_corners_.push_back(corner);
  splits_.push_back({inside, outside, number});
  return number;
}

// Every run of corners outside becomes one edge. Rounding can make more than one run of a face that is nearly a line.
void ConvexCell::CutFace(std::span<const std::int32_t> face) {
  const auto is_outside = [&](std::int32_t corner) { return heights_[static_cast<std::size_t>(corner)] > 0; };
  const std::size_t size_before = new_faces_.size();
  std::int32_t exit = kGone, first_entry = kGone;
  std::int32_t before = face.back();
  for (const std::int32_t corner : face) {
    if (is_outside(corner) && !is_outside(before)) new_faces_.push_back(exit = CornerBetween(before, corner));
    if (!is_outside(corner) && is_outside(before)) {
      const std::int32_t entry = CornerBetween(corner, before);
      new_faces_.push_back(entry);
      if (exit == kGone) {
        first_entry = entry;
      } else {
        rim_.emplace_back(entry, exit);
        exit = kGone;
      }
    }
    if (!is_outside(corner)) new_faces_.push_back(Keep(corner));
    before = corner;
  }
  if (first_entry != kGone) rim_.emplace_back(first_entry, exit);
  if (new_faces_.size() > size_before) new_ends_.push_back(static_cast<std::int32_t>(new_faces_.size()));
}

// The rim closes; rounding may leave more than one ring.
void ConvexCell::AddCaps() {
  while (!rim_.empty()) {
    const std::int32_t start = rim_.back().first;
    for (std::int32_t at = start;;) {
      const auto edge = std::find_if(rim_.begin(), rim_.end(), [&](const auto& e) { return e.first == at; });
      if (edge == rim_.end()) break;
      new_faces_.push_back(at);
      at = edge->second;
      *edge = rim_.back();
      rim_.pop_back();
    }
    new_ends_.push_back(static_cast<std::int32_t>(new_faces_.size()));
  }
}

double ConvexCell::Volume() const noexcept {
  if (empty()) return 0;
  const Point3& apex = corners_[0];
  const auto from_apex = [&](std::int32_t i) {
    return Minus(corners_[static_cast<std::size_t>(faces_[static_cast<std::size_t>(i)])], apex);
  };
  double sum = 0;
  std::int32_t begin = 0;
  for (const std::int32_t end : ends_) {
    const Point3 first = from_apex(begin);
    for (std::int32_t i = begin + 2; i < end; ++i) sum += Determinant(first, from_apex(i - 1), from_apex(i));
    begin = end;
  }
  return std::abs(sum) / 6;
}

std::optional<double> CommonVolume(std::span<const Plane> a, std::span<const Plane> b, const Point3& inside,
                                   const Point3& low, const Point3& high, ConvexCell& cell) {
  // Near planes first: most of the others then have nothing left to cut. Positions are relative to `inside`.
  std::vector<Plane> planes;
  planes.reserve(a.size() + b.size());
  for (const std::span<const Plane> of : {a, b})
    for (const Plane& plane : of) {
      const double height = plane.HeightOf(inside), length = Length(plane.normal);
      if (height > 0 || length == 0) return std::nullopt;
      planes.push_back(
          {{plane.normal[0] / length, plane.normal[1] / length, plane.normal[2] / length}, height / length});
    }
  std::sort(planes.begin(), planes.end(), [](const Plane& p, const Plane& q) { return p.offset > q.offset; });
  cell.Reset(Minus(low, inside), Minus(high, inside));
  for (const Plane& plane : planes) cell.Cut(plane);
  return cell.Volume();
}

std::vector<Plane> HullOf(std::span<const Point3> points, const Point3& centre, double inner_radius, ConvexCell& cell) {
  // Half-spaces u · (p - centre) <= 1 that hold all points form a convex body whose corners are the facets of the hull.
  const double reach = 2 / inner_radius;
  cell.Reset({-reach, -reach, -reach}, {reach, reach, reach});
  for (const Point3& point : points) cell.Cut({Minus(point, centre), -1});
  std::vector<Plane> planes;
  for (const Point3& u : cell.corners()) {
    const double length = Length(u);
    planes.push_back({{u[0] / length, u[1] / length, u[2] / length},
                      -(1 + u[0] * centre[0] + u[1] * centre[1] + u[2] * centre[2]) / length});
  }
  return planes;
}

}  // namespace tegula::objects
