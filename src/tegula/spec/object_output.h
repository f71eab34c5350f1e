// spec/object_output.h — outputs that are made into images of numbered objects, and what the network gives for them.
//
// A description speaks of the finished output: one channel of numbers, in pixels of the image. The network behind it
// gives several channels (a probability and distances, or flows), perhaps on a coarser grid; what these are follows
// from the operation that makes the objects.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "tegula/core/status.h"
#include "tegula/spec/model_description.h"

namespace tegula::spec {

/// The operations of an output, taken apart at the first that makes objects.
struct ObjectOps {
  std::span<const OpDescription> before;  ///< of values
  const OpDescription* op = nullptr;
  std::span<const OpDescription> after;  ///< of numbers
};
/// Nothing if none makes objects. Borrows the output.
std::optional<ObjectOps> FindObjectOps(const TensorDescription& output);

/// Channels that the network gives for an output: those its description states (0 if it leaves them open), unless
/// objects are made of it.
std::int64_t NetworkChannels(const TensorDescription& output);

/// Pixels of the finished output per pixel that the network gives, along the axis of space with this id; 1 unless
/// objects are drawn finer than they are seen. At least 1.
std::int64_t PixelsPerNetworkPixel(const TensorDescription& output, std::string_view axis_id);

}  // namespace tegula::spec
