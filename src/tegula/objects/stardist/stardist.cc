#include "tegula/objects/stardist/stardist.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string_view>

#include "tegula/core/interval.h"
#include "tegula/objects/stardist/star_labels.h"
#include "tegula/objects/stardist/star_shapes.h"
#include "tegula/objects/stardist/star_suppression.h"
#include "tegula/objects/stardist/with_z.h"

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

}  // namespace

Result<StarDist> StarDist::Create(StarDistOptions options, const Limits& limits) {
  TEGULA_TRY(CheckOptions(options, limits));
  std::shared_ptr<const StarShapes> shapes =
      options.grid.size() == 2 ? NewStarPolygons(options) : NewStarPolyhedra(options);
  return StarDist(std::move(options), std::move(shapes));
}

std::int64_t StarDist::bytes_per_star() const noexcept {
  // Vectors that grow hold up to twice what is in them; boxes, ranks and the index of places come on top.
  constexpr std::int64_t kWhileDecided = 160;
  const std::int64_t own = static_cast<std::int64_t>(sizeof(std::array<std::int32_t, 3>) + sizeof(float)) +
                           options_.n_rays * static_cast<std::int64_t>(sizeof(float));
  return 2 * own + kWhileDecided;
}

Status StarDist::CheckOutput(const ConstView& output_yxc) const {
  const std::size_t axes = options_.grid.size();
  const Shape& shape = output_yxc.shape();
  if (output_yxc.dtype() != DType::kF32)
    return InvalidError(
        fmt::format("StarDist wants its network's output as float32, not {}", DTypeName(output_yxc.dtype())));
  if (shape.rank() != static_cast<int>(axes) + 1 || shape[static_cast<int>(axes)] != 1 + options_.n_rays)
    return InvalidError(fmt::format("an output of {} is not {} axes of pixels and 1 + {} channels", ToString(shape),
                                    axes, options_.n_rays));
  return Ok();
}

Status StarDist::CheckPart(const ConstView& output_yxc, const StarDistPart& part) const {
  TEGULA_TRY(CheckOutput(output_yxc));
  const std::size_t axes = options_.grid.size();
  const Shape& shape = output_yxc.shape();
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

Status StarDist::Thin(const View& output_yxc) const {
  TEGULA_TRY(CheckOutput(output_yxc));
  const View output = WithZ(output_yxc, axes());
  const float threshold = static_cast<float>(options_.prob_threshold);
  const Shape &shape = output.shape(), &strides = output.strides();
  for (std::int64_t z = 0; z < shape[0]; ++z)
    for (std::int64_t y = 0; y < shape[1]; ++y) {
      float* const row = output.as<float>() + z * strides[0] + y * strides[1];
      for (std::int64_t x = 0; x < shape[2]; ++x) {
        float* const channels = row + x * strides[2];
        if (channels[0] > threshold) continue;
        for (std::int64_t c = 0; c < shape[3]; ++c) channels[c * strides[3]] = 0;
        channels[0] = -std::numeric_limits<float>::infinity();  // below any threshold
      }
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

Status StarDist::Check(const Stars& stars) const {
  const std::size_t size = stars.centres.size(), n_rays = static_cast<std::size_t>(options_.n_rays);
  if (stars.scores.size() != size || stars.distances.size() != size * n_rays)
    return InvalidError(fmt::format("{} centres, {} scores and {} distances are not those of stars with {} rays", size,
                                    stars.scores.size(), stars.distances.size(), n_rays));
  if (size > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
    return ExhaustedError(fmt::format("StarDist cannot number {} objects", size));
  return Ok();
}

Result<Stars> StarDist::Suppress(const Stars& candidates, const Executor& executor) const {
  TEGULA_TRY(Check(candidates));
  // Of one part that comes at once only the shapes matter, and those in 3D only.
  StarReach reach{.candidates = candidates.size()};
  if (axes() == 3) reach = ReachOf(*this, candidates);
  StarSuppression suppression(*this, {std::move(reach)});
  constexpr std::int64_t kOnlyPart = 0;
  suppression.Add({&kOnlyPart, 1}, candidates, executor);
  return std::move(suppression).Take();
}

Result<Tensor> StarDist::Label(const ConstView& output_yxc, const Executor& executor, const Limits& limits) const {
  TEGULA_TRY(CheckOutput(output_yxc));
  const ConstView output = WithZ(output_yxc, axes());
  const Shape &shape = output.shape(), &strides = output.strides();
  const ConstView tczyx(output.data(), DType::kF32, {1, shape[3], shape[0], shape[1], shape[2]},
                        {0, strides[3], strides[0], strides[1], strides[2]});
  BlockGrid grid;
  for (int axis = 0; axis < 3; ++axis) {
    const int own = axis - 3 + axes();  // of the grid
    const std::int64_t pixels = own < 0 ? 1 : options_.grid[static_cast<std::size_t>(own)];
    if (shape[axis] > kLargestCoordinate / pixels)
      return ExhaustedError(fmt::format("StarDist can work on {} pixels along an axis, not on {} x {} along {}",
                                        kLargestCoordinate, shape[axis], pixels,
                                        kAxisNames[static_cast<std::size_t>(axis)]));
    grid.size.of[static_cast<std::size_t>(axis) + 1] = shape[axis] * pixels;
  }
  for (const GridAxis axis : kGridAxes) grid.block[axis] = std::max<std::int64_t>(1, grid.size[axis]);
  PerAxis<std::int64_t> all = {{1, shape[0], shape[1], shape[2]}};
  for (std::int64_t& size : all.of) size = std::max<std::int64_t>(1, size);
  std::vector<std::int64_t> sizes(grid.size.of.end() - axes(), grid.size.of.end());
  TEGULA_ASSIGN_OR_RETURN(Tensor result,
                          Tensor::Allocate(DType::kI32, Shape(std::span<const std::int64_t>(sizes)), limits));
  TensorLabels labels(
      grid, View(result.view().data(), DType::kI32, {1, 1, grid.size.of[1], grid.size.of[2], grid.size.of[3]}));
  SilentProgress progress;
  const RunContext context{executor, progress, {}, limits};
  MemoryScratch scratch(limits);
  TEGULA_TRY(LabelStars(*this, TensorBlocks(tczyx, all), {context, scratch}, labels));
  return result;
}

}  // namespace tegula::objects
