#include "tegula/objects/cellpose/flow_field.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace tegula::objects {
namespace {

// Networks are trained on flows of five times the length of a step.
constexpr float kFlowPerStep = 5;

// Enough paths that one waits for memory while others compute, few enough to stay in the first cache.
constexpr std::size_t kPathsAtOnce = 256;

// Paths are compared with where they were a few steps ago; circles of up to this many steps are recognised.
constexpr int kLongestCircle = 8;

constexpr std::int64_t kRowsPerItem = 16;

// Positions lie within the image or are NaN, for which any pixel will do: the result is NaN again.
std::int64_t WholePart(float position) noexcept { return position >= 0 ? static_cast<std::int64_t>(position) : 0; }

// NaN stays NaN.
float Held(float position, float last) noexcept {
  const float from_first = position < 0 ? 0.0F : position;
  return from_first > last ? last : from_first;
}

struct Path {
  float y = 0, x = 0;
  float earlier_y = 0, earlier_x = 0;
  std::int32_t pixel = 0;
};

// Walks along the flow of an image of at least one pixel. Immutable and thread-safe.
class Walker {
 public:
  Walker(const float* steps_yxc, std::int64_t height, std::int64_t width) noexcept
      : steps_yxc_(steps_yxc), last_y_(height - 1), last_x_(width - 1) {}

  void Walk(std::span<Path> paths, int steps, std::span<std::int32_t> ends_yx) const noexcept;

 private:
  void Step(Path& path) const noexcept;
  std::int32_t EndOf(const Path& path) const noexcept;
  std::int64_t width() const noexcept { return last_x_ + 1; }

  const float* steps_yxc_;
  std::int64_t last_y_, last_x_;
};

inline void Walker::Step(Path& path) const noexcept {
  const std::int64_t whole_y = WholePart(path.y), whole_x = WholePart(path.x);
  const float y = path.y - static_cast<float>(whole_y), x = path.x - static_cast<float>(whole_x);
  const double to_y = 1 - static_cast<double>(y), to_x = 1 - static_cast<double>(x);
  // float32 rounds the size of an image of more than 2^24 rows up.
  const std::int64_t y0 = std::min(whole_y, last_y_), y1 = std::min(y0 + 1, last_y_);
  const std::int64_t x0 = std::min(whole_x, last_x_), x1 = std::min(x0 + 1, last_x_);
  const float* upper = steps_yxc_ + 2 * (y0 * width());
  const float* lower = steps_yxc_ + 2 * (y1 * width());
  const float *upper_left = upper + 2 * x0, *upper_right = upper + 2 * x1;
  const float *lower_left = lower + 2 * x0, *lower_right = lower + 2 * x1;
  // Order and precision are those to which Numba compiles the expression of cellpose: 1 - y is double, y is not.
  const auto step_along = [&](int axis) noexcept {
    return static_cast<float>(static_cast<double>(upper_left[axis]) * to_y * to_x +
                              static_cast<double>(upper_right[axis]) * to_y * static_cast<double>(x) +
                              static_cast<double>(lower_left[axis] * y) * to_x +
                              static_cast<double>(lower_right[axis] * y * x));
  };
  path.y = Held(path.y + step_along(0), static_cast<float>(last_y_));
  path.x = Held(path.x + step_along(1), static_cast<float>(last_x_));
}

std::int32_t Walker::EndOf(const Path& path) const noexcept {
  if (std::isnan(path.y) || std::isnan(path.x)) return kNoEnd;
  return static_cast<std::int32_t>(std::min(WholePart(path.y), last_y_) * width() +
                                   std::min(WholePart(path.x), last_x_));
}

void Walker::Walk(std::span<Path> paths, int steps, std::span<std::int32_t> ends_yx) const noexcept {
  const auto finish = [&](const Path& path) noexcept { ends_yx[static_cast<std::size_t>(path.pixel)] = EndOf(path); };
  std::size_t walking = paths.size();
  int earlier = 0;
  for (int step = 1; step <= steps && walking > 0; ++step) {
    for (Path& path : paths.first(walking)) Step(path);
    for (std::size_t i = 0; i < walking;) {
      Path& path = paths[i];
      if (path.y != path.earlier_y || path.x != path.earlier_x) {
        ++i;
        continue;
      }
      // Where it has been before it goes round: whole rounds make no difference.
      for (int rest = (steps - step) % (step - earlier); rest > 0; --rest) Step(path);
      finish(path);
      path = paths[--walking];
    }
    if (step < earlier + kLongestCircle) continue;
    earlier = step;
    for (Path& path : paths.first(walking)) path.earlier_y = path.y, path.earlier_x = path.x;
  }
  for (const Path& path : paths.first(walking)) finish(path);
}

}  // namespace

