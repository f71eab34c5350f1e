// engines/openvino/resize_last.h — 1 x 1 convolutions of enlarged tensors, computed before they are enlarged.
//
// Decoders often enlarge a tensor and then reduce its channels. The one takes weighted means of pixels within a
// channel, the other weighted sums of channels within a pixel, so their order does not matter but for rounding; the
// other way round there are four times fewer pixels to convolve, and fewer channels to enlarge. OpenVINO does not do
// it.
#pragma once

#include <memory>
#include <openvino/core/model.hpp>

namespace tegula::engines::openvino {

/// Moves each `Interpolate` whose only use is a 1 x 1 convolution (with or without a constant added) behind it, where
/// that is less work and all sizes are known. The answer differs by rounding: the weights of every mode of
/// `Interpolate` sum to one, so that constants pass through it. Returns how many were moved. Throws what OpenVINO
/// throws.
int ResizeLast(const std::shared_ptr<ov::Model>& model);

}  // namespace tegula::engines::openvino
