#include "tegula/engines/openvino/convolve_winograd.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <openvino/core/graph_util.hpp>
#include <openvino/core/parallel.hpp>
#include <openvino/core/rt_info.hpp>
#include <openvino/op/add.hpp>
#include <openvino/op/batch_norm.hpp>
#include <openvino/op/concat.hpp>
#include <openvino/op/constant.hpp>
#include <openvino/op/convert.hpp>
#include <openvino/op/convolution.hpp>
#include <openvino/op/max_pool.hpp>
#include <openvino/op/multiply.hpp>
#include <openvino/op/op.hpp>
#include <openvino/op/relu.hpp>
#include <openvino/op/transpose.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "tegula/engines/openvino/graph.h"
#include "tegula/engines/winograd/convolution.h"

namespace tegula::engines::openvino {
namespace {

using ov::op::v0::Constant;
using ov::op::v1::Transpose;
using winograd::Convolution;

constexpr std::int64_t kSharesOfThread = 32;  // so that one that is held up does not hold up all

// Of parts that are joined along their channels; the second output is the first one pooled. Tensors are N, y, x, C.
class Winograd final : public ov::op::Op {
 public:
  OPENVINO_OP("Winograd", "tegula")

  Winograd(const ov::OutputVector& parts, std::shared_ptr<const Convolution> convolution, ov::CoordinateDiff begin,
           ov::CoordinateDiff end, bool is_pooled)
      : Op(parts),
        convolution_(std::move(convolution)),
        begin_(std::move(begin)),
        end_(std::move(end)),
        is_pooled_(is_pooled) {
    constructor_validate_and_infer_types();
  }

  void validate_and_infer_types() override {
    ov::Shape shape = get_input_shape(0);
    for (const std::size_t axis : {0U, 1U}) shape[axis + 1] += static_cast<std::size_t>(begin_[axis] + end_[axis] - 2);
    shape[3] = static_cast<std::size_t>(convolution_->outputs());
    set_output_type(0, ov::element::f32, shape);
    if (is_pooled_) set_output_type(1, ov::element::f32, ov::Shape{shape[0], shape[1] / 2, shape[2] / 2, shape[3]});
  }
  std::shared_ptr<ov::Node> clone_with_new_inputs(const ov::OutputVector& parts) const override {
    return std::make_shared<Winograd>(parts, convolution_, begin_, end_, is_pooled_);
  }
  bool visit_attributes(ov::AttributeVisitor&) override { return true; }

  bool has_evaluate() const override { return true; }
  bool evaluate(ov::TensorVector& outputs, const ov::TensorVector& inputs) const override {
    const auto size = [](const ov::Tensor& tensor, std::size_t axis) {
      return static_cast<int>(tensor.get_shape()[axis]);
    };
    const auto image_of = [](auto& tensor, std::size_t image) {
      return tensor.template data<float>() + image * tensor.get_size() / tensor.get_shape()[0];
    };
    for (std::size_t o = 0; o < outputs.size(); ++o) outputs[o].set_shape(get_output_shape(o));
    for (std::size_t image = 0; image < inputs[0].get_shape()[0]; ++image) {
      std::vector<winograd::Part> parts;
      for (const ov::Tensor& input : inputs) parts.push_back({image_of(input, image), size(input, 3)});
      Run({.parts = parts.data(),
           .part_count = static_cast<int>(parts.size()),
           .height = size(inputs[0], 1),
           .width = size(inputs[0], 2),
           .above = static_cast<int>(begin_[0]),
           .left = static_cast<int>(begin_[1]),
           .out_height = size(outputs[0], 1),
           .out_width = size(outputs[0], 2),
           .out = image_of(outputs[0], image),
           .pooled = is_pooled_ ? image_of(outputs[1], image) : nullptr});
    }
    return true;
  }

 private:
  void Run(const winograd::Task& task) const {
    const std::int64_t steps = Convolution::Steps(task);
    const int threads = static_cast<int>(std::min<std::int64_t>(steps, parallel_get_max_threads()));
    std::atomic<std::int64_t> next = 0;
    ov::parallel_nt(threads, [&](int, int) {
      convolution_->Run(task, next, std::max<std::int64_t>(1, steps / (kSharesOfThread * threads)));
    });
  }

