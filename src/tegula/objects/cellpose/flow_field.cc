#include "tegula/objects/cellpose/flow_field.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

namespace tegula::objects {
namespace {

// Networks are trained on flows of five times the length of a step.
constexpr float kFlowPerStep = 5;

// Enough paths that one waits for memory while others compute, few enough to stay in the first cache.
constexpr std::size_t kPathsAtOnce = 256;

// Paths are compared with where they were a few steps ago; circles of up to this many steps are recognised.
constexpr int kLongestCircle = 8;

// Positions lie within the image or are NaN, for which any pixel will do: the result is NaN again.
std::int64_t WholePart(float position) noexcept { return position >= 0 ? static_cast<std::int64_t>(position) : 0; }

// NaN stays NaN.
float Held(float position, float last) noexcept {
  const float from_first = position < 0 ? 0.0F : position;
  return from_first > last ? last : from_first;
}

struct Walking {
  FlowPath path;
  float earlier_y = 0, earlier_x = 0;
};

// Walks along the flow in a window of an image of at least one pixel. Immutable and thread-safe.
class Walker {
 public:
  Walker(const float* steps_yxc, const Box& window, std::int64_t last_y, std::int64_t last_x) noexcept
      : steps_yxc_(steps_yxc),
        window_(window),
        last_y_(last_y),
        last_x_(last_x),
        // What lies between two pixels needs both, but for the last of the image.
        rows_(static_cast<std::uint64_t>(window.height() - (window.y.end <= last_y ? 1 : 0))),
        columns_(static_cast<std::uint64_t>(window.width() - (window.x.end <= last_x ? 1 : 0))) {}

  /// Walks paths that have all taken `taken` steps until they have taken `steps` or leave the window.
  template <class Finish, class Leave>
  void Walk(std::span<Walking> paths, int taken, int steps, const Finish& finish, const Leave& leave) const;

 private:
  // A step, unless it needs a pixel outside of the window.
  bool Step(FlowPath& path) const noexcept;

