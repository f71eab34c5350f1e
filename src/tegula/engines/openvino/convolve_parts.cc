#include "tegula/engines/openvino/convolve_parts.h"

#include <memory>
#include <openvino/core/graph_util.hpp>
#include <openvino/core/rt_info.hpp>
#include <openvino/op/add.hpp>
#include <openvino/op/concat.hpp>
#include <openvino/op/constant.hpp>
#include <openvino/op/convolution.hpp>
#include <openvino/op/variadic_split.hpp>

#include "tegula/engines/openvino/graph.h"

namespace tegula::engines::openvino {
namespace {

using ov::op::v0::Concat;
using ov::op::v0::Constant;
using ov::op::v1::Add;
using ov::op::v1::Convolution;

constexpr std::size_t kFewestChannels = 16;  // as many as a vector holds: with fewer, convolutions are slow

bool JoinsChannels(const Concat& concat) {
  if (!IsStatic(concat)) return false;
  const auto rank = static_cast<std::int64_t>(concat.get_output_shape(0).size());
  const std::int64_t axis = concat.get_axis() < 0 ? concat.get_axis() + rank : concat.get_axis();
  if (axis != std::int64_t{kChannels} || concat.get_input_size() < 2) return false;
  for (std::size_t part = 0; part < concat.get_input_size(); ++part)
    if (concat.get_input_shape(part)[kChannels] < kFewestChannels) return false;
  return true;
}

// The convolutions that use `concat`; none if anything else does, or if adding would move more than joining does.
std::vector<std::shared_ptr<Convolution>> Users(const Concat& concat) {
  std::vector<std::shared_ptr<Convolution>> users;
  std::size_t added = 0;
  for (const ov::Input<ov::Node>& input : concat.output(0).get_target_inputs()) {
    const auto user = ov::as_type_ptr<Convolution>(input.get_node()->shared_from_this());
    if (user == nullptr || input.get_index() != 0 || !ov::is_type<Constant>(user->get_input_node_ptr(1))) return {};
    added += ov::shape_size(user->get_output_shape(0)) * (concat.get_input_size() - 1);
    users.push_back(user);
  }
  if (added > ov::shape_size(concat.get_output_shape(0))) users.clear();
  return users;
}

// Constants along the channels that a convolution takes, `lengths` of them each.
ov::OutputVector WeightsOfParts(const Convolution& convolution, const std::vector<std::int64_t>& lengths) {
  const ov::op::v1::VariadicSplit split(convolution.input_value(1),
                                        Constant::create(ov::element::i64, {}, {std::int64_t{kChannels}}),
                                        Constant::create(ov::element::i64, {lengths.size()}, lengths));
  ov::TensorVector weights, taken = {ov::as_type<const Constant>(convolution.get_input_node_ptr(1))->get_tensor_view()};
  for (std::size_t i = 1; i < split.get_input_size(); ++i)
    taken.push_back(ov::as_type<const Constant>(split.get_input_node_ptr(i))->get_tensor_view());
  for (std::size_t part = 0; part < lengths.size(); ++part)
    weights.emplace_back(split.get_output_element_type(part), split.get_output_shape(part));
  if (!split.evaluate(weights, taken)) return {};
  ov::OutputVector constants;
  for (const ov::Tensor& tensor : weights) constants.push_back(std::make_shared<Constant>(tensor));
  return constants;
}

void TakeApart(const std::shared_ptr<Convolution>& convolution, const ov::OutputVector& parts,
               const ov::OutputVector& weights) {
  auto [sum, replaced] = CloneWithBias(convolution, parts.back(), weights.back());
  ov::NodeVector made = {sum};
  for (std::size_t part = parts.size() - 1; part-- > 0;) {
    const std::shared_ptr<ov::Node> one = convolution->clone_with_new_inputs({parts[part], weights[part]});
    sum = std::make_shared<Add>(sum, one);
    made.insert(made.end(), {one, sum});
  }
  sum->set_friendly_name(replaced->get_friendly_name());
  ov::copy_runtime_info({convolution, replaced}, made);
  ov::replace_node(replaced, sum);
}

bool TakeApart(const Concat& concat) {
  if (!JoinsChannels(concat)) return false;
  std::vector<std::int64_t> lengths;
  for (std::size_t part = 0; part < concat.get_input_size(); ++part)
    lengths.push_back(static_cast<std::int64_t>(concat.get_input_shape(part)[kChannels]));
  const std::vector<std::shared_ptr<Convolution>> users = Users(concat);
  std::vector<ov::OutputVector> weights;
  for (const auto& user : users) {
    weights.push_back(WeightsOfParts(*user, lengths));
    if (weights.back().empty()) return false;
  }
  for (std::size_t user = 0; user < users.size(); ++user) TakeApart(users[user], concat.input_values(), weights[user]);
  return !users.empty();
}

}  // namespace

int ConvolveParts(const std::shared_ptr<ov::Model>& model) {
  if (!Has<Concat>(*model)) return 0;
  FoldConstants(model);
  int taken = 0;
  for (const std::shared_ptr<ov::Node>& node : model->get_ordered_ops())
    if (const std::shared_ptr<Concat> concat = ov::as_type_ptr<Concat>(node)) taken += TakeApart(*concat) ? 1 : 0;
  return taken;
}

}  // namespace tegula::engines::openvino
