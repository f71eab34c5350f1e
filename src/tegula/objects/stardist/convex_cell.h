// objects/stardist/convex_cell.h — convex bodies in space, cut out of a box by planes.
//
// StarDist bounds the common part of two polyhedra from below by that of their kernels and from above by that of their
// convex hulls. Both are intersections of half-spaces, and a convex hull is one too in the dual space of its vertices,
// so one operation serves all: cut a body with a plane. (The reference calls Qhull for each.)
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace tegula::objects {

using Point3 = std::array<double, 3>;  ///< z, y, x

/// The half-space normal · p + offset <= 0.
struct Plane {
  Point3 normal{};
  double offset = 0;

  double HeightOf(const Point3& p) const noexcept {
    return normal[0] * p[0] + normal[1] * p[1] + normal[2] * p[2] + offset;
  }
};

/// A convex body. Keeps its memory when it is made a box again. One thread at a time.
class ConvexCell {
 public:
  /// Makes it the box from `low` to `high`; empty if a side is not positive.
  void Reset(const Point3& low, const Point3& high);
  /// Takes away what lies outside of the half-space. Cost: the corners, and all edges if something goes.
  void Cut(const Plane& plane);

  bool empty() const noexcept { return corners_.empty(); }
  std::span<const Point3> corners() const noexcept { return corners_; }
  double Volume() const noexcept;

 private:
  std::int32_t Keep(std::int32_t corner);
  std::int32_t CornerBetween(std::int32_t inside, std::int32_t outside);
  void CutFace(std::span<const std::int32_t> face);
  void AddCaps();

  struct Split {
    std::int32_t inside, outside, corner;
  };
  std::vector<Point3> corners_, new_corners_;
  std::vector<std::int32_t> faces_, new_faces_;  // corners of each face in turn, counter-clockwise from outside
  std::vector<std::int32_t> ends_, new_ends_;    // by face: where its corners end in faces_
  std::vector<double> heights_;                  // by corner: above the plane
  std::vector<std::int32_t> renumbered_;         // by corner: its new number
  std::vector<Split> splits_;                    // edges that the plane crosses
  std::vector<std::pair<std::int32_t, std::int32_t>> rim_;  // edges of the cut
};

/// Volume of the common part of the half-spaces within the box, or nothing if `inside` is not in all of them; as the
/// reference, which has to be given a point inside. `cell` is memory.
std::optional<double> CommonVolume(std::span<const Plane> a, std::span<const Plane> b, const Point3& inside,
                                   const Point3& low, const Point3& high, ConvexCell& cell);

/// The half-spaces, with normals of length 1, of the convex hull of `points`, which contains a ball of radius
/// `inner_radius` > 0 around `centre`. Half-spaces may come twice. Cost: (number of points)².
std::vector<Plane> HullOf(std::span<const Point3> points, const Point3& centre, double inner_radius, ConvexCell& cell);

}  // namespace tegula::objects
