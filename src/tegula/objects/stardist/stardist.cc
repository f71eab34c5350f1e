#include "tegula/objects/stardist/stardist.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string_view>

#include "tegula/core/interval.h"
#include "tegula/objects/stardist/star_shapes.h"

namespace tegula::objects {
namespace {

constexpr std::array<std::string_view, 3> kAxisNames = {"z", "y", "x"};

std::string_view AxisName(std::size_t axis, std::size_t axes) { return kAxisNames[axis + 3 - axes]; }

Status CheckOptions(const StarDistOptions& options, const Limits& limits) {
  const std::size_t axes = options.grid.size();
  if (axes != 2 && axes != 3)
    return InvalidError(fmt::format("StarDist works in 2 or 3 dimensions, but grid has {} numbers", axes));
  if (options.border.size() != axes)
    return InvalidError(fmt::format("b has {} pairs for {} axes", options.border.size(), axes));
  const std::int64_t least_rays = axes == 2 ? 3 : 4;
  if (options.n_rays < least_rays || options.n_rays >= limits.channels)
    return InvalidError(
        fmt::format("n_rays must be between {} and {}, not {}", least_rays, limits.channels - 1, options.n_rays));
  for (const std::int64_t pixels : options.grid)
    if (pixels < 1 || pixels > StarDist::kLargestCoordinate)
      return InvalidError(fmt::format("grid must be made of positive numbers of pixels, not {}", pixels));
  if (!std::isfinite(options.prob_threshold))
    return InvalidError(fmt::format("prob_threshold must be a number, not {}", options.prob_threshold));
  if (!(options.nms_threshold >= 0) || !std::isfinite(options.nms_threshold))
    return InvalidError(fmt::format("nms_threshold must not be negative, and is {}", options.nms_threshold));
  if (axes == 2) return Ok();
  if (options.anisotropy.size() != axes)
    return InvalidError(fmt::format("anisotropy has {} numbers for {} axes", options.anisotropy.size(), axes));
  for (const double size : options.anisotropy)
    if (!(size >= 1e-6 && size <= 1e6))
      return InvalidError(fmt::format("anisotropy must be made of sizes between 1e-6 and 1e6, not {}", size));
  if (options.overlap_label.value_or(0) < 0)
    return InvalidError(fmt::format("overlap_label must not be negative, since labels are renumbered; it is {}",
                                    *options.overlap_label));
  return Ok();
}

// Output pixels of one part along one axis that may be centres.
Interval Inner(const std::array<std::int64_t, 2>& border, std::int64_t origin, std::int64_t size,
               std::int64_t whole) noexcept {
  const std::int64_t low = std::clamp<std::int64_t>(border[0], 0, whole);
  const std::int64_t high = std::clamp<std::int64_t>(border[1], 0, whole);
  return Intersect(Interval{low, std::max(low, whole - high)}, Interval{origin, origin + size}).Shifted(-origin);
}

// A view with a z axis of one pixel in 2D.
template <class Byte>
BasicView<Byte> WithZ(const BasicView<Byte>& view, int axes) {
  if (axes == 3) return view;
  std::vector<std::int64_t> sizes{1}, steps{0};
  for (int axis = 0; axis < view.shape().rank(); ++axis) {
    sizes.push_back(view.shape()[axis]);
    steps.push_back(view.strides()[axis]);
  }
  return {view.data(), view.dtype(), Shape(std::span<const std::int64_t>(sizes)),
          Shape(std::span<const std::int64_t>(steps))};
}

// Positions of the stars, the best first.
std::vector<std::int32_t> Ranked(const Stars& stars, std::size_t n_rays) {
  std::vector<float> shortest;
  for (auto ray = stars.distances.begin(); ray != stars.distances.end(); ray += static_cast<std::ptrdiff_t>(n_rays))
    shortest.push_back(*std::min_element(ray, ray + static_cast<std::ptrdiff_t>(n_rays)));
  std::vector<std::int32_t> order(stars.centres.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
    const std::size_t i = static_cast<std::size_t>(a), j = static_cast<std::size_t>(b);
    if (stars.scores[i] != stars.scores[j]) return stars.scores[i] > stars.scores[j];
    if (shortest[i] != shortest[j]) return shortest[i] > shortest[j];
    return stars.centres[i] > stars.centres[j];
  });
  return order;
}

}  // namespace

Result<StarDist> StarDist::Create(StarDistOptions options, const Limits& limits) {
  TEGULA_TRY(CheckOptions(options, limits));
  std::shared_ptr<const StarShapes> shapes =
      options.grid.size() == 2 ? NewStarPolygons(options) : NewStarPolyhedra(options);
  return StarDist(std::move(options), std::move(shapes));
}

