#include "tegula/engines/openvino/graph.h"

#include <openvino/op/add.hpp>
#include <openvino/op/constant.hpp>
#include <openvino/pass/constant_folding.hpp>
#include <openvino/pass/manager.hpp>

namespace tegula::engines::openvino {
namespace {

// Which input of `add` is a constant that says at most one value per channel; -1 if none.
int Bias(const ov::op::v1::Add& add) {
  for (const std::size_t input : {0U, 1U}) {
    const auto* const constant = ov::as_type<const ov::op::v0::Constant>(add.get_input_node_ptr(input));
    if (constant != nullptr && IsPerChannel(constant->get_shape(), add.get_output_shape(0).size()))
      return static_cast<int>(input);
  }
  return -1;
}

}  // namespace

bool IsPerChannel(ov::Shape shape, std::size_t rank) {
  if (shape.size() > rank) return false;
  shape.insert(shape.begin(), rank - shape.size(), 1);
  return shape[0] == 1 && All<std::size_t>(shape, 1, kFirstSpatial);
}

bool IsStatic(const ov::Node& node) {
  for (const ov::Input<const ov::Node>& input : node.inputs())
    if (input.get_partial_shape().is_dynamic()) return false;
  for (const ov::Output<const ov::Node>& output : node.outputs())
    if (output.get_partial_shape().is_dynamic()) return false;
  return true;
}

ConvolutionWithBias CloneWithBias(const std::shared_ptr<ov::op::v1::Convolution>& convolution,
                                  const ov::Output<ov::Node>& image, const ov::Output<ov::Node>& weights) {
  const std::shared_ptr<ov::Node> made = convolution->clone_with_new_inputs({image, weights});
  const std::shared_ptr<ov::op::v1::Add> add = OnlyUser<ov::op::v1::Add>(*convolution);
  const int bias = add == nullptr ? -1 : Bias(*add);
  if (bias < 0) return {made, convolution};
  return {add->clone_with_new_inputs({made, add->input_value(static_cast<std::size_t>(bias))}), add};
}

void FoldConstants(const std::shared_ptr<ov::Model>& model) {
  ov::pass::Manager passes;
  passes.register_pass<ov::pass::ConstantFolding>();
  passes.run_passes(model);
}

}  // namespace tegula::engines::openvino
