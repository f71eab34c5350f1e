// objects/cellpose/flow_field.h — the flows of a Cellpose network, and where they carry the pixels.
//
// A Cellpose network says for each pixel in which direction the middle of its object lies. Pixels that take these
// directions step by step meet in the middle of their object. How each pixel moves does not depend on the other pixels,
// so this step, which is the costly one, can be shared among workers and cut into tiles; what belongs together is
// decided afterwards (flow_sinks.h).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <stop_token>
#include <utility>

#include "tegula/core/executor.h"
#include "tegula/core/interval.h"
#include "tegula/core/limits.h"
#include "tegula/core/status.h"
#include "tegula/tensor/tensor.h"

namespace tegula::objects {

/// The end of a pixel that does not move because it is outside, or that met a flow that is not a number.
inline constexpr std::int32_t kNoEnd = -1;

/// The steps of the pixels of an image. Immutable and thread-safe.
class FlowField {
 public:
  /// From the flows along y and x and the logit of being inside, float32 of (3, y, x), which the caller has checked.
  /// Pixels whose logit is above the threshold are inside; the others have no flow. 9 bytes per pixel.
  static Result<FlowField> Read(const ConstView& flows_and_logit_cyx, double logit_threshold, const Limits& limits);

  std::int64_t height() const noexcept { return steps_yxc_.shape()[0]; }
  std::int64_t width() const noexcept { return steps_yxc_.shape()[1]; }

  /// What a pixel moves along y and x in its first step, in pixels.
  std::array<float, 2> StepAt(std::int64_t pixel) const noexcept {
    const float* step = steps_yxc_.view().as<float>() + 2 * pixel;
    return {step[0], step[1]};
  }

  /// Sends the pixels of some rows `steps` steps along the flow, which is interpolated between pixels (bilinearly) and
  /// held within the image. `ends_yx` of the whole image gets for each of these pixels the pixel in which it ends, or
  /// kNoEnd. After cellpose.dynamics.steps_interp of cellpose 3.1.1.2 on the CPU, to the last bit as Numba 0.68
  /// compiles it; paths that run in circles are recognised and not walked to their ends. Needs width * height < 2^31.
  /// Threads: safe for different rows.
  void Follow(Interval rows, int steps, std::span<std::int32_t> ends_yx) const noexcept;

 private:
  FlowField(Tensor steps_yxc, Tensor inside_yx) : steps_yxc_(std::move(steps_yxc)), inside_yx_(std::move(inside_yx)) {}

  Tensor steps_yxc_;  ///< float32
  Tensor inside_yx_;  ///< bool
};

/// FlowField::Follow of all rows, shared among the workers. int32 of (y, x).
Result<Tensor> FollowAll(const FlowField& field, int steps, const Executor& executor, std::stop_token stop,
                         const Limits& limits);

}  // namespace tegula::objects