Status StarDist::CheckPart(const ConstView& output_yxc, const StarDistPart& part) const {
  const std::size_t axes = options_.grid.size();
  const Shape& shape = output_yxc.shape();
  if (output_yxc.dtype() != DType::kF32)
    return InvalidError(
        fmt::format("StarDist wants its network's output as float32, not {}", DTypeName(output_yxc.dtype())));
  if (shape.rank() != static_cast<int>(axes) + 1 || shape[static_cast<int>(axes)] != 1 + options_.n_rays)
    return InvalidError(fmt::format("an output of {} is not {} axes of pixels and 1 + {} channels", ToString(shape),
                                    axes, options_.n_rays));
  if (part.origin.size() != axes || part.whole.size() != axes)
    return InvalidError(
        fmt::format("the part's place has {} and {} numbers for {} axes", part.origin.size(), part.whole.size(), axes));
  for (std::size_t axis = 0; axis < axes; ++axis) {
    const std::int64_t size = shape[static_cast<int>(axis)], origin = part.origin[axis], whole = part.whole[axis];
    if (whole < 0 || whole > kLargestCoordinate / options_.grid[axis])
      return ExhaustedError(fmt::format("StarDist can work on {} pixels along an axis, not on {} x {} along {}",
                                        kLargestCoordinate, whole, options_.grid[axis], AxisName(axis, axes)));
    if (origin < 0 || size > whole || origin > whole - size)
      return InvalidError(
          fmt::format("{} pixels from {} along {} do not lie within {}", size, origin, AxisName(axis, axes), whole));
  }
  return Ok();
}

Status StarDist::AddCandidates(const ConstView& output_yxc, const StarDistPart& part, Stars& stars) const {
  TEGULA_TRY(CheckPart(output_yxc, part));
  const ConstView output = WithZ(output_yxc, axes());
  std::array<Interval, 3> inner{Interval{0, 1}, {}, {}};
  std::array<std::int64_t, 3> origin{0, 0, 0}, grid{1, 1, 1};
  for (std::size_t axis = 0; axis < options_.grid.size(); ++axis) {
    const std::size_t to = axis + 3 - options_.grid.size();
    origin[to] = part.origin[axis];
    grid[to] = options_.grid[axis];
    inner[to] = Inner(options_.border[axis], origin[to], output.shape()[static_cast<int>(to)], part.whole[axis]);
  }
  const float threshold = static_cast<float>(options_.prob_threshold);
  const float longest = static_cast<float>(axes() == 2 ? kLargestCoordinate : kLongestRay3d);
  const Shape& strides = output.strides();
  for (std::int64_t z = inner[0].begin; z < inner[0].end; ++z)
    for (std::int64_t y = inner[1].begin; y < inner[1].end; ++y) {
      const float* const row = output.as<float>() + z * strides[0] + y * strides[1];
      for (std::int64_t x = inner[2].begin; x < inner[2].end; ++x) {
        const float* const channels = row + x * strides[2];
        if (!(channels[0] > threshold)) continue;
        for (std::int64_t ray = 1; ray <= options_.n_rays; ++ray) {
          const float distance = channels[ray * strides[3]];
          if (!(std::fabs(distance) <= longest))
            return InvalidError(fmt::format(
                "the network gives ray {} of the output pixel z={} y={} x={} the length {}, which is not one of at "
                "most {} pixels",
                ray - 1, origin[0] + z, origin[1] + y, origin[2] + x, distance, longest));
          stars.distances.push_back(distance);
        }
        stars.scores.push_back(channels[0]);
        stars.centres.push_back({static_cast<std::int32_t>((origin[0] + z) * grid[0]),
                                 static_cast<std::int32_t>((origin[1] + y) * grid[1]),
                                 static_cast<std::int32_t>((origin[2] + x) * grid[2])});
      }
    }
  return Ok();
}

