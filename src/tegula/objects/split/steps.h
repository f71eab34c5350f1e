// objects/split/steps.h — the neighbours of a pixel in a box.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "tegula/objects/region_tracer.h"

namespace tegula::objects {

/// The nearer ones first, of those the ones that come first in (y, x) order: as scikit-image's watershed visits them.
class Steps {
 public:
  Steps(Connectivity connectivity, std::int64_t height, std::int64_t width) noexcept
      : count_(connectivity == Connectivity::kEdges ? 4 : 8), height_(height), width_(width) {}

  /// Calls f(place) for each neighbour of the place within the box.
  template <class F>
  void ForEach(std::size_t place, F&& f) const {
    const std::int64_t y = static_cast<std::int64_t>(place) / width_, x = static_cast<std::int64_t>(place) % width_;
    for (std::size_t i = 0; i < count_; ++i) {
      const std::int64_t ny = y + kSteps[i].y, nx = x + kSteps[i].x;
      if (ny >= 0 && ny < height_ && nx >= 0 && nx < width_) f(static_cast<std::size_t>(ny * width_ + nx));
    }
  }

 private:
  struct Step {
    int y, x;
  };
  static constexpr std::array<Step, 8> kSteps = {
      {{-1, 0}, {0, -1}, {0, 1}, {1, 0}, {-1, -1}, {-1, 1}, {1, -1}, {1, 1}}};
  std::size_t count_;
  std::int64_t height_, width_;
};

}  // namespace tegula::objects
