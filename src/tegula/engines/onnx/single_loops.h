// engines/onnx/single_loops.h — ONNX's loops that run exactly once, without the loop.
//
// TensorFlow's map_fn over a batch of one becomes such a loop; OpenVINO does not convert loops that look at tensors
// outside of them. Only what is constant decides: a network whose loop may run otherwise stays as it is.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tegula::engines::onnx {

/// A network (the bytes of a .onnx file) with the bodies of its loops in their place: the same operators on the same
/// tensors, so the same answer. Nothing if no loop is known to run once, or the network is damaged or does what this
/// does not follow (graphs within the body of a loop). Threads: safe.
///
/// Source: ONNX's operators Loop 11 to 21 and onnx.proto.
std::optional<std::string> WithoutSingleLoops(std::string_view network);

}  // namespace tegula::engines::onnx