  std::shared_ptr<const Convolution> convolution_;
  ov::CoordinateDiff begin_, end_;
  bool is_pooled_ = false;
};

std::optional<std::vector<float>> ValuesOf(const ov::Output<ov::Node>& output) {
  const ov::Node* node = output.get_node();
  // Weights may be stored in fewer bits.
  if (ov::is_type<ov::op::v0::Convert>(node)) node = node->get_input_node_ptr(0);
  const auto* const constant = ov::as_type<const Constant>(node);
  if (constant == nullptr || !constant->get_element_type().is_real()) return {};
  return constant->cast_vector<float>();
}

// One value per channel, of what is the same for all pixels.
std::optional<std::vector<float>> PerChannel(const ov::Output<ov::Node>& output, std::size_t channels) {
  if (!IsPerChannel(output.get_shape(), 4)) return {};
  std::optional<std::vector<float>> values = ValuesOf(output);
  if (values && values->size() == 1) values->assign(channels, values->front());
  return values && values->size() == channels ? values : std::nullopt;
}

// A convolution with all that can be computed with it.
struct Found {
  std::vector<float> filters, biases;
  bool is_rectified = false;
  std::shared_ptr<ov::Node> last;  // what it replaces
  ov::NodeVector all;

  void Scale(const std::vector<double>& factors, const std::vector<double>& summands) {
    const std::size_t each = filters.size() / biases.size();
    for (std::size_t i = 0; i < filters.size(); ++i) filters[i] = static_cast<float>(filters[i] * factors[i / each]);
    for (std::size_t i = 0; i < biases.size(); ++i)
      biases[i] = static_cast<float>(biases[i] * factors[i] + summands[i]);
  }
};

// Takes in what alone uses `last`, if it is the same for all pixels; whether it did.
bool TakeIn(const std::shared_ptr<ov::Node>& user, Found& found) {
  const std::size_t channels = found.biases.size();
  std::vector<double> factors(channels, 1), summands(channels, 0);
  const bool is_sum = ov::is_type<ov::op::v1::Add>(user), is_product = ov::is_type<ov::op::v1::Multiply>(user);
  if (is_sum || is_product) {
    if (user->get_output_shape(0) != found.last->get_output_shape(0)) return false;
    const std::size_t other = user->get_input_node_ptr(0) == found.last.get() ? 1 : 0;
    const std::optional<std::vector<float>> values = PerChannel(user->input_value(other), channels);
    if (!values) return false;
    (is_sum ? summands : factors).assign(values->begin(), values->end());
  } else if (const auto normal = ov::as_type_ptr<ov::op::v5::BatchNormInference>(user)) {
    std::vector<std::vector<float>> given;  // gamma, beta, mean, variance
    for (std::size_t input = 1; input < 5; ++input) {
      std::optional<std::vector<float>> values = ValuesOf(user->input_value(input));
      if (!values || values->size() != channels) return false;
      given.push_back(std::move(*values));
    }
    for (std::size_t c = 0; c < channels; ++c) {
      factors[c] = given[0][c] / std::sqrt(given[3][c] + normal->get_eps_value());
      summands[c] = given[1][c] - given[2][c] * factors[c];
    }
  } else {
    return false;
  }
  found.Scale(factors, summands);
  return true;
}

// Infinite ones would make everything NaN, and the largest overflow when they are transformed.
bool AreModest(const std::vector<float>& filters) {
  return std::all_of(filters.begin(), filters.end(),
                     [](float filter) { return std::abs(filter) < std::numeric_limits<float>::max() / 4; });
}

bool IsOurs(const ov::op::v1::Convolution& convolution) {
  if (!IsStatic(convolution) || convolution.get_output_element_type(0) != ov::element::f32) return false;
  const ov::Shape& weights = convolution.get_input_shape(1);
  const auto is_padding = [](std::ptrdiff_t size) { return size >= 0 && size < 16; };
  return weights.size() == 4 && weights[2] == 3 && weights[3] == 3 && All<std::size_t>(convolution.get_strides(), 1) &&
         All<std::size_t>(convolution.get_dilations(), 1) &&
         std::all_of(convolution.get_pads_begin().begin(), convolution.get_pads_begin().end(), is_padding) &&
         std::all_of(convolution.get_pads_end().begin(), convolution.get_pads_end().end(), is_padding) &&
         Convolution::IsPossible(static_cast<std::int64_t>(weights[1]), static_cast<std::int64_t>(weights[0]));
}

std::optional<Found> Find(const std::shared_ptr<ov::op::v1::Convolution>& convolution) {
  if (!IsOurs(*convolution)) return {};
  std::optional<std::vector<float>> filters = ValuesOf(convolution->input_value(1));
  if (!filters) return {};
  Found found = {.filters = std::move(*filters),
                 .biases = std::vector<float>(convolution->get_input_shape(1)[0]),
                 .last = convolution,
                 .all = {convolution}};
  for (;;) {
    const std::shared_ptr<ov::Node> user = OnlyUser<ov::Node>(*found.last);
    if (user == nullptr) return found;
    if (ov::is_type<ov::op::v0::Relu>(user))
      found.is_rectified = true;
    else if (!TakeIn(user, found))
      return found;
    found.last = user;
    found.all.push_back(user);
    if (found.is_rectified) return found;
  }
}

ov::Output<ov::Node> Permuted(const ov::Output<ov::Node>& image, const std::vector<std::int64_t>& order) {
  return std::make_shared<Transpose>(image, Constant::create(ov::element::i64, {order.size()}, order));
}

// With the channels last, as they are where the image comes out of another of ours.
ov::Output<ov::Node> ChannelsLast(const ov::Output<ov::Node>& image) {
  const auto transpose = ov::as_type_ptr<Transpose>(image.get_node_shared_ptr());
  if (transpose != nullptr && ov::is_type<Winograd>(transpose->get_input_node_ptr(0))) return transpose->input_value(0);
  for (const ov::Input<ov::Node>& user : image.get_target_inputs()) {
    const std::shared_ptr<ov::Node> node = user.get_node()->shared_from_this();
    if (!ov::is_type<Transpose>(node)) continue;
    for (const ov::Input<ov::Node>& next : node->output(0).get_target_inputs())
      if (ov::is_type<Winograd>(next.get_node())) return node->output(0);
  }
  return Permuted(image, {0, 2, 3, 1});
}

// What is convolved: the parts of joined channels, if all come in groups.
ov::OutputVector PartsOf(const ov::Output<ov::Node>& image) {
  const auto concat = ov::as_type_ptr<ov::op::v0::Concat>(image.get_node_shared_ptr());
  if (concat == nullptr || (concat->get_axis() != 1 && concat->get_axis() != -3)) return {image};
  for (const ov::Output<ov::Node>& part : concat->input_values())
    if (part.get_shape()[kChannels] % winograd::kChannelGroup != 0) return {image};
  return concat->input_values();
}

// What takes the largest of each 2 x 2 pixels of `image`, and may be computed with it; null if nothing does.
std::shared_ptr<ov::Node> PoolOf(const ov::Output<ov::Node>& image) {
  for (const ov::Input<ov::Node>& user : image.get_target_inputs()) {
    const auto pool = ov::as_type_ptr<ov::op::util::MaxPoolBase>(user.get_node()->shared_from_this());
    if (pool == nullptr || (pool->get_output_size() > 1 && !pool->output(1).get_target_inputs().empty())) continue;
    const auto* const dilated = ov::as_type<const ov::op::v8::MaxPool>(pool.get());
    const ov::Shape from = image.get_shape(), to = pool->get_output_shape(0);
    const bool is_half = to[2] == from[2] / 2 && to[3] == from[3] / 2;
    if (is_half && All<std::size_t>(pool->get_kernel(), 2) && All<std::size_t>(pool->get_strides(), 2) &&
        All<std::size_t>(pool->get_pads_begin(), 0) && All<std::size_t>(pool->get_pads_end(), 0) &&
        (dilated == nullptr || All<std::size_t>(dilated->get_dilations(), 1)))
      return pool;
  }
  return nullptr;
}

void PutInPlace(const ov::Output<ov::Node>& made, const std::shared_ptr<ov::Node>& replaced) {
  const std::shared_ptr<ov::Node> answer = Permuted(made, {0, 3, 1, 2}).get_node_shared_ptr();
  answer->set_friendly_name(replaced->get_friendly_name());
  ov::copy_runtime_info(replaced, answer);
  replaced->output(0).replace(answer->output(0));
}

bool Replace(const std::shared_ptr<ov::op::v1::Convolution>& convolution) {
  std::optional<Found> found = Find(convolution);
  if (!found || !AreModest(found->filters)) return false;
  ov::OutputVector parts;
  for (const ov::Output<ov::Node>& part : PartsOf(convolution->input_value(0))) parts.push_back(ChannelsLast(part));
  const std::shared_ptr<ov::Node> pool = PoolOf(found->last->output(0));
  const auto made = std::make_shared<Winograd>(
      parts,
      std::make_shared<Convolution>(found->filters, std::move(found->biases),
                                    static_cast<int>(convolution->get_input_shape(1)[1]), found->is_rectified),
      convolution->get_pads_begin(), convolution->get_pads_end(), pool != nullptr);
  ov::copy_runtime_info(found->all, made);
  if (pool != nullptr) PutInPlace(made->output(1), pool);
  PutInPlace(made->output(0), found->last);
  return true;
}

}  // namespace

int ConvolveByWinograd(const std::shared_ptr<ov::Model>& model) {
  if (!Has<ov::op::v1::Convolution>(*model)) return 0;
  FoldConstants(model);
  int replaced = 0;
  for (const std::shared_ptr<ov::Node>& node : model->get_ordered_ops())
    if (const auto convolution = ov::as_type_ptr<ov::op::v1::Convolution>(node))
      replaced += Replace(convolution) ? 1 : 0;
  return replaced;
}

}  // namespace tegula::engines::openvino
