#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <unordered_map>
#include <utility>

#include "tegula/objects/stardist/convex_cell.h"
#include "tegula/objects/stardist/star_polyhedron.h"
#include "tegula/objects/stardist/star_rays.h"
#include "tegula/objects/stardist/star_shapes.h"

namespace tegula::objects {
namespace {

// What suppression knows of every candidate.
struct Bounds {
  float volume = 0;
  float outer_radius = 0;  // both in space stretched by the anisotropy of all candidates
  float inner_radius = 0;
};

// A polyhedron, and what was found out about it on the way.
struct Body {
  StarPolyhedron polyhedron;
  std::vector<Plane> kernel, hull;
  std::vector<std::uint8_t> voxels;  // of its box
  bool has_hull = false, has_voxels = false;

  std::size_t bytes() const noexcept { return voxels.size() + (kernel.size() + hull.size() + 300) * sizeof(Plane); }
};

// Bodies that a worker may need again, up to so many bytes of them.
constexpr std::size_t kBodyBytes = 64 << 20;

// A worker's memory.
struct Comparison {
  std::unordered_map<std::int32_t, Body> kept;
  std::size_t kept_bytes = 0;
  Body candidate;
  std::int32_t candidate_id = -1;
  ConvexCell cell;
  std::vector<std::uint8_t> voxels;
};

// Decides whether one polyhedron covers too much of another by bounds of their common part, from the cheapest on: balls
// around them and boxes, balls inside, kernels, convex hulls; then by counting voxels (Weigert et al. 2020, section
// 3.2). Which one decides matters, since voxels are not quite volumes.
class Decision {
 public:
  Decision(const Stars& stars, const StarShapes& shapes, const StarRays& rays, std::span<const std::int32_t> order,
           const StarStretch& stretch, float threshold, const Executor& executor)
      : stars_(stars), shapes_(shapes), rays_(rays), order_(order), threshold_(threshold), anisotropy_(stretch) {
    workers_.resize(static_cast<std::size_t>(executor.workers()));
    boxes_.resize(order.size());
    bounds_.resize(order.size());
    ForEach(executor, [&](std::size_t i, Comparison& memory) {
      memory.candidate.polyhedron.Assign(DistancesOf(i), CentreOf(i), rays_);
      boxes_[i] = memory.candidate.polyhedron.box();
      bounds_[i].volume = VolumeOf(DistancesOf(i), rays_);
      bounds_[i].outer_radius = OuterRadius(DistancesOf(i), rays_, anisotropy_);
      bounds_[i].inner_radius = InnerRadius(DistancesOf(i), rays_, anisotropy_);
    });
  }

  std::span<const PixelBox> boxes() const noexcept { return boxes_; }

  bool Suppresses(std::int32_t kept, std::int32_t candidate, int worker) {
    const std::size_t k = static_cast<std::size_t>(kept), c = static_cast<std::size_t>(candidate);
    const double smaller = static_cast<double>(std::fmin(bounds_[k].volume, bounds_[c].volume)) + 1e-10;
    const auto covers_too_much = [&](float common) {
      return static_cast<float>(static_cast<double>(common) / smaller) > threshold_;
    };
    const Float3 at_k = PlaceOf(k), at_c = PlaceOf(c);
    const float most =
        std::fmin(CommonVolumeOfBalls(bounds_[k].outer_radius, at_k, bounds_[c].outer_radius, at_c, anisotropy_),
                  CommonVolumeOfBoxes(boxes_[k], boxes_[c]));
    const float most_ratio = static_cast<float>(std::fmin(1.0, static_cast<double>(most) / smaller));
    if (static_cast<double>(most) < 1e-10 || most_ratio <= threshold_) return false;
    if (covers_too_much(CommonVolumeOfBalls(bounds_[k].inner_radius, at_k, bounds_[c].inner_radius, at_c, anisotropy_)))
      return true;

    Comparison& memory = workers_[static_cast<std::size_t>(worker)];
    if (memory.candidate_id != candidate) Prepare(c, memory.candidate);
    memory.candidate_id = candidate;
    Body& a = KeptBody(k, memory);
    Body& b = memory.candidate;
    const Place place(a, b);
    const std::optional<double> least =
        CommonVolume(a.kernel, b.kernel, place.middle, place.low, place.high, memory.cell);
    if (covers_too_much(static_cast<float>(least.value_or(0)))) return true;
    for (Body* const body : {&a, &b})
      if (!std::exchange(body->has_hull, true)) body->hull = body->polyhedron.Hull(memory.cell);
    if (!a.hull.empty() && !b.hull.empty()) {
      const std::optional<double> hulls =
          CommonVolume(a.hull, b.hull, place.middle, place.low, place.high, memory.cell);
      if (hulls.has_value() && !covers_too_much(static_cast<float>(*hulls))) return false;
    }
    return CountedTooMuch(a, b, smaller, memory.voxels);
  }

