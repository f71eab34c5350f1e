// pipeline/layout.h — where channel, y and x stand in a model's tensor.
//
// Images come as (channel, y, x); models want any order of these with batch and other axes of size one between them. A
// PlaneLayout makes a tensor in the model's order and a (channel, y, x) view onto the same pixels, so that
// nothing is copied to be transposed.
#pragma once

#include <string>
#include <vector>

#include "tegula/core/status.h"
#include "tegula/spec/model_description.h"
#include "tegula/tensor/tensor.h"

namespace tegula::pipeline {

/// Immutable and thread-safe.
class PlaneLayout {
 public:
  /// kUnsupported if the tensor is not one image plane with channels: it lacks y or x, or has another axis (z, time,
  /// index, batch) that cannot have size one. The sentence names tensor and axis.
  static Result<PlaneLayout> Of(const spec::TensorDescription& tensor);

  /// The model-order shape of a plane of this many channels, rows and columns.
  Shape ShapeOf(std::int64_t channels, std::int64_t height, std::int64_t width) const;
  /// Per axis in model order whether tiles are cut along it.
  std::vector<bool> TiledAxes() const;
  /// One position per axis in model order.
  std::vector<std::int64_t> PositionOf(std::int64_t y, std::int64_t x) const;
  /// The (channel, y, x) view of a view in model order; one channel if the tensor has no channel axis.
  template <class Byte>
  BasicView<Byte> PlanesOf(const BasicView<Byte>& view) const {
    const Shape& shape = view.shape();
    const Shape& strides = view.strides();
    const bool has_channel = channel_ >= 0;
    return {view.data(),
            view.dtype(),
            {has_channel ? shape[channel_] : 1, shape[y_], shape[x_]},
            {has_channel ? strides[channel_] : 0, strides[y_], strides[x_]}};
  }
  /// Channels the description states; 0 if it leaves them open.
  std::int64_t channels() const noexcept { return channels_; }
  int rank() const noexcept { return rank_; }

 private:
  PlaneLayout() = default;
  int rank_ = 0;
  int channel_ = -1, y_ = -1, x_ = -1;
  std::int64_t channels_ = 1;
};

}  // namespace tegula::pipeline
