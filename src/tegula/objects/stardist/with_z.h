// objects/stardist/with_z.h — planes and volumes handled alike: a plane is a volume of one plane.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tegula/tensor/tensor.h"

namespace tegula::objects {

/// A view whose first axis is z: of 2 axes of space it gets one of a single pixel, of 3 it has one.
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

}  // namespace tegula::objects
