#include "tegula/objects/stardist/star_polyhedron.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace tegula::objects {
namespace {

Float3 Minus(const Float3& a, const Float3& b) noexcept { return {a[0] - b[0], a[1] - b[1], a[2] - b[2]}; }

Float3 Scaled(float distance, const Float3& direction) noexcept {
  return {distance * direction[0], distance * direction[1], distance * direction[2]};
}

Float3 Stretched(const Float3& anisotropy, float distance, const Float3& direction) noexcept {
  return {anisotropy[0] * distance * direction[0], anisotropy[1] * distance * direction[1],
          anisotropy[2] * distance * direction[2]};
}

// (a - b) x (c - b) pointing outward for a face in the order b, a, c.
Float3 OutwardNormal(const Float3& b, const Float3& a, const Float3& c) noexcept {
  const Float3 p = Minus(a, b), q = Minus(c, b);
  return {p[2] * q[1] - p[1] * q[2], p[0] * q[2] - p[2] * q[0], p[1] * q[0] - p[0] * q[1]};
}

// Voxels on the inner side of the plane through a, b, c, row by row; the sign of a 3 x 3 determinant, whose parts that
// a row has in common are computed once.
class HalfSpaceTest {
 public:
  HalfSpaceTest(const Float3& a, const Float3& b, const Float3& c) noexcept
      : a_(a), m0_(Minus(b, a)), m1_(Minus(c, a)) {}
  void SetRow(float z, float y) noexcept {
    const float m20 = z - a_[0], m21 = y - a_[1];
    p_ = m21 * m1_[2];
    q_ = m1_[2] * m20;
    r_ = m0_[2] * (m1_[0] * m21 - m1_[1] * m20);
  }
  bool Holds(float x) const noexcept {
    const float m22 = x - a_[2];
    return m0_[0] * (m1_[1] * m22 - p_) - m0_[1] * (m1_[0] * m22 - q_) + r_ >= 0;
  }

 private:
  Float3 a_, m0_, m1_;
  float p_ = 0, q_ = 0, r_ = 0;
};

}  // namespace

float VolumeOf(std::span<const float> distances, const StarRays& rays) noexcept {
  float volume = 0;
  const auto corner = [&](std::int32_t i) {
    return Scaled(distances[static_cast<std::size_t>(i)], rays.directions[static_cast<std::size_t>(i)]);
  };
  for (const std::array<std::int32_t, 3>& face : rays.faces) {
    const Float3 a = corner(face[0]);
    const Float3 m0 = Minus(corner(face[1]), a), m1 = Minus(corner(face[2]), a), m2 = Minus({0, 0, 0}, a);
    const float determinant = m0[0] * (m1[1] * m2[2] - m2[1] * m1[2]) - m0[1] * (m1[0] * m2[2] - m1[2] * m2[0]) +
                              m0[2] * (m1[0] * m2[1] - m1[1] * m2[0]);
    volume += determinant / 6.F;
  }
  return volume;
}

float OuterRadius(std::span<const float> distances, const StarRays& rays, const Float3& anisotropy) noexcept {
  float largest = 0;
  for (std::size_t i = 0; i < distances.size(); ++i) {
    const Float3 p = Stretched(anisotropy, distances[i], rays.directions[i]);
    largest = std::fmax(p[0] * p[0] + p[1] * p[1] + p[2] * p[2], largest);
  }
  return std::sqrt(largest);
}

float InnerRadius(std::span<const float> distances, const StarRays& rays, const Float3& anisotropy) noexcept {
  float smallest = std::numeric_limits<float>::infinity();
  const auto corner = [&](std::int32_t i) {
    return Stretched(anisotropy, distances[static_cast<std::size_t>(i)], rays.directions[static_cast<std::size_t>(i)]);
  };
  for (const std::array<std::int32_t, 3>& face : rays.faces) {
    const Float3 a = corner(face[0]);
    Float3 n = OutwardNormal(a, corner(face[1]), corner(face[2]));
    const float length = std::sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
    n = Scaled(static_cast<float>(1.0 / (static_cast<double>(length) + 1e-10)), n);
    smallest = std::fmin(smallest, a[0] * n[0] + a[1] * n[1] + a[2] * n[2]);
  }
  return smallest;
}

float CommonVolumeOfBalls(float radius_a, const Float3& a, float radius_b, const Float3& b,
                          const Float3& anisotropy) noexcept {
  constexpr double kPi = std::numbers::pi;
  const float dz = anisotropy[0] * (a[0] - b[0]), dy = anisotropy[1] * (a[1] - b[1]),
              dx = anisotropy[2] * (a[2] - b[2]);
  const float distance = std::sqrt(dz * dz + dy * dy + dx * dx);
  const float small = std::fmin(radius_a, radius_b), large = std::fmax(radius_a, radius_b);
  if (distance > radius_a + radius_b) return 0;
  const auto wide = [](float value) { return static_cast<double>(value); };
  // The reference forgets to undo the stretching here.
  if (wide(large) >= wide(distance + small) - 1e-10)
    return static_cast<float>(kPi * 4 / 3 * wide(small) * wide(small) * wide(small));
  const float t = (radius_a + radius_b - distance) / 2 / distance;
  const float cap_a = (radius_b - radius_a + distance) * t, cap_b = (radius_a - radius_b + distance) * t;
  const auto cap_volume = [&](float radius, float height) {
    return static_cast<float>(kPi / 3 * wide(height) * wide(height) * wide(3 * radius - height));
  };
  return (cap_volume(radius_a, cap_a) + cap_volume(radius_b, cap_b)) / (anisotropy[0] * anisotropy[1] * anisotropy[2]);
}

