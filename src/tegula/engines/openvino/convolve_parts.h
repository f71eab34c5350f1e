// engines/openvino/convolve_parts.h — convolutions of joined tensors, computed of each part and added.
//
// Decoders join what they enlarged with what the encoder kept, and convolve both. A convolution of joined channels is
// the sum of convolutions of the parts; OpenVINO adds the second to the first in place, and so neither copies the parts
// nor holds the joined tensor, which is the largest of a U-Net.
#pragma once

#include <memory>
#include <openvino/core/model.hpp>

namespace tegula::engines::openvino {

/// Takes apart each `Concat` of channels that only convolutions with constant weights use, where that moves less
/// memory and all sizes are known. The answer differs by rounding. Returns how many were taken apart. Throws what
/// OpenVINO throws.
int ConvolveParts(const std::shared_ptr<ov::Model>& model);

}  // namespace tegula::engines::openvino
