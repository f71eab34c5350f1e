// engines/openvino/graph.h — what rearranging a network's graph takes, whatever is rearranged.
#pragma once

#include <algorithm>
#include <memory>
#include <openvino/core/model.hpp>
#include <openvino/op/convolution.hpp>
#include <vector>

namespace tegula::engines::openvino {

/// Tensors are N, C, then the spatial axes.
inline constexpr std::size_t kChannels = 1;
inline constexpr std::size_t kFirstSpatial = 2;

/// Whether all values from the one at `from` on are `wanted`; false if there are fewer.
template <class T>
bool All(const std::vector<T>& values, T wanted, std::size_t from = 0) {
  return values.size() >= from && std::all_of(values.begin() + static_cast<std::ptrdiff_t>(from), values.end(),
                                              [&](T v) { return v == wanted; });
}

/// Whether the sizes of all that `node` takes and gives are known. Of what depends on values they never are.
bool IsStatic(const ov::Node& node);

/// Whether a tensor of this shape says at most one value per channel of one with `rank` axes that it is spread over.
bool IsPerChannel(ov::Shape shape, std::size_t rank);

/// Whether the network has an `Op`. (What holds nodes while a graph is rearranged keeps the replaced ones, and they
/// count as users.)
template <class Op>
bool Has(const ov::Model& model) {
  const ov::NodeVector nodes = model.get_ops();
  return std::any_of(nodes.begin(), nodes.end(), [](const auto& node) { return ov::is_type<Op>(node); });
}

/// What alone uses the first output of `node`, if it is an `Op`; null otherwise.
template <class Op>
std::shared_ptr<Op> OnlyUser(const ov::Node& node) {
  const auto users = node.output(0).get_target_inputs();
  return users.size() == 1 ? ov::as_type_ptr<Op>(users.begin()->get_node()->shared_from_this()) : nullptr;
}

/// A convolution of other tensors, with the constant added that alone follows the original: OpenVINO computes both as
/// one only where they stand together.
struct ConvolutionWithBias {
  std::shared_ptr<ov::Node> made;
  std::shared_ptr<ov::Node> replaced;  ///< of the original: the addition, or the convolution if none follows
};
ConvolutionWithBias CloneWithBias(const std::shared_ptr<ov::op::v1::Convolution>& convolution,
                                  const ov::Output<ov::Node>& image, const ov::Output<ov::Node>& weights);

/// Computes what depends on constants alone: readers leave axes, factors and shapes as small graphs.
void FoldConstants(const std::shared_ptr<ov::Model>& model);

}  // namespace tegula::engines::openvino
