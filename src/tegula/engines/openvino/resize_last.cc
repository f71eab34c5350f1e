#include "tegula/engines/openvino/resize_last.h"

#include <algorithm>
#include <memory>
#include <openvino/core/graph_util.hpp>
#include <openvino/core/rt_info.hpp>
#include <openvino/op/constant.hpp>
#include <openvino/op/convolution.hpp>
#include <openvino/op/interpolate.hpp>

#include "tegula/engines/openvino/graph.h"

namespace tegula::engines::openvino {
namespace {

using ov::op::v0::Constant;
using ov::op::v1::Convolution;
using Resize = ov::op::v11::Interpolate;

// Enlarges spatial axes alone, and does so whatever the number of channels.
bool EnlargesPixels(const Resize& resize) {
  if (!IsStatic(resize)) return false;
  const ov::Shape& from = resize.get_input_shape(0);
  const ov::Shape& to = resize.get_output_shape(0);
  if (from.size() <= kFirstSpatial || from[0] != to[0] || from[1] != to[1] || from == to) return false;
  for (std::size_t axis = kFirstSpatial; axis < from.size(); ++axis)
    if (from[axis] > to[axis]) return false;
  const Resize::InterpolateAttrs& attributes = resize.get_attrs();
  if (!All<std::size_t>(attributes.pads_begin, 0) || !All<std::size_t>(attributes.pads_end, 0)) return false;
  if (attributes.shape_calculation_mode == Resize::ShapeCalcMode::SCALES) return true;
  // Sizes of all axes would name the channels.
  const auto* const axes =
      resize.get_input_size() == 3 ? ov::as_type<const Constant>(resize.get_input_node_ptr(2)) : nullptr;
  if (axes == nullptr) return false;
  const std::vector<std::int64_t> listed = axes->cast_vector<std::int64_t>();
  return std::all_of(listed.begin(), listed.end(), [](std::int64_t a) { return a >= std::int64_t{kFirstSpatial}; });
}

bool IsOneByOne(const Convolution& convolution) {
  const ov::Shape& weights = convolution.get_input_shape(1);
  return All<std::size_t>(weights, 1, kFirstSpatial) && weights[0] <= weights[1] &&
         All<std::size_t>(convolution.get_strides(), 1) && All<std::ptrdiff_t>(convolution.get_pads_begin(), 0) &&
         All<std::ptrdiff_t>(convolution.get_pads_end(), 0);
}

bool Move(const std::shared_ptr<Resize>& resize) {
  if (!EnlargesPixels(*resize)) return false;
  const std::shared_ptr<Convolution> convolution = OnlyUser<Convolution>(*resize);
  const bool is_moved = convolution != nullptr && IsStatic(*convolution) &&
                        convolution->input_value(0).get_node() == resize.get() && IsOneByOne(*convolution);
  if (!is_moved) return false;
  const auto [small, replaced] = CloneWithBias(convolution, resize->input_value(0), convolution->input_value(1));
  ov::OutputVector inputs = resize->input_values();
  inputs[0] = small;
  const std::shared_ptr<ov::Node> large = resize->clone_with_new_inputs(inputs);
  large->set_friendly_name(replaced->get_friendly_name());
  ov::copy_runtime_info({resize, convolution, replaced}, {small, large});
  ov::replace_node(replaced, large);
  return true;
}

}  // namespace

int ResizeLast(const std::shared_ptr<ov::Model>& model) {
  if (!Has<Resize>(*model)) return 0;
  FoldConstants(model);
  int moved = 0;
  for (const std::shared_ptr<ov::Node>& node : model->get_ordered_ops())
    if (const std::shared_ptr<Resize> resize = ov::as_type_ptr<Resize>(node)) moved += Move(resize) ? 1 : 0;
  return moved;
}

}  // namespace tegula::engines::openvino