Result<FlowField> FlowField::Read(const ConstView& flows_and_logit_cyx, double logit_threshold, const Limits& limits) {
  const std::int64_t height = flows_and_logit_cyx.shape()[1], width = flows_and_logit_cyx.shape()[2];
  TEGULA_ASSIGN_OR_RETURN(Tensor steps_yxc, Tensor::Allocate(DType::kF32, {height, width, 2}, limits));
  TEGULA_ASSIGN_OR_RETURN(Tensor inside_yx, Tensor::Allocate(DType::kBool, {height, width}, limits));
  const Shape& strides = flows_and_logit_cyx.strides();
  // NumPy compares a float32 array with the threshold rounded to float32.
  const auto threshold = static_cast<float>(logit_threshold);
  float* step = steps_yxc.view().as<float>();
  bool* is_inside = inside_yx.view().as<bool>();
  for (std::int64_t y = 0; y < height; ++y) {
    const float* flow_y = flows_and_logit_cyx.as<float>() + y * strides[1];
    for (std::int64_t x = 0; x < width; ++x, step += 2, flow_y += strides[2]) {
      *is_inside = flow_y[2 * strides[0]] > threshold;
      // Multiplied, as cellpose does: what is not a number remains so outside, too, and reaches neighbours inside.
      const float factor = *is_inside++ ? 1.0F : 0.0F;
      step[0] = flow_y[0] * factor / kFlowPerStep;
      step[1] = flow_y[strides[0]] * factor / kFlowPerStep;
    }
  }
  return FlowField(std::move(steps_yxc), std::move(inside_yx));
}

void FlowField::Follow(Interval rows, int steps, std::span<std::int32_t> ends_yx) const noexcept {
  const Walker walker(steps_yxc_.view().as<float>(), height(), width());
  std::array<Path, kPathsAtOnce> paths;
  std::size_t waiting = 0;
  const bool* is_inside = inside_yx_.view().as<bool>();
  for (std::int64_t y = rows.begin; y < rows.end; ++y)
    for (std::int64_t x = 0; x < width(); ++x) {
      const std::int64_t pixel = y * width() + x;
      ends_yx[static_cast<std::size_t>(pixel)] = kNoEnd;
      if (!is_inside[pixel]) continue;
      const auto from_y = static_cast<float>(y), from_x = static_cast<float>(x);
      paths[waiting++] = {from_y, from_x, from_y, from_x, static_cast<std::int32_t>(pixel)};
      if (waiting < paths.size()) continue;
      walker.Walk(paths, steps, ends_yx);
      waiting = 0;
    }
  walker.Walk(std::span(paths).first(waiting), steps, ends_yx);
}

Result<Tensor> FollowAll(const FlowField& field, int steps, const Executor& executor, std::stop_token stop,
                         const Limits& limits) {
  TEGULA_ASSIGN_OR_RETURN(Tensor ends_yx, Tensor::Allocate(DType::kI32, {field.height(), field.width()}, limits));
  const auto follow = [&](std::int64_t item, int) -> Status {
    const std::int64_t begin = item * kRowsPerItem;
    field.Follow({begin, std::min(begin + kRowsPerItem, field.height())}, steps, ends_yx.values<std::int32_t>());
    return Ok();
  };
  TEGULA_TRY(ForEach(executor, CeilDiv(field.height(), kRowsPerItem), std::move(stop), follow));
  return ends_yx;
}

}  // namespace tegula::objects