 private:
  // The boxes' common part and the middle of the centres, which the reference takes for a point of the common part.
  struct Place {
    Place(const Body& a, const Body& b) {
      const auto reach = [](const Body& body, std::size_t axis) {
        double from = std::numeric_limits<double>::infinity(), to = -from;
        for (const Float3& corner : body.polyhedron.corners()) {
          from = std::min(from, static_cast<double>(corner[axis]));
          to = std::max(to, static_cast<double>(corner[axis]));
        }
        return std::pair(from, to);
      };
      for (std::size_t axis = 0; axis < 3; ++axis) {
        middle[axis] = 0.5 * static_cast<double>(a.polyhedron.centre()[axis] + b.polyhedron.centre()[axis]);
        const auto [a_from, a_to] = reach(a, axis);
        const auto [b_from, b_to] = reach(b, axis);
        low[axis] = std::max(a_from, b_from);
        high[axis] = std::min(a_to, b_to);
      }
    }
    Point3 middle{}, low{}, high{};
  };

  template <class Action>
  void ForEach(const Executor& executor, const Action& action) {
    constexpr std::int64_t kItem = 256;
    const std::int64_t size = static_cast<std::int64_t>(order_.size());
    executor.ForEach((size + kItem - 1) / kItem, [&](std::int64_t item, int worker) {
      for (std::int64_t i = item * kItem; i < std::min((item + 1) * kItem, size); ++i)
        action(static_cast<std::size_t>(i), workers_[static_cast<std::size_t>(worker)]);
    });
  }

  std::span<const float> DistancesOf(std::size_t i) const noexcept { return shapes_.DistancesOf(stars_, order_[i]); }
  const std::array<std::int32_t, 3>& CentreOf(std::size_t i) const noexcept {
    return stars_.centres[static_cast<std::size_t>(order_[i])];
  }
  Float3 PlaceOf(std::size_t i) const noexcept {
    const std::array<std::int32_t, 3>& centre = CentreOf(i);
    return {static_cast<float>(centre[0]), static_cast<float>(centre[1]), static_cast<float>(centre[2])};
  }

  static float CommonVolumeOfBoxes(const PixelBox& a, const PixelBox& b) noexcept {
    Float3 sizes{};
    for (std::size_t axis = 0; axis < 3; ++axis)
      sizes[axis] = std::max(
          0.F, static_cast<float>(std::min(a.last[axis], b.last[axis]) - std::max(a.first[axis], b.first[axis])));
    return sizes[2] * sizes[1] * sizes[0];
  }

  void Prepare(std::size_t i, Body& body) const {
    body.polyhedron.Assign(DistancesOf(i), CentreOf(i), rays_);
    body.kernel.clear();
    body.polyhedron.AddKernel(body.kernel);
    body.has_hull = body.has_voxels = false;
  }

  Body& KeptBody(std::size_t i, Comparison& memory) const {
    const auto found = memory.kept.find(static_cast<std::int32_t>(i));
    if (found != memory.kept.end()) return found->second;
    if (memory.kept_bytes > kBodyBytes) {
      memory.kept.clear();
      memory.kept_bytes = 0;
    }
    Body& body = memory.kept[static_cast<std::int32_t>(i)];
    Prepare(i, body);
    const std::array<std::int64_t, 3> sizes = SizesOf(body.polyhedron.box());
    memory.kept_bytes += body.bytes() + static_cast<std::size_t>(sizes[0] * sizes[1] * sizes[2]);
    return body;
  }

  bool CountedTooMuch(Body& kept, const Body& candidate, double smaller, std::vector<std::uint8_t>& voxels) const {
    const PixelBox& box = kept.polyhedron.box();
    const std::array<std::int64_t, 3> sizes = SizesOf(box);
    if (!std::exchange(kept.has_voxels, true)) {
      kept.voxels.resize(static_cast<std::size_t>(sizes[0] * sizes[1] * sizes[2]));
      kept.polyhedron.MarkInside(box, kept.voxels);
    }
    PixelBox around = candidate.polyhedron.box();
    for (std::size_t axis = 0; axis < 3; ++axis) --around.first[axis], ++around.last[axis];
    const PixelBox common = candidate.polyhedron.is_degenerate() ? box : CommonBox(box, around);
    const std::array<std::int64_t, 3> common_sizes = SizesOf(common);
    voxels.resize(static_cast<std::size_t>(common_sizes[0] * common_sizes[1] * common_sizes[2]));
    candidate.polyhedron.MarkInside(common, voxels);
    std::int64_t count = 0;
    std::size_t at = 0;
    for (std::int32_t z = common.first[0]; z <= common.last[0]; ++z)
      for (std::int32_t y = common.first[1]; y <= common.last[1]; ++y) {
        const std::int64_t row = ((z - box.first[0]) * sizes[1] + (y - box.first[1])) * sizes[2] - box.first[2];
        for (std::int32_t x = common.first[2]; x <= common.last[2]; ++x, ++at)
          count += kept.voxels[static_cast<std::size_t>(row + x)] & voxels[at];
      }
    return static_cast<float>(static_cast<double>(static_cast<float>(count)) / smaller) > threshold_;
  }