  const float* steps_yxc_;
  Box window_;
  std::int64_t last_y_, last_x_;
  std::uint64_t rows_, columns_;  // of the window, on which a path can be
};

inline bool Walker::Step(FlowPath& path) const noexcept {
  const std::int64_t whole_y = WholePart(path.y), whole_x = WholePart(path.x);
  const float y = path.y - static_cast<float>(whole_y), x = path.x - static_cast<float>(whole_x);
  const double to_y = 1 - static_cast<double>(y), to_x = 1 - static_cast<double>(x);
  // float32 rounds the size of an image of more than 2^24 rows up.
  const std::int64_t y0 = std::min(whole_y, last_y_), y1 = std::min(y0 + 1, last_y_);
  const std::int64_t x0 = std::min(whole_x, last_x_), x1 = std::min(x0 + 1, last_x_);
  const std::int64_t row = y0 - window_.y.begin, column = x0 - window_.x.begin;
  // What is not a number stays where it is, and is nowhere.
  if (static_cast<std::uint64_t>(row) >= rows_ || static_cast<std::uint64_t>(column) >= columns_)
    return std::isnan(path.y) || std::isnan(path.x);
  const float* upper = steps_yxc_ + 2 * (row * window_.width() + column);
  const float* lower = upper + 2 * (y1 - y0) * window_.width();
  const std::int64_t beside = 2 * (x1 - x0);
  const float *upper_left = upper, *upper_right = upper + beside;
  const float *lower_left = lower, *lower_right = lower + beside;
  // Order and precision are those to which Numba compiles the expression of cellpose: 1 - y is double, y is not.
  const auto step_along = [&](int axis) noexcept {
    return static_cast<float>(static_cast<double>(upper_left[axis]) * to_y * to_x +
                              static_cast<double>(upper_right[axis]) * to_y * static_cast<double>(x) +
                              static_cast<double>(lower_left[axis] * y) * to_x +
                              static_cast<double>(lower_right[axis] * y * x));
  };
  path.y = Held(path.y + step_along(0), static_cast<float>(last_y_));
  path.x = Held(path.x + step_along(1), static_cast<float>(last_x_));
  return true;
}

template <class Finish, class Leave>
void Walker::Walk(std::span<Walking> paths, int taken, int steps, const Finish& finish, const Leave& leave) const {
  std::size_t walking = paths.size();
  int earlier = taken;
  for (int step = taken + 1; step <= steps && walking > 0; ++step) {
    for (std::size_t i = 0; i < walking;) {
      if (Step(paths[i].path)) {
        ++i;
        continue;
      }
      paths[i].path.steps = step - 1;
      leave(paths[i].path);
      paths[i] = paths[--walking];
    }
    for (std::size_t i = 0; i < walking;) {
      Walking& path = paths[i];
      if (path.path.y != path.earlier_y || path.path.x != path.earlier_x) {
        ++i;
        continue;
      }
      // Where it has been before it goes round: whole rounds make no difference, and all of them lie in the window.
      for (int rest = (steps - step) % (step - earlier); rest > 0; --rest) (void)Step(path.path);
      finish(path.path);
      path = paths[--walking];
    }
    if (step < earlier + kLongestCircle) continue;
    earlier = step;
    for (Walking& path : paths.first(walking)) path.earlier_y = path.path.y, path.earlier_x = path.path.x;
  }
  for (const Walking& path : paths.first(walking)) finish(path.path);
}

}  // namespace

Result<FlowField> FlowField::Read(const ConstView& flows_and_logit_cyx, const Box& window, std::int64_t height,
                                  std::int64_t width, double logit_threshold, const Limits& limits) {
  TEGULA_ASSERT(flows_and_logit_cyx.shape() == (Shape{3, window.height(), window.width()}));
  TEGULA_ASSIGN_OR_RETURN(Tensor steps_yxc,
                          Tensor::Allocate(DType::kF32, {window.height(), window.width(), 2}, limits));
  TEGULA_ASSIGN_OR_RETURN(Tensor inside_yx, Tensor::Allocate(DType::kBool, {window.height(), window.width()}, limits));
  const Shape& strides = flows_and_logit_cyx.strides();
  // NumPy compares a float32 array with the threshold rounded to float32.
  const auto threshold = static_cast<float>(logit_threshold);
  float* step = steps_yxc.view().as<float>();
  bool* is_inside = inside_yx.view().as<bool>();
  for (std::int64_t y = 0; y < window.height(); ++y) {
    const float* flow_y = flows_and_logit_cyx.as<float>() + y * strides[1];
    for (std::int64_t x = 0; x < window.width(); ++x, step += 2, flow_y += strides[2]) {
      *is_inside = flow_y[2 * strides[0]] > threshold;
      // Multiplied, as cellpose does: what is not a number remains so outside, too, and reaches neighbours inside.
      const float factor = *is_inside++ ? 1.0F : 0.0F;
      step[0] = flow_y[0] * factor / kFlowPerStep;
      step[1] = flow_y[strides[0]] * factor / kFlowPerStep;
    }
  }
  return FlowField(window, height, width, std::move(steps_yxc), std::move(inside_yx));
}

std::array<std::int32_t, 2> FlowField::EndOf(const FlowPath& path) const noexcept {
  if (std::isnan(path.y) || std::isnan(path.x)) return {kNoEnd, kNoEnd};
  return {static_cast<std::int32_t>(std::min(WholePart(path.y), last_y_)),
          static_cast<std::int32_t>(std::min(WholePart(path.x), last_x_))};
}

void FlowField::Follow(const Box& box, int steps, const View& ends_cyx, std::vector<FlowPath>& left) const {
  const Walker walker(steps_yxc_.view().as<float>(), window_, last_y_, last_x_);
  const Shape& strides = ends_cyx.strides();
  const auto put = [&](std::int64_t y, std::int64_t x, const std::array<std::int32_t, 2>& end) {
    std::int32_t* at = ends_cyx.as<std::int32_t>() + (y - box.y.begin) * strides[1] + (x - box.x.begin) * strides[2];
    at[0] = end[0];
    at[strides[0]] = end[1];
  };
  const auto finish = [&](const FlowPath& path) { put(path.from_y, path.from_x, EndOf(path)); };
  const auto leave = [&](const FlowPath& path) { left.push_back(path); };
  std::array<Walking, kPathsAtOnce> paths;
  std::size_t waiting = 0;
  const bool* is_inside = inside_yx_.view().as<bool>();
  for (std::int64_t y = box.y.begin; y < box.y.end; ++y)
    for (std::int64_t x = box.x.begin; x < box.x.end; ++x) {
      put(y, x, {kNoEnd, kNoEnd});
      if (!is_inside[IndexOf(y, x)]) continue;
      const auto from_y = static_cast<float>(y), from_x = static_cast<float>(x);
      paths[waiting++] = {{from_y, from_x, static_cast<std::int32_t>(y), static_cast<std::int32_t>(x)}, from_y, from_x};
      if (waiting < paths.size()) continue;
      walker.Walk(paths, 0, steps, finish, leave);
      waiting = 0;
    }
  walker.Walk(std::span(paths).first(waiting), 0, steps, finish, leave);
}

bool FlowField::GoOn(FlowPath& path, int steps) const noexcept {
  const Walker walker(steps_yxc_.view().as<float>(), window_, last_y_, last_x_);
  Walking walking{path, path.y, path.x};
  bool is_finished = false;
  walker.Walk(
      {&walking, 1}, path.steps, steps,
      [&](const FlowPath& finished) {
        path = finished;
        is_finished = true;
      },
      [&](const FlowPath& left) { path = left; });
  return is_finished;
}

}  // namespace tegula::objects