Status StarDist::CheckStars(const Stars& stars) const {
  const std::size_t size = stars.centres.size(), n_rays = static_cast<std::size_t>(options_.n_rays);
  if (stars.scores.size() != size || stars.distances.size() != size * n_rays)
    return InvalidError(fmt::format("{} centres, {} scores and {} distances are not those of stars with {} rays", size,
                                    stars.scores.size(), stars.distances.size(), n_rays));
  if (size > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
    return ExhaustedError(fmt::format("StarDist cannot number {} objects", size));
  return Ok();
}

Result<Stars> StarDist::Suppress(const Stars& candidates, const Executor& executor) const {
  TEGULA_TRY(CheckStars(candidates));
  Stars kept;
  const std::vector<std::int32_t> order = Ranked(candidates, static_cast<std::size_t>(options_.n_rays));
  for (const std::int32_t i : shapes_->Suppress(candidates, order, executor)) {
    const std::span<const float> distances = shapes_->DistancesOf(candidates, i);
    const std::array<std::int32_t, 3>& centre = candidates.centres[static_cast<std::size_t>(i)];
    if (axes() == 3 && !std::all_of(distances.begin(), distances.end(), [](float d) { return d > 0; }))
      return InvalidError(
          fmt::format("the object at z={} y={} x={} has a ray of length {}: a polyhedron needs positive ones",
                      centre[0], centre[1], centre[2], *std::min_element(distances.begin(), distances.end())));
    kept.centres.push_back(centre);
    kept.scores.push_back(candidates.scores[static_cast<std::size_t>(i)]);
    kept.distances.insert(kept.distances.end(), distances.begin(), distances.end());
  }
  return kept;
}

Status StarDist::Render(const Stars& kept, const std::vector<std::int64_t>& origin, const View& labels_yx) const {
  TEGULA_TRY(CheckStars(kept));
  const Shape& shape = labels_yx.shape();
  if (labels_yx.dtype() != DType::kI32 || shape.rank() != axes() || origin.size() != options_.grid.size())
    return InvalidError(fmt::format("StarDist paints int32 labels of {} axes, not {} of {}", axes(),
                                    DTypeName(labels_yx.dtype()), ToString(shape)));
  for (std::size_t axis = 0; axis < origin.size(); ++axis)
    if (origin[axis] < 0 || origin[axis] > kLargestCoordinate ||
        shape[static_cast<int>(axis)] > kLargestCoordinate - origin[axis])
      return InvalidError(fmt::format("labels of {} from pixel {} on along {} do not lie within {} pixels",
                                      ToString(shape), origin[axis], AxisName(axis, origin.size()),
                                      kLargestCoordinate));
  std::array<std::int64_t, 3> origin_zyx{0, 0, 0};
  std::copy(origin.begin(), origin.end(), origin_zyx.end() - axes());
  const View labels = WithZ(labels_yx, axes());
  for (std::int64_t z = 0; z < labels.shape()[0]; ++z)
    for (std::int64_t y = 0; y < labels.shape()[1]; ++y) {
      std::int32_t* const row = labels.as<std::int32_t>() + z * labels.strides()[0] + y * labels.strides()[1];
      for (std::int64_t x = 0; x < labels.shape()[2]; ++x) row[x * labels.strides()[2]] = 0;
    }
  // The first polyhedron to paint a voxel keeps it; polygons paint over each other, so the best comes last.
  std::vector<std::int32_t> order(kept.centres.size());
  std::iota(order.begin(), order.end(), 0);
  if (axes() == 2) std::reverse(order.begin(), order.end());
  shapes_->Render(kept, order, origin_zyx, labels);
  return Ok();
}

Result<Tensor> StarDist::Label(const ConstView& output_yxc, const Executor& executor, const Limits& limits) const {
  StarDistPart part;
  for (int axis = 0; axis < std::min(axes(), output_yxc.shape().rank()); ++axis) {
    part.origin.push_back(0);
    part.whole.push_back(output_yxc.shape()[axis]);
  }
  Stars candidates;
  TEGULA_TRY(AddCandidates(output_yxc, part, candidates));
  TEGULA_ASSIGN_OR_RETURN(const Stars kept, Suppress(candidates, executor));
  std::vector<std::int64_t> sizes(part.whole);
  for (std::size_t axis = 0; axis < sizes.size(); ++axis) sizes[axis] *= options_.grid[axis];
  TEGULA_ASSIGN_OR_RETURN(Tensor labels,
                          Tensor::Allocate(DType::kI32, Shape(std::span<const std::int64_t>(sizes)), limits));
  TEGULA_TRY(Render(kept, part.origin, labels.view()));
  if (axes() == 3) RenumberLabels(labels.values<std::int32_t>());
  return labels;
}

std::int64_t RenumberLabels(std::span<std::int32_t> labels) {
  std::vector<std::int32_t> found;
  std::int32_t last = 0;
  for (const std::int32_t label : labels) {
    if (label == last || label == 0) continue;
    last = label;
    found.push_back(label);
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  for (std::int32_t& label : labels)
    if (label != 0)
      label = static_cast<std::int32_t>(std::lower_bound(found.begin(), found.end(), label) - found.begin()) + 1;
  return static_cast<std::int64_t>(found.size());
}

}  // namespace tegula::objects
