// engines/openvino/convolve_winograd.h — convolutions of 3 x 3 by Winograd's method, within a network of OpenVINO.
//
// OpenVINO sums nine products for each output; tegula/engines/winograd takes four, and twice as fast. What stands
// between two such convolutions stays OpenVINO's.
#pragma once

#include <memory>
#include <openvino/core/model.hpp>

namespace tegula::engines::openvino {

/// Replaces each two-dimensional `Convolution` in float32 of 3 x 3 constant weights with stride 1, whose channels come
/// in groups of 16, together with what follows and is one factor or summand per channel (a bias, a normalisation), with
/// a ReLU after it, and with a `Concat` of channels before it. All sizes must be known. The answer differs by rounding.
/// Returns how many were replaced. Throws what OpenVINO throws.
int ConvolveByWinograd(const std::shared_ptr<ov::Model>& model);

}  // namespace tegula::engines::openvino
