// objects/cellpose/flow_field.h — the flows of a Cellpose network, and where they carry the pixels.
//
// A Cellpose network says for each pixel in which direction the middle of its object lies. Pixels that take these
// directions step by step meet in the middle of their object. How each pixel moves does not depend on the other pixels,
// so this step, which is the costly one, can be shared among workers and cut into windows: a path that leaves its
// window goes on in another. What belongs together is decided afterwards (flow_sinks.h).
#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "tegula/core/interval.h"
#include "tegula/core/limits.h"
#include "tegula/core/status.h"
#include "tegula/tensor/tensor.h"

namespace tegula::objects {

/// The end of a pixel that does not move because it is outside, or that met a flow that is not a number.
inline constexpr std::int32_t kNoEnd = -1;

/// A pixel on its way. Positions are those of the whole image, in float32, as in cellpose.
struct FlowPath {
  float y = 0, x = 0;
  std::int32_t from_y = 0, from_x = 0;
  int steps = 0;  ///< that it has taken
};

/// The steps of the pixels in a window of an image. Immutable and thread-safe.
class FlowField {
 public:
  /// From the flows along y and x and the logit of being inside, float32 of (3, y, x), of the pixels of `window`.
  /// Pixels whose logit is above the threshold are inside; the others have no flow. 9 bytes per pixel.
  static Result<FlowField> Read(const ConstView& flows_and_logit_cyx, const Box& window, std::int64_t height,
                                std::int64_t width, double logit_threshold, const Limits& limits);

  const Box& window() const noexcept { return window_; }

  /// What a pixel of the window moves along y and x in its first step, in pixels.
  std::array<float, 2> StepAt(std::int64_t y, std::int64_t x) const noexcept {
    const float* step = steps_yxc_.view().as<float>() + 2 * IndexOf(y, x);
    return {step[0], step[1]};
  }

  /// Sends the pixels of `box`, which lies in the window, `steps` steps along the flow, which is interpolated between
  /// pixels (bilinearly) and held within the image. `ends_cyx`, int32 of (2, y, x), gets for each of these pixels the y
  /// and x of the pixel in which it ends, or kNoEnd twice. Those that leave the window on the way go to `left`. After
  /// cellpose.dynamics.steps_interp of cellpose 3.1.1.2 on the CPU, to the last bit as Numba 0.68 compiles it; paths
  /// that run in circles are recognised and not walked to their ends.
  void Follow(const Box& box, int steps, const View& ends_cyx, std::vector<FlowPath>& left) const;
  /// Goes on with a path until it has taken `steps` or leaves the window; whether it has taken them.
  bool GoOn(FlowPath& path, int steps) const noexcept;
  /// The pixel in which a path ends that has taken all its steps.
  std::array<std::int32_t, 2> EndOf(const FlowPath& path) const noexcept;

 private:
  FlowField(const Box& window, std::int64_t height, std::int64_t width, Tensor steps_yxc, Tensor inside_yx)
      : window_(window),
        last_y_(height - 1),
        last_x_(width - 1),
        steps_yxc_(std::move(steps_yxc)),
        inside_yx_(std::move(inside_yx)) {}
  std::int64_t IndexOf(std::int64_t y, std::int64_t x) const noexcept {
    return (y - window_.y.begin) * window_.width() + x - window_.x.begin;
  }

  Box window_;
  std::int64_t last_y_, last_x_;  ///< of the image
  Tensor steps_yxc_;              ///< float32
  Tensor inside_yx_;              ///< bool
};

}  // namespace tegula::objects
