// objects/stardist/star_polyhedron.h — measures and voxels of one star-convex polyhedron.
//
// The decisions of StarDist's suppression in 3D rest on float32 arithmetic: bounds that hold only up to rounding,
// and a point-in-tetrahedron test by the signs of determinants. Everything here that says so computes the same numbers
// in the same order as stardist 0.9.2 (stardist3d_impl.cpp); the rest is free to be fast.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "tegula/objects/box_index.h"
#include "tegula/objects/stardist/convex_cell.h"
#include "tegula/objects/stardist/star_rays.h"

namespace tegula::objects {

using Float3 = std::array<float, 3>;  ///< z, y, x

/// Volume in voxels. As the reference.
float VolumeOf(std::span<const float> distances, const StarRays& rays) noexcept;

/// Distance of the furthest corner and of the nearest face plane from the centre, where axes are stretched by
/// `anisotropy`. As the reference.
float OuterRadius(std::span<const float> distances, const StarRays& rays, const Float3& anisotropy) noexcept;
float InnerRadius(std::span<const float> distances, const StarRays& rays, const Float3& anisotropy) noexcept;

/// Volume in voxels of the common part of two balls that are balls in stretched space. As the reference.
float CommonVolumeOfBalls(float radius_a, const Float3& a, float radius_b, const Float3& b,
                          const Float3& anisotropy) noexcept;

/// A polyhedron in its place. Keeps its memory when it is assigned again. One thread at a time.
class StarPolyhedron {
 public:
  /// `rays` must outlive it.
  void Assign(std::span<const float> distances, const std::array<std::int32_t, 3>& centre, const StarRays& rays);

  const Float3& centre() const noexcept { return centre_; }
  std::span<const Float3> corners() const noexcept { return corners_; }
  /// Rounded corners; as the reference, the far end is at least -1.
  const PixelBox& box() const noexcept { return box_; }
  /// Whether a face is so close to the centre that the test of `MarkInside` says nothing about distant voxels.
  bool is_degenerate() const noexcept { return is_degenerate_; }

  /// The half-spaces of the faces: their common part is the kernel, from which the whole surface is seen. As the
  /// reference, normals have any length.
  void AddKernel(std::vector<Plane>& planes) const;
  /// The half-spaces of the convex hull; none if it cannot be told.
  std::vector<Plane> Hull(ConvexCell& cell) const;

  /// Sets the voxels of `box` (its C order) that are in one of the tetrahedra between centre and faces to 1. The
  /// reference tests every tetrahedron for every voxel; here each tetrahedron only looks around itself.
  void MarkInside(const PixelBox& box, std::span<std::uint8_t> voxels) const noexcept;

 private:
  void MarkTetrahedron(const std::array<std::int32_t, 3>& face, const PixelBox& box,
                       std::span<std::uint8_t> voxels) const noexcept;
  const Float3& Corner(std::int32_t i) const noexcept { return corners_[static_cast<std::size_t>(i)]; }
  bool IsDegenerate(const std::array<std::int32_t, 3>& face) const noexcept;

  const StarRays* rays_ = nullptr;
  Float3 centre_{};
  std::vector<Float3> corners_;
  std::vector<float> distances_;
  PixelBox box_;
  bool is_degenerate_ = false;
};

/// Voxels of a box, both ends included.
constexpr std::array<std::int64_t, 3> SizesOf(const PixelBox& box) noexcept {
  std::array<std::int64_t, 3> sizes{};
  for (std::size_t axis = 0; axis < 3; ++axis)
    sizes[axis] = std::max<std::int64_t>(std::int64_t{box.last[axis]} - box.first[axis] + 1, 0);
  return sizes;
}

/// The common part of two boxes; without voxels if they do not meet.
constexpr PixelBox CommonBox(const PixelBox& a, const PixelBox& b) noexcept {
  PixelBox box;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    box.first[axis] = std::max(a.first[axis], b.first[axis]);
    box.last[axis] = std::min(a.last[axis], b.last[axis]);
  }
  return box;
}

}  // namespace tegula::objects