  const Stars& stars_;
  const StarShapes& shapes_;
  const StarRays& rays_;
  std::span<const std::int32_t> order_;
  float threshold_;
  Float3 anisotropy_;
  std::vector<Comparison> workers_;
  std::vector<PixelBox> boxes_;
  std::vector<Bounds> bounds_;
};

class StarPolyhedra final : public StarShapes {
 public:
  explicit StarPolyhedra(const StarDistOptions& options)
      : StarShapes(options.n_rays),
        rays_(GoldenSpiral(options.n_rays, options.anisotropy)),
        nms_threshold_(static_cast<float>(options.nms_threshold)),
        overlap_label_(options.overlap_label) {}

  PixelBox BoxOf(const Stars& stars, std::int32_t i) const override {
    StarPolyhedron polyhedron;
    polyhedron.Assign(DistancesOf(stars, i), stars.centres[static_cast<std::size_t>(i)], rays_);
    return polyhedron.box();
  }

  void Decide(const Stars& stars, std::span<const std::int32_t> order, const StarStretch& stretch,
              const Executor& executor, std::span<Fate> fates) const override {
    Decision decision(stars, *this, rays_, order, stretch, nms_threshold_, executor);
    DecideGreedily(decision.boxes(), fates, executor, [&](std::int32_t better, std::int32_t candidate, int worker) {
      return decision.Suppresses(better, candidate, worker);
    });
  }

  void Render(const Stars& stars, std::span<const std::int32_t> order, const std::array<std::int64_t, 3>& origin,
              const View& labels_zyx) const override;

 private:
  StarRays rays_;
  float nms_threshold_;
  std::optional<std::int32_t> overlap_label_;
};

// A voxel is inside if the kernel has it, or else if a tetrahedron and the convex hull have it. The hull says no only
// where tetrahedra are degenerate, and is not asked elsewhere. (The reference asks Qhull about voxels that are exactly
// corners, too, where the answer is rounding; here these are inside.)
void StarPolyhedra::Render(const Stars& stars, std::span<const std::int32_t> order,
                           const std::array<std::int64_t, 3>& origin, const View& labels_zyx) const {
  PixelBox part;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    part.first[axis] = static_cast<std::int32_t>(origin[axis]);
    part.last[axis] = static_cast<std::int32_t>(origin[axis] + labels_zyx.shape()[static_cast<int>(axis)] - 1);
  }
  constexpr double kRounding = 1e-9;  // voxels
  StarPolyhedron polyhedron;
  ConvexCell cell;
  std::vector<Plane> kernel, hull;
  std::vector<std::uint8_t> voxels;
  for (const std::int32_t i : order) {
    polyhedron.Assign(DistancesOf(stars, i), stars.centres[static_cast<std::size_t>(i)], rays_);
    const PixelBox box = CommonBox(part, polyhedron.box());
    const std::array<std::int64_t, 3> sizes = SizesOf(box);
    voxels.resize(static_cast<std::size_t>(sizes[0] * sizes[1] * sizes[2]));
    if (voxels.empty()) continue;
    polyhedron.MarkInside(box, voxels);
    kernel.clear();
    polyhedron.AddKernel(kernel);
    hull.clear();
    if (polyhedron.is_degenerate()) hull = polyhedron.Hull(cell);
    const auto is_within = [](const std::vector<Plane>& planes, const Point3& p, double slack) {
      return std::all_of(planes.begin(), planes.end(),
                         [&](const Plane& plane) { return !(plane.HeightOf(p) > slack); });
    };
    std::size_t at = 0;
    for (std::int32_t z = box.first[0]; z <= box.last[0]; ++z)
      for (std::int32_t y = box.first[1]; y <= box.last[1]; ++y) {
        std::int32_t* const row = labels_zyx.as<std::int32_t>() + (z - origin[0]) * labels_zyx.strides()[0] +
                                  (y - origin[1]) * labels_zyx.strides()[1];
        for (std::int32_t x = box.first[2]; x <= box.last[2]; ++x, ++at) {
          const Point3 p{static_cast<double>(z), static_cast<double>(y), static_cast<double>(x)};
          const bool inside = (voxels[at] != 0 && is_within(hull, p, kRounding)) || is_within(kernel, p, 0);
          if (!inside) continue;
          std::int32_t& label = row[(x - origin[2]) * labels_zyx.strides()[2]];
          label = label == 0 ? i + 1 : overlap_label_.value_or(label);
        }
      }
  }
}

}  // namespace

std::unique_ptr<const StarShapes> NewStarPolyhedra(const StarDistOptions& options) {
  return std::make_unique<StarPolyhedra>(options);
}

}  // namespace tegula::objects
