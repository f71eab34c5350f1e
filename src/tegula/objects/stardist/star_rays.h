// objects/stardist/star_rays.h — the directions along which a StarDist network measures distances in 3D, and the
// triangles between them.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace tegula::objects {

/// Immutable and thread-safe.
struct StarRays {
  std::vector<std::array<float, 3>> directions;    ///< z, y, x; of length 1 in pixels of the image
  std::vector<std::array<std::int32_t, 3>> faces;  ///< rays that span a triangle, clockwise from outside
};

/// `n` >= 4 rays on a golden spiral around z, evenly spread where a pixel has the sizes `anisotropy` (z, y, x), and the
/// faces of their convex hull (stardist 0.9.2, Rays_GoldenSpiral). Cost: n².
StarRays GoldenSpiral(std::int64_t n, const std::vector<double>& anisotropy);

}  // namespace tegula::objects
