// pipeline/layout.h — where channel, t, z, y and x stand in a model's tensor.
//
// Images come as (t, channel, z, y, x); models want any order of these, or some of them, with batch and other axes of
// size one between them. A TensorLayout makes a tensor in the model's order and a (t, channel, z, y, x) view onto the
// same pixels, so that nothing is copied to be transposed.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "tegula/core/interval.h"
#include "tegula/core/status.h"
#include "tegula/image/block_view.h"
#include "tegula/spec/model_description.h"
#include "tegula/tensor/tensor.h"

namespace tegula::pipeline {

/// The sizes of a block.
constexpr PerAxis<std::int64_t> SizeOf(const Block& block) noexcept {
  PerAxis<std::int64_t> size;
  for (const GridAxis axis : kGridAxes) size[axis] = block[axis].size();
  return size;
}

/// The part of a (t, channel, z, y, x) view that a block is.
template <class Byte>
BasicView<Byte> Crop(BasicView<Byte> view_tczyx, const Block& block) {
  for (const GridAxis axis : kGridAxes)
    view_tczyx = view_tczyx.Slice(image::BlockViewAxis(axis), block[axis].begin, block[axis].size());
  return view_tczyx;
}

/// What the channels of a tensor are called: as described, or "channel0", "channel1", or by the tensor's id where there
/// is only one. `channels` is their number.
std::vector<std::string> ChannelNamesOf(const spec::TensorDescription& tensor, std::int64_t channels);

/// Where the batch axis of a tensor stands; -1 if it has none.
int BatchAxisOf(const spec::TensorDescription& tensor);

/// Immutable and thread-safe.
class TensorLayout {
 public:
  /// kUnsupported if the tensor is not an image: it has an axis (index, batch) that cannot have size one, or two of a
  /// kind. The sentence names tensor and axis.
  static Result<TensorLayout> Of(const spec::TensorDescription& tensor);

  bool has(GridAxis axis) const noexcept { return axes_[axis] >= 0; }
  /// The model-order shape for this many channels and pixels; where the tensor lacks an axis its size must be 1.
  Shape ShapeOf(std::int64_t channels, const PerAxis<std::int64_t>& size) const;
  /// Per axis in model order whether tiles are cut along it.
  std::vector<bool> TiledAxes() const;
  /// One position per axis in model order.
  std::vector<std::int64_t> PositionOf(const PerAxis<std::int64_t>& position) const;
  /// The (t, channel, z, y, x) view of a view in model order; axes that the tensor lacks have size one.
  template <class Byte>
  BasicView<Byte> ImageOf(const BasicView<Byte>& view) const {
    const std::array<int, 5> from = {axes_[GridAxis::kT], channel_, axes_[GridAxis::kZ], axes_[GridAxis::kY],
                                     axes_[GridAxis::kX]};
    Shape shape{1, 1, 1, 1, 1}, strides{0, 0, 0, 0, 0};
    for (int i = 0; i < 5; ++i) {
      if (from[static_cast<std::size_t>(i)] < 0) continue;
      shape[i] = view.shape()[from[static_cast<std::size_t>(i)]];
      strides[i] = view.strides()[from[static_cast<std::size_t>(i)]];
    }
    return {view.data(), view.dtype(), shape, strides};
  }
  /// The part of a view in model order that a block is.
  ConstView CropOf(ConstView view, const Block& block) const {
    for (const GridAxis axis : kGridAxes)
      if (has(axis)) view = view.Slice(axes_[axis], block[axis].begin, block[axis].size());
    return view;
  }
  /// Channels that the network is given, or gives (spec::NetworkChannels); 0 if the description leaves them open.
  std::int64_t channels() const noexcept { return channels_; }
  int rank() const noexcept { return rank_; }

 private:
  TensorLayout() = default;
  int rank_ = 0;
  int channel_ = -1;
  PerAxis<int> axes_ = {{-1, -1, -1, -1}};
  std::int64_t channels_ = 1;
};

}  // namespace tegula::pipeline