void StarPolyhedron::Assign(std::span<const float> distances, const std::array<std::int32_t, 3>& centre,
                            const StarRays& rays) {
  rays_ = &rays;
  distances_.assign(distances.begin(), distances.end());
  corners_.clear();
  for (std::size_t axis = 0; axis < 3; ++axis) {
    centre_[axis] = static_cast<float>(centre[axis]);
    box_.first[axis] = std::numeric_limits<std::int32_t>::max();
    box_.last[axis] = -1;
  }
  for (std::size_t i = 0; i < distances.size(); ++i) {
    const Float3 offset = Scaled(distances[i], rays.directions[i]);
    corners_.push_back({centre_[0] + offset[0], centre_[1] + offset[1], centre_[2] + offset[2]});
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const std::int32_t rounded = static_cast<std::int32_t>(std::lrint(corners_.back()[axis]));
      box_.first[axis] = std::min(box_.first[axis], rounded);
      box_.last[axis] = std::max(box_.last[axis], rounded);
    }
  }
  is_degenerate_ =
      std::any_of(rays.faces.begin(), rays.faces.end(), [&](const auto& face) { return IsDegenerate(face); });
}

void StarPolyhedron::AddKernel(std::vector<Plane>& planes) const {
  for (const std::array<std::int32_t, 3>& face : rays_->faces) {
    const Float3& a = Corner(face[0]);
    const Float3 n = OutwardNormal(a, Corner(face[1]), Corner(face[2]));
    const float offset = -(a[0] * n[0] + a[1] * n[1] + a[2] * n[2]);
    planes.push_back({{static_cast<double>(n[0]), static_cast<double>(n[1]), static_cast<double>(n[2])},
                      static_cast<double>(offset)});
  }
}

std::vector<Plane> StarPolyhedron::Hull(ConvexCell& cell) const {
  const float inner_radius = InnerRadius(distances_, *rays_, {1, 1, 1});
  if (!(inner_radius > 1e-6F)) return {};
  std::vector<Point3> points;
  const auto wide = [](const Float3& p) {
    return Point3{static_cast<double>(p[0]), static_cast<double>(p[1]), static_cast<double>(p[2])};
  };
  for (const Float3& corner : corners_) points.push_back(wide(corner));
  return HullOf(points, wide(centre_), static_cast<double>(inner_radius), cell);
}

// Rounding of corners to float32 turns short edges into any direction, or makes them vanish.
bool StarPolyhedron::IsDegenerate(const std::array<std::int32_t, 3>& face) const noexcept {
  return std::any_of(face.begin(), face.end(), [&](std::int32_t i) {
    const float reach = std::max({std::fabs(centre_[0]), std::fabs(centre_[1]), std::fabs(centre_[2])});
    return !(distances_[static_cast<std::size_t>(i)] > std::max(0.05F, 1e-5F * reach));
  });
}

void StarPolyhedron::MarkInside(const PixelBox& box, std::span<std::uint8_t> voxels) const noexcept {
  std::fill(voxels.begin(), voxels.end(), 0);
  for (const std::array<std::int32_t, 3>& face : rays_->faces) MarkTetrahedron(face, box, voxels);
}

void StarPolyhedron::MarkTetrahedron(const std::array<std::int32_t, 3>& face, const PixelBox& box,
                                     std::span<std::uint8_t> voxels) const noexcept {
  const Float3 &a = Corner(face[0]), &b = Corner(face[1]), &c = Corner(face[2]);
  PixelBox around = box;
  if (!IsDegenerate(face)) {
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const float low = std::min({centre_[axis], a[axis], b[axis], c[axis]});
      const float high = std::max({centre_[axis], a[axis], b[axis], c[axis]});
      around.first[axis] = std::max(box.first[axis], static_cast<std::int32_t>(std::floor(low)) - 1);
      around.last[axis] = std::min(box.last[axis], static_cast<std::int32_t>(std::ceil(high)) + 1);
    }
  }
  HalfSpaceTest outer(a, b, c), side_ab(centre_, b, a), side_bc(centre_, c, b), side_ca(centre_, a, c);
  const std::array<std::int64_t, 3> sizes = SizesOf(box);
  for (std::int32_t z = around.first[0]; z <= around.last[0]; ++z)
    for (std::int32_t y = around.first[1]; y <= around.last[1]; ++y) {
      for (HalfSpaceTest* const test : {&outer, &side_ab, &side_bc, &side_ca})
        test->SetRow(static_cast<float>(z), static_cast<float>(y));
      std::uint8_t* const row = voxels.data() + ((z - box.first[0]) * sizes[1] + (y - box.first[1])) * sizes[2];
      for (std::int32_t x = around.first[2]; x <= around.last[2]; ++x) {
        const float at = static_cast<float>(x);
        const bool inside = static_cast<int>(outer.Holds(at)) & static_cast<int>(side_ab.Holds(at)) &
                            static_cast<int>(side_bc.Holds(at)) & static_cast<int>(side_ca.Holds(at));
        row[x - box.first[2]] |= static_cast<std::uint8_t>(inside);
      }
    }
}

}  // namespace tegula::objects
